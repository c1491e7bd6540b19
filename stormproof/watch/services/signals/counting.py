"""Keeps the counts of signals: once for each minute and slice, however often they are read or sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from stormproof.core.actor import Actor
from stormproof.core.live import announce
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch.kinds.signal import settings_of, source_of
from stormproof.watch.kinds.signal.sources import Row
from stormproof.watch.models import Monitor, Signal, SignalMinute, SignalSlice

MINUTE = timedelta(minutes=1)
KEPT_MINUTES = timedelta(days=50)
KEPT_HOURS = timedelta(days=731)
MOST_SLICES = 500
MOST_PUSHED = 10_000
_PUT = """
INSERT INTO watch_signalminute (monitor_id, slice_id, start, total, good, value)
SELECT * FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::int[], %s::int[], %s::double precision[])
ON CONFLICT (monitor_id, start, slice_id) DO UPDATE SET
  total = excluded.total, good = excluded.good, value = excluded.value
"""
_ROLL = """
INSERT INTO watch_signalhour (monitor_id, slice_id, start, total, good, value)
SELECT monitor_id, slice_id, date_trunc('hour', start, 'UTC'), sum(total), sum(good), sum(value)
FROM watch_signalminute WHERE start >= %(since)s GROUP BY 1, 2, 3
ON CONFLICT (monitor_id, start, slice_id) DO UPDATE SET
  total = excluded.total, good = excluded.good, value = excluded.value
"""
Counts = dict[tuple[datetime, str], tuple[list[float], dict[str, str]]]


class CannotTakeCounts(Refused):
    """Counts that cannot be kept."""


def minute_of(moment: datetime) -> datetime:
    """The minute a moment lies in, in UTC."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def signal_row(monitor: Monitor, *, at: datetime) -> Signal:
    """The row of a signal, locked; made when it is new."""
    Signal.objects.get_or_create(monitor=monitor, defaults={"next_at": at})
    return Signal.objects.select_for_update(of=("self",)).select_related("monitor__node").get(monitor=monitor)


@transaction.atomic
def put_counts(monitor: Monitor, rows: Iterable[Row], *, since: datetime, until: datetime) -> int:
    """Make the counts between `since` and `until` those of `rows`: what is not among them any more goes. How many rows.

    Reading the same span twice changes nothing; reading it later corrects the past.
    """
    counted = _count(rows, since=since, until=until)
    slices = _slices(monitor, {key: labels for (_, key), (_, labels) in counted.items()})
    SignalMinute.objects.filter(monitor=monitor, start__gte=since, start__lt=until).delete()
    _insert(monitor, _by_slice(counted, slices))
    announce(f"signal:{monitor.pk}")
    return len(counted)


@transaction.atomic
def push_counts(slug: str, rows: Sequence[Row], *, until: datetime | None, actor: Actor, at: datetime) -> int:
    """Take the counts that a shop sends; a row is what its minute and slice hold, so sending it again changes nothing.

    Everything before `until` counts as complete: minutes without a row had nothing. Left out, it is the end of the
    newest row's minute.
    """
    actor.require("watch.write")
    monitor = Monitor.objects.filter(slug=slug, kind="signal", retired_at__isnull=True).first()
    if monitor is None:
        raise NotFound(f"there is no signal {slug}")
    if source_of(settings_of(monitor.config)).read is not None:
        raise CannotTakeCounts(
            f"{monitor.name} reads its figures itself", field="slug", hint="give it the source push, or send elsewhere"
        )
    _require_sane(rows, until, at)
    if not rows and until is None:
        return 0
    newest = max([minute_of(row.at) + MINUTE for row in rows], default=minute_of(until or at))
    counted = _count(rows, since=at - KEPT_MINUTES, until=at + timedelta(minutes=6))
    slices = _slices(monitor, {key: labels for (_, key), (_, labels) in counted.items()})
    _insert(monitor, _by_slice(counted, slices))
    oldest = min([minute_of(row.at) for row in rows], default=newest)
    note_reading(monitor, since=oldest, until=minute_of(until) if until else newest, at=at)
    return len(counted)


def note_reading(monitor: Monitor, *, since: datetime, until: datetime, at: datetime) -> Signal:
    """Move the cursor ahead to `until`; the history begins where the first reading began."""
    signal = signal_row(monitor, at=at)
    signal.cursor_at = max(signal.cursor_at or until, until)
    signal.history_from = min(signal.history_from or since, since)
    signal.read_at, signal.fault = at, ""
    signal.save(update_fields=["cursor_at", "history_from", "read_at", "fault"])
    return signal


@transaction.atomic
def roll_up_counts(*, at: datetime) -> None:
    """Bring the hours of the last days up to date, and drop minutes and hours whose time is over."""
    since = (at - timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(_ROLL, {"since": since})
        cursor.execute("DELETE FROM watch_signalminute WHERE start < %s", [at - KEPT_MINUTES])
        cursor.execute("DELETE FROM watch_signalhour WHERE start < %s", [at - KEPT_HOURS])


def roll_up_history(monitor: Monitor, *, since: datetime) -> None:
    """Bring the hours since `since` up to date: after a history was read."""
    with connection.cursor() as cursor:
        hour = since.replace(minute=0, second=0, microsecond=0)
        cursor.execute(
            _ROLL.replace("WHERE", "WHERE monitor_id = %(monitor)s AND"), {"since": hour, "monitor": monitor.pk}
        )


def _require_sane(rows: Sequence[Row], until: datetime | None, at: datetime) -> None:
    if len(rows) > MOST_PUSHED:
        raise CannotTakeCounts(
            f"{len(rows):,} rows at once; the limit is {MOST_PUSHED:,}", field="rows", hint="send them in several calls"
        )
    latest = at + timedelta(minutes=5)
    for number, row in enumerate(rows):
        if not at - KEPT_MINUTES <= row.at <= latest:
            raise CannotTakeCounts(
                f"{row.at:%Y-%m-%d %H:%M} lies in the future or more than {KEPT_MINUTES.days} days back",
                field=f"rows.{number}.at",
                hint="give the moment in ISO 8601 with its zone",
            )
    if until is not None and until > latest:
        raise CannotTakeCounts(
            f"until {until:%Y-%m-%d %H:%M} lies in the future", field="until", hint="give a past one"
        )


def _count(rows: Iterable[Row], *, since: datetime, until: datetime) -> Counts:
    found: Counts = {}
    for row in rows:
        if not since <= row.at < until:
            continue
        key = (minute_of(row.at), "|".join(f"{name}={row.labels[name]}" for name in sorted(row.labels))[:400])
        sums, _ = found.setdefault(key, ([0, 0, 0.0], dict(row.labels)))
        sums[0] += row.total
        sums[1] += row.good
        sums[2] += row.value
    return found


def _slices(monitor: Monitor, wanted: dict[str, dict[str, str]]) -> dict[str, int]:
    """The id of each slice by its key; new ones are made. One that comes past the limit counts as `other`."""
    known = dict(SignalSlice.objects.filter(monitor=monitor).values_list("key", "pk"))
    fresh = [key for key in sorted(wanted) if key not in known]
    room = max(0, MOST_SLICES - len(known))
    made = [SignalSlice(monitor=monitor, key=key, labels=wanted[key]) for key in fresh[:room]]
    SignalSlice.objects.bulk_create(made, ignore_conflicts=True)
    if len(fresh) > room:
        SignalSlice.objects.get_or_create(monitor=monitor, key="other", defaults={"labels": {}})
    if fresh:
        known = dict(SignalSlice.objects.filter(monitor=monitor).values_list("key", "pk"))
    return {key: known.get(key, known.get("other", 0)) for key in wanted}


def _by_slice(counted: Counts, slices: dict[str, int]) -> dict[tuple[int, datetime], list[float]]:
    found: dict[tuple[int, datetime], list[float]] = {}
    for (minute, key), (sums, _) in counted.items():
        kept = found.setdefault((slices[key], minute), [0, 0, 0.0])
        kept[:] = [mine + more for mine, more in zip(kept, sums, strict=True)]
    return found


def _insert(monitor: Monitor, counted: dict[tuple[int, datetime], list[float]]) -> None:
    keys = sorted(counted, key=lambda key: (key[1], key[0]))
    columns: list[list[object]] = [
        [monitor.pk] * len(keys),
        [slice_id for slice_id, _ in keys],
        [minute for _, minute in keys],
        [int(counted[key][0]) for key in keys],
        [int(counted[key][1]) for key in keys],
        [float(counted[key][2]) for key in keys],
    ]
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_PUT, columns)
