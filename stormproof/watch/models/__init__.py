"""Monitors, what they observed, and what that meant."""

from stormproof.watch.models.calendar import Peak
from stormproof.watch.models.monitors import Monitor, StateChange
from stormproof.watch.models.observations import DayRollUp, HourRollUp, MinuteRollUp, Observation, RollUp, Upkeep
from stormproof.watch.models.probers import Prober
from stormproof.watch.models.signals import Signal, SignalHour, SignalMinute, SignalSlice

__all__ = [
    "DayRollUp",
    "HourRollUp",
    "MinuteRollUp",
    "Monitor",
    "Observation",
    "Peak",
    "Prober",
    "RollUp",
    "Signal",
    "SignalHour",
    "SignalMinute",
    "SignalSlice",
    "StateChange",
    "Upkeep",
]
