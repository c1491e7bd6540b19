"""Monitors, what they observed, and what that meant."""

from stormproof.watch.models.badges import Badge
from stormproof.watch.models.calendar import Peak
from stormproof.watch.models.hosts import HostAgent, HostHour, HostReport
from stormproof.watch.models.imports import ImportedMonitor
from stormproof.watch.models.maintenance import MaintenanceOccurrence, MaintenanceWindow
from stormproof.watch.models.monitors import Monitor, StateChange
from stormproof.watch.models.observations import DayRollUp, HourRollUp, MinuteRollUp, Observation, RollUp, Upkeep
from stormproof.watch.models.pings import Heartbeat, Ping, PingKey
from stormproof.watch.models.places import Location, Place
from stormproof.watch.models.probers import Prober, ProberToken, SightingBatch
from stormproof.watch.models.security import SecurityEvent
from stormproof.watch.models.signals import Signal, SignalHour, SignalMinute, SignalSlice
from stormproof.watch.models.slo import Slo
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
    "Location",
    "MaintenanceOccurrence",
    "MaintenanceWindow",
    "MinuteRollUp",
    "Monitor",
    "Observation",
    "Peak",
    "Ping",
    "PingKey",
    "Place",
    "Prober",
    "ProberToken",
    "RollUp",
    "SecurityEvent",
    "SightingBatch",
    "Signal",
    "SignalHour",
    "SignalMinute",
    "SignalSlice",
    "Slo",
    "StateChange",
    "Upkeep",
    "Walk",
    "WalkFile",
]
