"""Keeps the tables of observations in shape: partitions, roll-ups, retention, and what nobody looks at any more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value

from stormproof.core.refusals import Refused
from stormproof.watch.choices import State
from stormproof.watch.kinds import PASSIVE
from stormproof.watch.models import DayRollUp, HourRollUp, Monitor, Upkeep
from stormproof.watch.rules import UNKNOWN_GRACE
from stormproof.watch.selectors import blind_locations
from stormproof.watch.services.states import move_monitor

PARTITIONED = ("watch_observation", "watch_minute")
DAYS_AHEAD = 3
FINAL_AFTER = timedelta(minutes=2)


class CannotKeep(Refused):
    """A retention makes no sense."""


def make_partitions(*, at: datetime) -> int:
    """Make the daily partitions from yesterday to three days ahead; how many were missing."""
    today = at.astimezone(UTC).date()
    made = 0
    for offset in range(-1, DAYS_AHEAD + 1):
        for table in PARTITIONED:
            made += _make_partition(table, today + timedelta(days=offset))
    return made


def _make_partition(table: str, day: date) -> bool:
    name = f"{table}_{day:%Y%m%d}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('watch partitions')), to_regclass(%s) IS NOT NULL", [name]
        )
        if cursor.fetchone()[1]:
            return False
        cursor.execute(
            f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM (%s) TO (%s)",
            [f"{day} 00:00+00", f"{day + timedelta(days=1)} 00:00+00"],
        )
    return True


def drop_old_rows(*, at: datetime) -> list[str]:
    """Drop what is older than it is kept: partitions as a whole (their names are returned), roll-ups by row."""
    kept = _upkeep()
    dropped = _drop_partitions("watch_observation", at - timedelta(days=kept.raw_days))
    dropped += _drop_partitions("watch_minute", at - timedelta(days=kept.minute_days))
    HourRollUp.objects.filter(start__lt=at - timedelta(days=kept.hour_days)).delete()
    DayRollUp.objects.filter(start__lt=at - timedelta(days=kept.day_days)).delete()
    return dropped


def _drop_partitions(table: str, before: datetime) -> list[str]:
    last = f"{table}_{before.astimezone(UTC):%Y%m%d}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1", [table]
        )
        names = [name for (name,) in cursor.fetchall() if name < last]
        for name in names:
            cursor.execute(f"DROP TABLE {name}")
    return names


def change_retention(*, raw_days: int, minute_days: int, hour_days: int, day_days: int) -> Upkeep:
    """Set how long each level is kept; raises `CannotKeep` when a coarser level would be kept for less time."""
    if not 1 <= raw_days <= minute_days <= hour_days <= day_days:
        raise CannotKeep(
            "each coarser level must be kept at least as long as the finer one, and raw rows for a day",
            field="raw_days",
            hint="for example raw 2, minutes 8, hours 100, days 1830",
        )
    kept = _upkeep()
    kept.raw_days, kept.minute_days, kept.hour_days, kept.day_days = raw_days, minute_days, hour_days, day_days
    kept.save(update_fields=["raw_days", "minute_days", "hour_days", "day_days"])
    return kept


def _upkeep() -> Upkeep:
    return Upkeep.objects.get_or_create(id=1)[0]


# Bucket numbers as rules.latency_bucket has them.
_MINUTES = """
WITH seen AS (
  SELECT monitor_id, date_trunc('minute', at, 'UTC') AS start, ok, total_ms
  FROM watch_observation WHERE at >= %(since)s AND at < %(until)s
), timed AS (
  SELECT monitor_id, start,
         CASE WHEN total_ms <= 0.1 THEN 0
              ELSE least(63, ceil(ln(total_ms / 0.1) / ln(1.25) - 1e-9))::int END AS bucket, count(*) AS number
  FROM seen WHERE ok AND total_ms IS NOT NULL GROUP BY 1, 2, 3
), buckets AS (
  SELECT monitor_id, start, jsonb_object_agg(bucket, number) AS histogram FROM timed GROUP BY 1, 2
), totals AS (
  SELECT monitor_id, start, count(*) AS count, count(*) FILTER (WHERE ok) AS ok_count,
         count(total_ms) FILTER (WHERE ok) AS timed_count, coalesce(sum(total_ms) FILTER (WHERE ok), 0) AS sum_ms,
         min(total_ms) FILTER (WHERE ok) AS min_ms, max(total_ms) FILTER (WHERE ok) AS max_ms
  FROM seen GROUP BY 1, 2
)
"""
_COARSER = """
WITH seen AS (
  SELECT *, date_trunc('{unit}', start, 'UTC') AS span FROM {source} WHERE start >= %(since)s AND start < %(until)s
), timed AS (
  SELECT monitor_id, span, key AS bucket, sum(value::int) AS number
  FROM seen, jsonb_each_text(histogram) GROUP BY 1, 2, 3
), buckets AS (
  SELECT monitor_id, span AS start, jsonb_object_agg(bucket, number) AS histogram FROM timed GROUP BY 1, 2
), totals AS (
  SELECT monitor_id, span AS start, sum(count) AS count, sum(ok_count) AS ok_count, sum(timed_count) AS timed_count,
         sum(sum_ms) AS sum_ms, min(min_ms) AS min_ms, max(max_ms) AS max_ms
  FROM seen GROUP BY 1, 2
)
"""
_KEEP = """
INSERT INTO {table} (monitor_id, start, count, ok_count, timed_count, sum_ms, min_ms, max_ms, histogram)
SELECT monitor_id, start, count, ok_count, timed_count, sum_ms, min_ms, max_ms, coalesce(histogram, '{{}}')
FROM totals LEFT JOIN buckets USING (monitor_id, start)
ON CONFLICT (monitor_id, start) DO UPDATE SET
  count = excluded.count, ok_count = excluded.ok_count, timed_count = excluded.timed_count, sum_ms = excluded.sum_ms,
  min_ms = excluded.min_ms, max_ms = excluded.max_ms, histogram = excluded.histogram
"""


@transaction.atomic
def roll_up(*, at: datetime) -> None:
    """Compute the minutes, hours and days that may still change, from what was observed. Safe to repeat.

    Minutes more than two minutes old are final until a late sighting reopens them.
    """
    kept = Upkeep.objects.select_for_update().get(pk=_upkeep().pk)
    oldest = (at - timedelta(days=kept.raw_days)).replace(minute=0, second=0, microsecond=0)
    since = max(kept.rolled_until or oldest, oldest)
    hour = since.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    with connection.cursor() as cursor:
        cursor.execute(_MINUTES + _KEEP.format(table="watch_minute"), {"since": since, "until": at})
        for unit, source, target, start in (
            ("hour", "watch_minute", "watch_hour", hour),
            ("day", "watch_hour", "watch_day", day),
        ):
            query = _COARSER.format(unit=unit, source=source) + _KEEP.format(table=target)
            cursor.execute(query, {"since": start, "until": at})
    kept.rolled_until = (at - FINAL_AFTER).replace(second=0, microsecond=0)
    kept.save(update_fields=["rolled_until"])


@transaction.atomic
def mark_unknown_monitors(*, at: datetime) -> int:
    """Monitors that nobody has looked at for two intervals and a grace go unknown; how many did.

    A database that has only just come back is given the same time, so that probers can deliver what they buffered.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        came_back = cursor.fetchone()[0]
    if at - came_back < UNKNOWN_GRACE and came_back < at:
        return 0
    patience = ExpressionWrapper(
        F("interval_seconds") * Value(timedelta(seconds=2)) + Value(UNKNOWN_GRACE), output_field=DurationField()
    )
    looked_for = Monitor.objects.filter(enabled=True, retired_at__isnull=True).exclude(kind__in=PASSIVE)
    late = (
        looked_for.exclude(state=State.UNKNOWN)
        .exclude(seen_state=State.UNKNOWN)
        .annotate(patience=patience)
        .filter(Q(last_at__isnull=True) | Q(last_at__lt=Value(at) - F("patience")))
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
    )
    count, blind = 0, blind_locations()
    for monitor in late:
        last = f"since {monitor.last_at:%H:%M:%S} UTC" if monitor.last_at else "yet"
        reason = f"no prober has looked {last}{_blindness(monitor, blind)}"
        count += move_monitor(monitor, to=State.UNKNOWN, reason=reason, since=monitor.last_at or at, at=at)
    return count


def _blindness(monitor: Monitor, blind: frozenset[str]) -> str:
    concerned = sorted(blind.intersection(monitor.locations) if monitor.locations else blind)
    return f": {', '.join(concerned)} cannot see its own network" if concerned else ""
