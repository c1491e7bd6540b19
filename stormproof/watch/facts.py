"""What `watch` tells the stages above: a monitor changed its state, or was changed by a person."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class MonitorWentDown(Fact):
    """A failure was confirmed by a second try. Told once until the monitor has recovered."""

    monitor_id: int
    node_id: int
    reason: str
    failed_since: str  # ISO 8601: the first failed try


@dataclass(frozen=True, kw_only=True)
class MonitorRecovered(Fact):
    """A monitor that was down was seen working, confirmed by a second try."""

    monitor_id: int
    node_id: int
    down_since: str  # ISO 8601


@dataclass(frozen=True, kw_only=True)
class MonitorWentUnknown(Fact):
    """Nobody looks any more: the prober is away or may not reach the target. Says nothing about the target."""

    monitor_id: int
    node_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class MonitorDegraded(Fact):
    """The target works but breaks a promise: too slow, or a certificate about to end."""

    monitor_id: int
    node_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class MonitorStartedFlapping(Fact):
    """Results change so often that up and down are not told any more, until it is steady again."""

    monitor_id: int
    node_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class MonitorStoppedFlapping(Fact):
    """Results are steady again; what is seen is shown."""

    monitor_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class LocationWentBlind(Fact):
    """A place cannot see its own network any more: what it sees is left out, and says nothing about any target."""

    location_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class LocationSeesAgain(Fact):
    """A place that was blind sees its own network again."""

    location_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class PeakPlanned(Fact):
    """A peak or holiday was put into the calendar, or changed."""

    peak_id: int
    name: str
    starts_at: str  # ISO 8601


@dataclass(frozen=True, kw_only=True)
class PeakRemoved(Fact):
    """A peak or holiday was taken out of the calendar."""

    peak_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MonitorCreated(Fact):
    """A monitor was set up."""

    monitor_id: int
    node_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MonitorChanged(Fact):
    """A monitor's settings were changed."""

    monitor_id: int
    node_id: int
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class MonitorPaused(Fact):
    """A person stopped a monitor from looking."""

    monitor_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class MonitorResumed(Fact):
    """A paused monitor looks again."""

    monitor_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class MonitorRetired(Fact):
    """A monitor was taken out of use; its history stays. An alert it held open has nothing left to wait for."""

    monitor_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class PingKeyMade(Fact):
    """A key was made that opens every heartbeat by its name and sets up new ones on one node."""

    ping_key_id: int
    node_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class PingKeyRevoked(Fact):
    """A ping key opens nothing any more."""

    ping_key_id: int
    node_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MonitorsImported(Fact):
    """Monitors were taken over from another product's file."""

    node_id: int
    source: str
    created: int
    changed: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class AgentTokenIssued(Fact):
    """A token was made with which the agent of a host may report; the one before opens nothing any more."""

    monitor_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class MaintenancePlanned(Fact):
    """A maintenance window was planned."""

    window_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MaintenanceReplanned(Fact):
    """A maintenance window has other times, or is about other monitors."""

    window_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MaintenanceCalledOff(Fact):
    """A maintenance window will not happen any more; one that runs is over."""

    window_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MaintenanceBegan(Fact):
    """Planned work began: the monitors it is about tell nothing until it is over."""

    window_id: int
    name: str
    until: str  # ISO 8601


@dataclass(frozen=True, kw_only=True)
class MaintenanceEnded(Fact):
    """Planned work is over; whatever still fails is told at once."""

    window_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class MaintenanceMoved(Fact):
    """A person ended planned work early or gave it more time."""

    window_id: int
    name: str
    until: str  # ISO 8601
    planned_until: str  # ISO 8601


@dataclass(frozen=True, kw_only=True)
class ProberTokenIssued(Fact):
    """A token for probers of one location that speak HTTPS was issued."""

    prober_token_id: int
    location: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ProberTokenRevoked(Fact):
    """A token for probers was revoked; it opens nothing any more."""

    prober_token_id: int
    location: str
    name: str


@dataclass(frozen=True, kw_only=True)
class BadgeMade(Fact):
    """The state of a monitor or its node is shown to anybody who knows an address."""

    badge_id: int
    monitor_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class BadgeWithdrawn(Fact):
    """The address of a badge shows nothing any more."""

    badge_id: int
    monitor_id: int
    node_id: int
