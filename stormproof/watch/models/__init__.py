"""Monitors, what they observed, and what that meant."""

from stormproof.watch.models.maintenance import MaintenanceOccurrence, MaintenanceWindow
from stormproof.watch.models.monitors import Monitor, StateChange
from stormproof.watch.models.observations import DayRollUp, HourRollUp, MinuteRollUp, Observation, RollUp, Upkeep
from stormproof.watch.models.places import Location, Place
from stormproof.watch.models.probers import Prober

__all__ = [
    "DayRollUp",
    "HourRollUp",
    "Location",
    "MaintenanceOccurrence",
    "MaintenanceWindow",
    "MinuteRollUp",
    "Monitor",
    "Observation",
    "Place",
    "Prober",
    "RollUp",
    "StateChange",
    "Upkeep",
]
