"""Monitors, what they observed, and what that meant."""

from stormproof.watch.models.badges import Badge
from stormproof.watch.models.calendar import Peak
from stormproof.watch.models.hosts import HostAgent, HostHour, HostReport
from stormproof.watch.models.imports import ImportedMonitor
from stormproof.watch.models.monitors import Monitor, StateChange
from stormproof.watch.models.observations import DayRollUp, HourRollUp, MinuteRollUp, Observation, RollUp, Upkeep
from stormproof.watch.models.pings import Heartbeat, Ping, PingKey
from stormproof.watch.models.probers import Prober
from stormproof.watch.models.security import SecurityEvent
from stormproof.watch.models.signals import Signal, SignalHour, SignalMinute, SignalSlice
from stormproof.watch.models.walks import Walk, WalkFile

__all__ = [
    "Badge",
    "DayRollUp",
    "Heartbeat",
    "HostAgent",
    "HostHour",
    "HostReport",
    "HourRollUp",
    "ImportedMonitor",
    "MinuteRollUp",
    "Monitor",
    "Observation",
    "Peak",
    "Ping",
    "PingKey",
    "Prober",
    "RollUp",
    "SecurityEvent",
    "Signal",
    "SignalHour",
    "SignalMinute",
    "SignalSlice",
    "StateChange",
    "Upkeep",
    "Walk",
    "WalkFile",
]
