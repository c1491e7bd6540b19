"""Takes in what probers and pings saw: rows for the charts, and the decision about each monitor's state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from stormproof.core.live import announce
from stormproof.watch.choices import State
from stormproof.watch.models import Monitor, Place, Upkeep
from stormproof.watch.rules import PlaceView, Sighting, judge_places, take_in
from stormproof.watch.selectors import blind_locations
from stormproof.watch.services.states import move_as_judged, standing_of
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

_VIEW = (
    "location", "version", "state", "since", "reason", "last_at", "last_ok", "last_ms", "recent", "is_flapping",
)  # fmt: skip
_KEEP_PLACES = """
INSERT INTO watch_place (monitor_id, location, version, state, since, reason, last_at, last_ok, last_ms, recent,
                         is_flapping)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[],
                     %s::bool[], %s::double precision[], %s::text[], %s::bool[])
ON CONFLICT (monitor_id, location) DO UPDATE SET
  version = excluded.version, state = excluded.state, since = excluded.since, reason = excluded.reason,
  last_at = excluded.last_at, last_ok = excluded.last_ok, last_ms = excluded.last_ms, recent = excluded.recent,
  is_flapping = excluded.is_flapping
"""
Places = dict[int, dict[str, PlaceView]]  # by monitor and location


@transaction.atomic(savepoint=False)
def record_sightings(sightings: Sequence[Sighting], *, at: datetime) -> int:
    """Keep `sightings` and decide what they mean, in one transaction; how many monitors changed their state.

    Safe to repeat with the same sightings, and by several probers at once: rows are unique by monitor and moment, the
    monitors are locked in one order, and only sightings newer than the newest one of their place decide anything.
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
    before = _read_places(ids)
    places = {monitor_id: dict(views) for monitor_id, views in before.items()}
    blind = blind_locations()
    changed = sum(_decide(monitors[seen.monitor_id], seen, places, blind, at) for seen in known)
    _keep_places(places, before)
    _touch(known)
    announce(*(f"looks:{monitor_id}" for monitor_id in {sighting.monitor_id for sighting in known}))
    return changed


def _oldest_kept(at: datetime) -> datetime:
    return at - timedelta(hours=20)  # a younger one always has its partition


def _decide(monitor: Monitor, sighting: Sighting, places: Places, blind: Collection[str], at: datetime) -> bool:
    """Take a sighting into its place, then judge all places of the monitor anew."""
    if not monitor.enabled or sighting.version != monitor.version:
        return False
    known = places.setdefault(monitor.pk, {})
    before = known.get(sighting.location)
    otherwise = State.UNKNOWN if known else standing_of(monitor).state
    after = take_in(before, sighting, otherwise=otherwise)
    if after is before:
        return False
    known[sighting.location] = after
    judged = judge_places(
        known.values(), version=monitor.version, interval_seconds=monitor.interval_seconds, blind=blind
    )
    return judged is not None and move_as_judged(monitor, judged, at=at)


def _read_places(ids: Sequence[int]) -> Places:
    found: Places = {}
    for row in Place.objects.filter(monitor_id__in=ids).values_list("monitor_id", *_VIEW):
        found.setdefault(row[0], {})[row[1]] = PlaceView(**dict(zip(_VIEW, row[1:], strict=True)))
    return found


def _keep_places(places: Places, before: Places) -> None:
    """Write the places that are new or changed, all in one statement."""
    rows = [
        (monitor_id, *(getattr(view, name) for name in _VIEW))
        for monitor_id, views in sorted(places.items())
        for location, view in sorted(views.items())
        if view is not before.get(monitor_id, {}).get(location)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP_PLACES, [list(column) for column in zip(*rows, strict=True)])


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
