"""Takes in what probers and pings saw: rows for the charts, and the decision about each monitor's state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from stormproof.core.live import announce
from stormproof.watch.models import Monitor, Upkeep
from stormproof.watch.rules import Sighting, next_state
from stormproof.watch.services.states import move_monitor
from stormproof.watch.services.walks import keep_walks

_INSERT = """
INSERT INTO watch_observation (monitor_id, at, ok, degraded, confirmed, total_ms, phases, reason, prober_id)
SELECT monitor_id, at, ok, degraded, confirmed, total_ms, phases::double precision[], reason, prober_id
FROM unnest(%s::int[], %s::timestamptz[], %s::bool[], %s::bool[], %s::bool[], %s::double precision[], %s::text[],
            %s::text[], %s::int[])
     AS seen (monitor_id, at, ok, degraded, confirmed, total_ms, phases, reason, prober_id)
ON CONFLICT DO NOTHING
"""
_TOUCH = """
UPDATE watch_monitor SET last_at = seen.at, last_ok = seen.ok, last_ms = seen.ms
FROM unnest(%s::int[], %s::timestamptz[], %s::bool[], %s::double precision[]) AS seen (id, at, ok, ms)
WHERE watch_monitor.id = seen.id AND (watch_monitor.last_at IS NULL OR watch_monitor.last_at < seen.at)
"""


@transaction.atomic(savepoint=False)
def record_sightings(sightings: Sequence[Sighting], *, at: datetime) -> int:
    """Keep `sightings` and decide what they mean, in one transaction; how many monitors changed their state.

    Safe to repeat with the same sightings, and by several probers at once: rows are unique by monitor and moment, the
    monitors are locked in one order, and only sightings newer than the newest one known decide anything.
    """
    if not sightings:
        return 0
    in_order = sorted(sightings, key=lambda sighting: (sighting.at, sighting.monitor_id))
    ids = sorted({sighting.monitor_id for sighting in in_order})
    monitors = {
        monitor.pk: monitor
        for monitor in Monitor.objects.select_for_update(no_key=True)
        .filter(pk__in=ids, retired_at__isnull=True)
        .order_by("pk")
    }
    known = [sighting for sighting in in_order if sighting.monitor_id in monitors]
    kept = [sighting for sighting in known if not sighting.refused and sighting.at > _oldest_kept(at)]
    _insert(kept)
    keep_walks(kept)
    _reopen_roll_ups(kept)
    changed = sum(_decide(monitors[sighting.monitor_id], sighting, at) for sighting in known)
    _touch(known)
    announce(*(f"looks:{monitor_id}" for monitor_id in {sighting.monitor_id for sighting in known}))
    return changed


def _oldest_kept(at: datetime) -> datetime:
    return at - timedelta(hours=20)  # a younger one always has its partition


def _decide(monitor: Monitor, sighting: Sighting, at: datetime) -> bool:
    is_old = monitor.last_at is not None and sighting.at <= monitor.last_at
    if is_old or not monitor.enabled or sighting.version != monitor.version:
        return False
    monitor.last_at = sighting.at
    to = next_state(monitor.state, sighting)
    return move_monitor(monitor, to=to, reason=sighting.reason, since=sighting.since, at=at)


def _insert(sightings: Sequence[Sighting]) -> None:
    if not sightings:
        return
    columns = zip(
        *(
            (
                seen.monitor_id,
                seen.at,
                seen.ok,
                seen.degraded,
                seen.confirmed,
                seen.total_ms,
                _array(seen.phases),
                seen.reason[:500].replace("\x00", ""),
                seen.prober_id,
            )
            for seen in sightings
        ),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in columns])


def _array(phases: Iterable[float | None] | None) -> str | None:
    """Phases as PostgreSQL writes an array: `unnest` of several arrays cannot carry arrays of arrays."""
    return None if phases is None else "{" + ",".join("NULL" if ms is None else str(ms) for ms in phases) + "}"


def _touch(sightings: Iterable[Sighting]) -> None:
    newest = {seen.monitor_id: seen for seen in sightings}
    rows = [newest[key] for key in sorted(newest)]
    with connection.cursor() as cursor:
        cursor.execute(
            _TOUCH,
            [
                [seen.monitor_id for seen in rows],
                [seen.at for seen in rows],
                [seen.ok for seen in rows],
                [seen.total_ms for seen in rows],
            ],
        )


def _reopen_roll_ups(sightings: Sequence[Sighting]) -> None:
    """Sightings that come late (the database was away) reopen the roll-ups they belong to."""
    if sightings:
        oldest = min(seen.at for seen in sightings).replace(second=0, microsecond=0)
        Upkeep.objects.filter(rolled_until__gt=oldest).update(rolled_until=oldest)
