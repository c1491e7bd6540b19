"""Who is on call when: rotations by wall clock, layers, temporary schedules and overrides. Pure; moments are in UTC."""

from stormproof.engine.calendar.plan import Absence, Holidays, Layer, Override, Plan, Slot, Temporary, on_call_at, slots
from stormproof.engine.calendar.rotation import FollowTheSun, Rotation, Shift, Site, Unit
from stormproof.engine.calendar.wall import moment_of, wall_of
from stormproof.engine.calendar.windows import Window, open_times

__all__ = [
    "Absence",
    "FollowTheSun",
    "Holidays",
    "Layer",
    "Override",
    "Plan",
    "Rotation",
    "Shift",
    "Site",
    "Slot",
    "Temporary",
    "Unit",
    "Window",
    "moment_of",
    "on_call_at",
    "open_times",
    "slots",
    "wall_of",
]
