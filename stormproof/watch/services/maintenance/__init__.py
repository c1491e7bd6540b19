"""Maintenance windows: planned, moved, called off, and kept."""

from stormproof.watch.services.maintenance.keeping import keep_maintenance, plan_ahead, recurrence_of
from stormproof.watch.services.maintenance.planning import (
    call_off_window,
    change_window,
    describe_window,
    move_end_of_window,
    plan_window,
)
from stormproof.watch.services.maintenance.shape import CannotPlanMaintenance, WindowShape, read_window

__all__ = [
    "CannotPlanMaintenance",
    "WindowShape",
    "call_off_window",
    "change_window",
    "describe_window",
    "keep_maintenance",
    "move_end_of_window",
    "plan_ahead",
    "plan_window",
    "read_window",
    "recurrence_of",
]
