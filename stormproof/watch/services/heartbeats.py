"""Takes in the pings of heartbeat monitors, and finds those that are late."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from stormproof.core.document import write_duration
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch.choices import Signal, State
from stormproof.watch.kinds.heartbeat import times_of
from stormproof.watch.models import Monitor
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.states import move_monitor

SHORTEST_GAP = timedelta(seconds=1)


class TooManyPings(Refused):
    """The same signal came again within a second."""


@transaction.atomic
def record_ping(key: UUID, *, signal: str, note: str = "", at: datetime) -> Monitor:
    """Note a ping; raises `NotFound` for an unknown key and `TooManyPings` for more than one a second.

    A start begins the clock of a run, which must be done within the grace; a failure is down at once.
    """
    monitor = (
        Monitor.objects.select_for_update(no_key=True)
        .filter(ping_key=key, kind="heartbeat", retired_at__isnull=True)
        .first()
    )
    if monitor is None:
        raise NotFound("no heartbeat has this address")
    _refuse_a_flood(monitor, signal, at)
    times = times_of(monitor.config)
    grace = timedelta(seconds=times.grace)
    if signal == Signal.START:
        monitor.started_at = at
        monitor.due_at = at + grace
        monitor.save(update_fields=["started_at", "due_at"])
        return monitor
    ran = (at - monitor.started_at).total_seconds() * 1000 if monitor.started_at else None
    monitor.started_at = None
    monitor.due_at = at + timedelta(seconds=times.period) + grace
    monitor.save(update_fields=["started_at", "due_at"])
    record_sightings([_sighting(monitor, signal == Signal.DONE, note, ran, at)], at=at)
    monitor.refresh_from_db()
    return monitor


def _refuse_a_flood(monitor: Monitor, signal: str, at: datetime) -> None:
    last = monitor.started_at if signal == Signal.START else monitor.last_at
    is_same = signal == Signal.START or monitor.last_ok is (signal == Signal.DONE)
    if last is not None and is_same and at - last < SHORTEST_GAP:
        raise TooManyPings("one ping a second is enough; this one was not counted")


def _sighting(monitor: Monitor, ok: bool, note: str, ran_ms: float | None, at: datetime) -> Sighting:
    said = " ".join(note.split())[:300]
    reason = "" if ok else f"the job reported a failure{f': {said}' if said else ''}"
    return Sighting(
        monitor_id=monitor.pk,
        version=monitor.version,
        at=at,
        since=at,
        ok=ok,
        confirmed=True,
        reason=reason,
        total_ms=ran_ms,
    )


@transaction.atomic
def mark_late_heartbeats(*, at: datetime) -> int:
    """Every heartbeat whose ping is overdue goes down; how many did. One indexed query when none is late."""
    late = (
        Monitor.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(due_at__lt=at, enabled=True, retired_at__isnull=True)
        .order_by("due_at")[:500]
    )
    count = 0
    for monitor in late:
        since, monitor.due_at = monitor.due_at or at, None
        monitor.save(update_fields=["due_at"])
        count += move_monitor(monitor, to=State.DOWN, reason=_lateness(monitor), since=since, at=at)
    return count


def _lateness(monitor: Monitor) -> str:
    if monitor.started_at is not None:
        grace = write_duration(times_of(monitor.config).grace)
        return f"started at {monitor.started_at:%H:%M:%S} UTC and not done within {grace}"
    last = f"the last came at {monitor.last_at:%d %b %H:%M:%S} UTC" if monitor.last_at else "none has come"
    return f"no ping: expected every {write_duration(times_of(monitor.config).period)}, {last}"
