"""Moves a monitor from one state to another: the row, the change and the fact, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import Fact, tell
from stormproof.core.live import announce
from stormproof.watch.choices import State
from stormproof.watch.facts import MonitorDegraded, MonitorRecovered, MonitorWentDown, MonitorWentUnknown
from stormproof.watch.models import Monitor, StateChange
from stormproof.watch.rules import GOOD


def move_monitor(
    monitor: Monitor, *, to: str, reason: str, since: datetime, at: datetime, actor: Actor = SYSTEM
) -> bool:
    """Give a locked monitor a new state, true since `since` and known at `at`; False when it is in that state already.

    Tells one fact when another stage must act: down (once until it recovered), recovered, degraded, unknown.
    """
    if monitor.state == to:
        return False
    since = max(since, monitor.state_since)
    StateChange.objects.create(
        monitor=monitor, from_state=monitor.state, to_state=to, reason=reason, at=since, decided_at=at
    )
    fact = _fact_of(monitor, to, reason, since)
    monitor.state, monitor.state_since, monitor.reason = to, since, reason
    if to == State.DOWN:
        monitor.down_since = monitor.down_since or since
    elif to in GOOD:
        monitor.down_since = None
    monitor.save(update_fields=["state", "state_since", "reason", "down_since"])
    if fact is not None:
        tell(fact, at=at, actor=actor)
    announce(f"monitor:{monitor.pk}", f"node:{monitor.node_id}", "monitors", "overview")
    return True


def _fact_of(monitor: Monitor, to: str, reason: str, since: datetime) -> Fact | None:
    about = {"monitor_id": monitor.pk, "node_id": monitor.node_id}
    if to == State.DOWN:
        told = monitor.down_since is not None
        return None if told else MonitorWentDown(**about, reason=reason, failed_since=since.isoformat())
    if to in GOOD and monitor.down_since is not None:
        return MonitorRecovered(**about, down_since=monitor.down_since.isoformat())
    if to == State.DEGRADED:
        return MonitorDegraded(**about, reason=reason)
    if to == State.UNKNOWN:
        return MonitorWentUnknown(**about, reason=reason)
    return None
