"""Moves a monitor from one state to another: the row, the change and the fact, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import Fact, tell
from stormproof.core.live import announce
from stormproof.watch.choices import State
from stormproof.watch.facts import (
    MonitorDegraded,
    MonitorRecovered,
    MonitorStartedFlapping,
    MonitorStoppedFlapping,
    MonitorWentDown,
    MonitorWentUnknown,
)
from stormproof.watch.models import Monitor, StateChange
from stormproof.watch.rules import GOOD, Judgement, Span, Standing, is_within, shown_standing

_HIDDEN = ("seen_state", "seen_since", "seen_reason", "flapping_since")
_SHOWN = ("state", "state_since", "reason", "down_since", *_HIDDEN)


def move_monitor(
    monitor: Monitor, *, to: str, reason: str, since: datetime, at: datetime, actor: Actor = SYSTEM
) -> bool:
    """Note what is seen of a locked monitor, true since `since` and known at `at`; whether what is shown changed.

    What is shown is what is seen, except during maintenance and while it flaps. Tells one fact when another stage must
    act: down (once until it recovered), recovered, degraded, unknown.
    """
    before = standing_of(monitor)
    seen = before if before.state == to else Standing(state=to, since=max(since, before.since), reason=reason[:500])
    return _show(monitor, seen, at=at, actor=actor)


def move_as_judged(monitor: Monitor, judged: Judgement, *, at: datetime) -> bool:
    """Note what all places say of a locked monitor, flapping included; whether what is shown changed."""
    is_new = bool(judged.flapping) != (monitor.flapping_since is not None)
    if is_new or monitor.is_mostly_down != judged.is_mostly_down:
        monitor.is_mostly_down = judged.is_mostly_down
        if is_new:
            monitor.flapping_since = at if judged.flapping else None
            monitor.flapping_reason = judged.flapping
        monitor.save(update_fields=["is_mostly_down", "flapping_since", "flapping_reason"])
    if is_new and not is_within(_span(monitor), at):
        about = {"monitor_id": monitor.pk, "node_id": monitor.node_id}
        fact = (
            MonitorStartedFlapping(**about, reason=judged.flapping)
            if judged.flapping
            else MonitorStoppedFlapping(**about)
        )
        tell(fact, at=at)
    seen = judged.seen
    return move_monitor(monitor, to=seen.state, reason=seen.reason, since=seen.since, at=at)


def show_monitor(monitor: Monitor, *, at: datetime) -> bool:
    """Bring what is shown of a locked monitor up to date with the time: maintenance began or ended."""
    return _show(monitor, standing_of(monitor), at=at, actor=SYSTEM)


def standing_of(monitor: Monitor) -> Standing:
    """What the looks say of a monitor, whatever is shown of it."""
    if monitor.seen_state:
        since = monitor.seen_since or monitor.state_since
        return Standing(state=monitor.seen_state, since=since, reason=monitor.seen_reason)
    return Standing(state=monitor.state, since=monitor.state_since, reason=monitor.reason)


def _show(monitor: Monitor, seen: Standing, *, at: datetime, actor: Actor) -> bool:
    shown = _shown(monitor, seen, at=at)
    hidden = ("", None, "") if shown is seen else (seen.state, seen.since, seen.reason)
    if monitor.state == shown.state:
        if (monitor.seen_state, monitor.seen_since) != hidden[:2]:
            monitor.seen_state, monitor.seen_since, monitor.seen_reason = hidden
            monitor.save(update_fields=_HIDDEN)
        _tell_recovery(monitor, seen, at=at, actor=actor)
        return False
    since = max(shown.since, monitor.state_since)
    if monitor.state == State.MAINTENANCE:
        since = max(since, min(at, monitor.maintenance_until or at))  # until then it was maintenance
    StateChange.objects.create(
        monitor=monitor, from_state=monitor.state, to_state=shown.state, reason=shown.reason, at=since, decided_at=at
    )
    fact = _fact_of(monitor, shown, seen, since)
    monitor.state, monitor.state_since, monitor.reason = shown.state, since, shown.reason
    monitor.seen_state, monitor.seen_since, monitor.seen_reason = hidden
    if shown.state == State.DOWN:
        monitor.down_since = monitor.down_since or since
    elif _is_over(monitor, seen):
        monitor.down_since = None
    monitor.save(update_fields=_SHOWN)
    if fact is not None:
        tell(fact, at=at, actor=actor)
    announce(f"monitor:{monitor.pk}", f"node:{monitor.node_id}", "monitors", "overview")
    return True


def _shown(monitor: Monitor, seen: Standing, *, at: datetime) -> Standing:
    if not monitor.enabled or monitor.retired_at is not None:
        return seen
    flapping = None
    if monitor.flapping_since is not None and not monitor.is_mostly_down:
        since = max(monitor.flapping_since, monitor.state_since)
        flapping = Standing(state=State.DEGRADED, since=since, reason=monitor.flapping_reason)
    return shown_standing(seen, maintenance=_span(monitor), planned=monitor.maintenance_name, at=at, flapping=flapping)


def _span(monitor: Monitor) -> Span | None:
    start, end = monitor.maintenance_from, monitor.maintenance_until
    return None if start is None or end is None else (start, end)


def _is_over(monitor: Monitor, seen: Standing) -> bool:
    """Whether what was told down works again: flapping is no recovery."""
    return seen.state in GOOD and monitor.flapping_since is None


def _tell_recovery(monitor: Monitor, seen: Standing, *, at: datetime, actor: Actor) -> None:
    """What was told down before is told recovered also while what is shown stays the same."""
    if _is_over(monitor, seen) and monitor.down_since is not None:
        fact = _recovered(monitor, monitor.down_since)
        monitor.down_since = None
        monitor.save(update_fields=["down_since"])
        tell(fact, at=at, actor=actor)


def _recovered(monitor: Monitor, down_since: datetime) -> Fact:
    return MonitorRecovered(monitor_id=monitor.pk, node_id=monitor.node_id, down_since=down_since.isoformat())


def _fact_of(monitor: Monitor, shown: Standing, seen: Standing, since: datetime) -> Fact | None:
    about = {"monitor_id": monitor.pk, "node_id": monitor.node_id}
    if shown.state == State.DOWN:
        told = monitor.down_since is not None
        return None if told else MonitorWentDown(**about, reason=shown.reason, failed_since=since.isoformat())
    if _is_over(monitor, seen) and monitor.down_since is not None:
        return _recovered(monitor, monitor.down_since)
    if shown.state == State.DEGRADED and monitor.flapping_since is None:
        return MonitorDegraded(**about, reason=shown.reason)
    if shown.state == State.DEGRADED and monitor.state == State.MAINTENANCE:
        return MonitorStartedFlapping(**about, reason=shown.reason)  # it began meanwhile, where nothing is told
    if shown.state == State.UNKNOWN:
        return MonitorWentUnknown(**about, reason=shown.reason)
    return None
