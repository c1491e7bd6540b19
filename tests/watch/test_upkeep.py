"""Roll-ups are exact, partitions come and go, and what nobody looks at is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stormproof.core.models import FactRecord
from stormproof.watch import selectors
from stormproof.watch.models import DayRollUp, HourRollUp, MinuteRollUp, Monitor, Observation, Upkeep
from stormproof.watch.rules import Sighting, latency_bucket, merge_histograms
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.upkeep import (
    CannotKeep,
    change_retention,
    drop_old_rows,
    make_partitions,
    mark_unknown_monitors,
    roll_up,
)
from tests.watch.make import make_monitor

pytestmark = pytest.mark.django_db
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NOON = TODAY + timedelta(hours=12)


def observe(monitor: Monitor, looks: list[tuple[float, bool, float | None]], *, at: datetime) -> None:
    plain = Sighting(monitor_id=monitor.pk, version=1, at=at, since=at, ok=True, confirmed=False)
    seen = [replace(plain, at=NOON + timedelta(seconds=s), ok=ok, total_ms=ms) for s, ok, ms in looks]
    record_sightings(seen, at=at)


def test_minutes_hours_and_days_are_exact() -> None:
    monitor = make_monitor()
    looks = [(0, True, 10.0), (30, True, 30.0), (59, False, 999.0), (60, True, 20.0), (3600, True, 50.0)]
    observe(monitor, looks, at=NOON + timedelta(seconds=3601))
    roll_up(at=NOON + timedelta(seconds=3602))
    minutes = MinuteRollUp.objects.order_by("start").values_list(
        "start", "count", "ok_count", "timed_count", "sum_ms", "min_ms", "max_ms"
    )
    assert list(minutes) == [
        (NOON, 3, 2, 2, 40.0, 10.0, 30.0),
        (NOON + timedelta(minutes=1), 1, 1, 1, 20.0, 20.0, 20.0),
        (NOON + timedelta(hours=1), 1, 1, 1, 50.0, 50.0, 50.0),
    ]
    hours = HourRollUp.objects.order_by("start").values_list("start", "count", "ok_count", "sum_ms", "max_ms")
    assert list(hours) == [(NOON, 4, 3, 60.0, 30.0), (NOON + timedelta(hours=1), 1, 1, 50.0, 50.0)]
    day = DayRollUp.objects.get()
    assert (day.start, day.count, day.ok_count, day.sum_ms, day.min_ms) == (TODAY, 5, 4, 110.0, 10.0)
    assert day.histogram == merge_histograms({str(latency_bucket(ms)): 1} for ms in (10.0, 30.0, 20.0, 50.0))


def test_rolling_up_again_changes_nothing_and_a_late_sighting_is_added() -> None:
    monitor = make_monitor()
    observe(monitor, [(0, True, 10.0)], at=NOON + timedelta(minutes=1))
    roll_up(at=NOON + timedelta(minutes=30))
    roll_up(at=NOON + timedelta(minutes=31))
    assert DayRollUp.objects.get().count == 1
    assert Upkeep.objects.get().rolled_until == NOON + timedelta(minutes=29)
    observe(monitor, [(5, True, 30.0)], at=NOON + timedelta(minutes=32))
    roll_up(at=NOON + timedelta(minutes=33))
    assert [MinuteRollUp.objects.get().count, HourRollUp.objects.get().count, DayRollUp.objects.get().count] == [
        2,
        2,
        2,
    ]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 7200), st.floats(0.1, 60_000)), min_size=1, unique_by=lambda look: look[0]))
def test_the_buckets_of_the_database_are_those_of_the_rule(looks: list[tuple[int, float]]) -> None:
    monitor = make_monitor()
    observe(monitor, [(s, True, ms) for s, ms in looks], at=NOON + timedelta(hours=3))
    roll_up(at=NOON + timedelta(hours=3))
    day = DayRollUp.objects.get(monitor_id=monitor.pk)
    assert day.histogram == merge_histograms({str(latency_bucket(ms)): 1} for _, ms in looks)


def test_the_series_comes_from_the_level_that_fits_the_zoom() -> None:
    monitor = make_monitor()
    at = NOON + timedelta(hours=2)
    observe(monitor, [(0, True, 10.0), (30, True, 20.0), (45, False, None)], at=at)
    roll_up(at=at)
    raw = selectors.latency_series(monitor, start=NOON, end=NOON + timedelta(minutes=10), at=at)
    assert (raw.level, [point.mean_ms for point in raw.points]) == ("raw", [10.0, 20.0, None])
    minute = selectors.latency_series(monitor, start=NOON, end=NOON + timedelta(hours=12), at=at)
    assert (minute.level, [(p.count, p.ok_count, p.mean_ms) for p in minute.points]) == ("minute", [(3, 2, 15.0)])
    hour = selectors.latency_series(monitor, start=TODAY - timedelta(days=3), end=at, at=at)
    assert (hour.level, [p.max_ms for p in hour.points]) == ("hour", [20.0])
    day = selectors.latency_series(monitor, start=TODAY - timedelta(days=300), end=at, at=at)
    assert (day.level, len(day.points)) == ("day", 1)


def partitions(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        return sorted(name for (name,) in cursor.fetchall())


def test_partitions_are_made_ahead_once_and_dropped_when_their_time_is_over() -> None:
    later = TODAY + timedelta(days=20)
    assert make_partitions(at=later) == 10
    assert make_partitions(at=later) == 0
    dropped = drop_old_rows(at=later)
    assert f"watch_observation_{TODAY:%Y%m%d}" in dropped
    assert f"watch_minute_{TODAY:%Y%m%d}" in dropped
    assert partitions("watch_observation")[0] == f"watch_observation_{later - timedelta(days=1):%Y%m%d}"


def test_a_retention_that_keeps_the_coarse_shorter_than_the_fine_is_refused() -> None:
    with pytest.raises(CannotKeep):
        change_retention(raw_days=9, minute_days=8, hour_days=100, day_days=1830)
    assert change_retention(raw_days=3, minute_days=8, hour_days=50, day_days=400).raw_days == 3
    assert selectors.upkeep().hour_days == 50


def test_a_monitor_nobody_looks_at_goes_unknown_and_never_stays_green() -> None:
    start = datetime.now(UTC) + timedelta(minutes=10)  # the test's own database has only just come up
    monitor = make_monitor(state="up", last_at=start, interval_seconds=5)
    assert mark_unknown_monitors(at=start + timedelta(seconds=19)) == 0
    assert mark_unknown_monitors(at=start + timedelta(seconds=21)) == 1
    assert mark_unknown_monitors(at=start + timedelta(seconds=22)) == 0
    monitor.refresh_from_db()
    assert (monitor.state, monitor.state_since) == ("unknown", start)
    assert monitor.reason.startswith("no prober has looked since")
    assert FactRecord.objects.filter(name="MonitorWentUnknown").count() == 1


def test_paused_and_heartbeat_monitors_do_not_go_unknown_by_time() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=1)
    make_monitor(state="up", last_at=long_ago, enabled=False)
    make_monitor(state="up", last_at=long_ago, kind="heartbeat", config={})
    assert mark_unknown_monitors(at=datetime.now(UTC) + timedelta(minutes=10)) == 0


def test_a_database_that_has_only_just_come_back_is_given_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        came_back = cursor.fetchone()[0]
    make_monitor(state="up", last_at=came_back - timedelta(minutes=5))
    assert mark_unknown_monitors(at=came_back + timedelta(seconds=5)) == 0
    assert mark_unknown_monitors(at=came_back + timedelta(seconds=15)) == 1


def test_observations_are_kept_by_day() -> None:
    monitor = make_monitor()
    observe(monitor, [(0, True, 1.0)], at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM watch_observation")
        assert cursor.fetchone()[0] == f"watch_observation_{TODAY:%Y%m%d}"
    assert Observation.objects.count() == 1
