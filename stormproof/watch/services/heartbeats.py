"""Takes in the pings of heartbeat monitors, and finds those that are late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from stormproof.core.document import write_duration
from stormproof.core.live import announce
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch.choices import Signal, State
from stormproof.watch.kinds.heartbeat import HeartbeatShape, heartbeat_of
from stormproof.watch.models import Heartbeat, Monitor
from stormproof.watch.rules import (
    Clockwork,
    IncomingPing,
    Sighting,
    Taken,
    close_run,
    is_flood,
    kind_by_words,
    late_at,
    open_run,
)
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.ping_keys import heartbeats_by_name
from stormproof.watch.services.states import move_monitor

PINGS_KEPT = 200  # the newest pings of each heartbeat
MOST_DRIFT = timedelta(seconds=10)  # pings that overtook each other on their way here
_WRITE = """
WITH due AS (
  UPDATE watch_monitor SET started_at = new.started_at, due_at = new.due_at
  FROM unnest(%(ids)s::bigint[], %(started)s::timestamptz[], %(due)s::timestamptz[]) AS new (id, started_at, due_at)
  WHERE watch_monitor.id = new.id
), remembered AS (
  INSERT INTO watch_heartbeat (monitor_id, runs, count, logged_at, minute, minute_count)
  SELECT * FROM unnest(%(ids)s::bigint[], %(runs)s::jsonb[], %(counts)s::bigint[], %(logged)s::timestamptz[],
                       %(minutes)s::timestamptz[], %(minute_counts)s::int[])
  ON CONFLICT (monitor_id) DO UPDATE SET runs = excluded.runs, count = excluded.count, logged_at = excluded.logged_at,
    minute = excluded.minute, minute_count = excluded.minute_count
)
INSERT INTO watch_ping (monitor_id, number, at, kind, exit_status, run_id, took_ms, body, body_size, is_cut, method,
                        transport, address, agent)
SELECT * FROM unnest(%(p0)s::bigint[], %(p1)s::bigint[], %(p2)s::timestamptz[], %(p3)s::text[], %(p4)s::smallint[],
                     %(p5)s::uuid[], %(p6)s::double precision[], %(p7)s::text[], %(p8)s::int[], %(p9)s::bool[],
                     %(p10)s::text[], %(p11)s::text[], %(p12)s::text[], %(p13)s::text[])
"""
_PRUNE = """
DELETE FROM watch_ping USING watch_heartbeat
WHERE watch_ping.monitor_id = watch_heartbeat.monitor_id AND watch_ping.number <= watch_heartbeat.count - %s
  AND watch_heartbeat.minute > %s
"""


class TooManyPings(Refused):
    """The same signal came again within a second."""


@dataclass(kw_only=True)
class _Beat:
    """A locked heartbeat while a batch of its pings is worked through."""

    monitor: Monitor
    shape: HeartbeatShape
    clockwork: Clockwork
    last_at: datetime | None
    last_ok: bool | None
    rows: list[tuple[Any, ...]] = field(default_factory=list)


@transaction.atomic
def take_pings(pings: Sequence[IncomingPing], *, at: datetime) -> list[Taken]:
    """Take a batch of pings in, and say what became of each, in their order; nothing is kept of those not `OK`.

    A start begins a run, which must be done in time; a failure is down at once. The number of statements does not grow
    with the batch, but for monitors that change their state and for heartbeats that a ping sets up.
    """
    named = heartbeats_by_name(pings, at=at)
    beats = _locked_beats([each for each in pings if each.key], sorted(set(named.slugs.values())))
    by_key = {beat.monitor.ping_key: beat for beat in beats.values()}
    by_slug = {beat.monitor.slug: beat for beat in beats.values()}
    answers, sightings = [Taken.UNKNOWN] * len(pings), []
    for place in sorted(range(len(pings)), key=lambda place: pings[place].at):
        ping = pings[place]
        beat = by_key.get(ping.key) if ping.key else by_slug.get(named.slugs.get(place, ""))
        if beat is None:
            answers[place] = named.refused.get(place, Taken.UNKNOWN)
            continue
        seen, answers[place] = _take(beat, ping)
        sightings += seen
        if answers[place] == Taken.OK and place in named.created:
            answers[place] = Taken.CREATED
    _write([beat for beat in beats.values() if beat.rows])
    record_sightings(sightings, at=at)
    announced = {sighting.monitor_id for sighting in sightings}
    quiet = [beat.monitor.pk for beat in beats.values() if beat.rows and beat.monitor.pk not in announced]
    announce(*(f"looks:{monitor_id}" for monitor_id in quiet))
    return answers


def record_ping(key: UUID, *, signal: str, note: str = "", at: datetime) -> Monitor:
    """Take one ping in; raises `NotFound` for an unknown key and `TooManyPings` for one that comes too soon."""
    ping = IncomingPing(at=at, key=key, kind=signal, body=note, body_size=len(note.encode()))
    taken = take_pings([ping], at=at)[0]
    if taken == Taken.UNKNOWN:
        raise NotFound("no heartbeat has this address")
    if taken == Taken.TOO_MANY:
        raise TooManyPings("one ping a second is enough; this one was not counted")
    return Monitor.objects.get(ping_key=key)


def _locked_beats(by_key: Sequence[IncomingPing], slugs: Sequence[str]) -> dict[int, _Beat]:
    living = Monitor.objects.select_for_update(no_key=True).filter(kind="heartbeat", retired_at__isnull=True)
    wanted = living.filter(ping_key__in={each.key for each in by_key})
    if slugs:
        wanted = living.filter(ping_key__in={each.key for each in by_key}) | living.filter(slug__in=slugs)
    monitors = list(wanted.order_by("pk"))
    known = {row.pk: row for row in Heartbeat.objects.filter(pk__in=[monitor.pk for monitor in monitors])}
    return {
        monitor.pk: _Beat(
            monitor=monitor,
            shape=heartbeat_of(monitor.config),
            clockwork=_clockwork_of(known.get(monitor.pk)),
            last_at=monitor.last_at,
            last_ok=monitor.last_ok,
        )
        for monitor in monitors
    }


def _clockwork_of(row: Heartbeat | None) -> Clockwork:
    if row is None:
        return Clockwork()
    runs = {run_id: datetime.fromisoformat(moment) for run_id, moment in row.runs.items()}
    return Clockwork(
        runs=runs, count=row.count, logged_at=row.logged_at, minute=row.minute, minute_count=row.minute_count
    )


def _take(beat: _Beat, ping: IncomingPing) -> tuple[list[Sighting], Taken]:
    """Work one ping into `beat`: what was seen, and what becomes of the ping."""
    clockwork, moment = beat.clockwork, _in_order(ping.at, beat.last_at)
    is_down = beat.monitor.state == State.DOWN
    if is_flood(ping, clockwork, is_down=is_down, last_at=beat.last_at, last_ok=beat.last_ok):
        return [], Taken.TOO_MANY
    minute = ping.at.replace(second=0, microsecond=0)
    clockwork.minute_count = clockwork.minute_count + 1 if clockwork.minute == minute else 1
    clockwork.minute, clockwork.count = minute, clockwork.count + 1
    took, seen = None, []
    kind = _kind_of(beat.shape, ping)
    if kind == Signal.LOG:
        clockwork.logged_at = moment
    elif kind == Signal.START:
        open_run(clockwork.runs, run_id=ping.run_id, at=moment)
    elif kind in (Signal.DONE, Signal.FAIL):
        took = close_run(clockwork.runs, run_id=ping.run_id, at=moment)
        beat.last_at, beat.last_ok = moment, kind == Signal.DONE
        seen = [_sighting(beat.monitor, ping, ok=beat.last_ok, took_ms=took, at=moment)]
    beat.rows.append(_row(beat, ping, kind=kind, took_ms=took, at=moment))
    return seen, Taken.OK


def _in_order(at: datetime, last_at: datetime | None) -> datetime:
    """`at`, or just after the ping before when this one was overtaken on its way: every accepted ping counts."""
    if last_at is None or at > last_at or last_at - at > MOST_DRIFT:
        return at
    return last_at + timedelta(microseconds=1)


def _kind_of(shape: HeartbeatShape, ping: IncomingPing) -> str:
    """What a ping counts as: words of a POST may say it, unless its address already did."""
    if ping.transport == "mail" or not ping.method:
        return ping.kind
    if shape.accepts == "post" and ping.method != "POST":
        return Signal.IGNORED
    is_plain = ping.kind == Signal.DONE and ping.exit_status is None and ping.method == "POST"
    if is_plain and shape.has_words and "post" in shape.words_in:
        return kind_by_words(
            ping.body,
            failed=shape.fail_words,
            done=shape.done_words,
            started=shape.start_words,
            otherwise=shape.without_words,
        )
    return ping.kind


def _row(beat: _Beat, ping: IncomingPing, *, kind: str, took_ms: float | None, at: datetime) -> tuple[Any, ...]:
    return (
        beat.monitor.pk,
        beat.clockwork.count,
        at,
        kind,
        ping.exit_status,
        ping.run_id,
        took_ms,
        ping.body.replace("\x00", ""),
        ping.body_size,
        ping.is_cut,
        ping.method[:8],
        ping.transport,
        ping.address[:64],
        ping.agent[:200].replace("\x00", ""),
    )


def _sighting(monitor: Monitor, ping: IncomingPing, *, ok: bool, took_ms: float | None, at: datetime) -> Sighting:
    said = [f"exit status {ping.exit_status}"] if ping.exit_status else []
    said.append(" ".join(ping.body[:2000].replace("\x00", " ").split())[:300])
    words = " ".join(part for part in said if part)
    reason = "" if ok else f"the job reported a failure{f': {words}' if words else ''}"
    return Sighting(
        monitor_id=monitor.pk,
        version=monitor.version,
        at=at,
        since=at,
        ok=ok,
        confirmed=True,
        reason=reason,
        total_ms=took_ms,
    )


def _write(beats: Sequence[_Beat]) -> None:
    if not beats:
        return
    clockworks = [beat.clockwork for beat in beats]
    ids = [beat.monitor.pk for beat in beats]
    due = [
        late_at(beat.shape.times, done_at=beat.last_at, runs=beat.clockwork.runs) if beat.monitor.enabled else None
        for beat in beats
    ]
    rows = [row for beat in beats for row in beat.rows]
    columns = {f"p{place}": list(column) for place, column in enumerate(zip(*rows, strict=True))}
    values: dict[str, list[Any]] = {
        "ids": ids,
        "started": [min(each.runs.values(), default=None) for each in clockworks],
        "due": due,
        "runs": [_as_json(each) for each in clockworks],
        "counts": [each.count for each in clockworks],
        "logged": [each.logged_at for each in clockworks],
        "minutes": [each.minute for each in clockworks],
        "minute_counts": [each.minute_count for each in clockworks],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {**values, **columns})


def _as_json(clockwork: Clockwork) -> str:
    return dumps({run_id: moment.isoformat() for run_id, moment in clockwork.runs.items()})


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
        reason = _lateness(monitor, since)
        _forget_late_runs(monitor, at)
        monitor.save(update_fields=["due_at", "started_at"])
        count += move_monitor(monitor, to=State.DOWN, reason=reason, since=since, at=at)
    return count


def _forget_late_runs(monitor: Monitor, at: datetime) -> None:
    """A run that was told late must not make the next one late."""
    row = Heartbeat.objects.filter(pk=monitor.pk).first()
    if row is None:
        return
    clockwork, limit = _clockwork_of(row), heartbeat_of(monitor.config).times.longest_run
    going = {run_id: started for run_id, started in clockwork.runs.items() if started + limit >= at}
    row.runs = {run_id: started.isoformat() for run_id, started in going.items()}
    row.save(update_fields=["runs"])
    monitor.started_at = min(going.values(), default=None)


def _lateness(monitor: Monitor, since: datetime) -> str:
    shape = heartbeat_of(monitor.config)
    longest = shape.times.longest_run
    if monitor.started_at is not None and monitor.started_at + longest <= since:
        within = write_duration(longest.total_seconds())
        return f"started at {monitor.started_at:%H:%M:%S} UTC and not done within {within}"
    last = f"the last came at {monitor.last_at:%d %b %H:%M:%S} UTC" if monitor.last_at else "none has come"
    rhythm = f"by {shape.schedule} ({shape.timezone})" if shape.schedule else f"every {write_duration(shape.period)}"
    return f"no ping: expected {rhythm}, {last}"


@transaction.atomic
def prune_pings(*, at: datetime) -> int:
    """Keep the newest pings of each heartbeat that pinged within the hour; how many older ones went."""
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, [PINGS_KEPT, at - timedelta(hours=1)])
        return int(cursor.rowcount)
