"""When planned work is, and what is shown meanwhile: exact values and properties."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.watch.rules import (
    Recurrence,
    Standing,
    covering_span,
    instant_of,
    occurrences_of,
    shown_standing,
    spread_states,
)

T0 = datetime(2026, 12, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


# --- when -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "clock", "zone", "moment"),
    [
        ((2026, 12, 1), "02:00", "Europe/Berlin", "2026-12-01T01:00Z"),
        ((2026, 3, 29), "02:30", "Europe/Berlin", "2026-03-29T01:00Z"),  # skipped: the first moment after
        ((2026, 10, 25), "02:30", "Europe/Berlin", "2026-10-25T00:30Z"),  # twice: the first
        ((2026, 10, 4), "02:10", "Australia/Lord_Howe", "2026-10-03T15:30Z"),  # a gap of half an hour
        ((2026, 9, 6), "00:00", "America/Santiago", "2026-09-06T04:00Z"),  # midnight is skipped
        ((2011, 12, 30), "12:00", "Pacific/Apia", "2011-12-30T10:00Z"),  # the whole day is skipped
    ],
)
def test_a_time_of_day_is_one_moment_whatever_the_clocks_do(
    day: tuple[int, int, int], clock: str, zone: str, moment: str
) -> None:
    assert instant_of(date(*day), time.fromisoformat(clock), ZoneInfo(zone)) == datetime.fromisoformat(moment)


@given(
    st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    st.times().map(lambda found: found.replace(second=0, microsecond=0)),
    st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]),
)
def test_no_moment_before_shows_that_time_or_a_later_one(day: date, clock: time, zone: str) -> None:
    wall, found = datetime.combine(day, clock), instant_of(day, clock, ZoneInfo(zone))
    assert found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= wall
    before = found - timedelta(minutes=1)
    assert before.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < wall


def test_a_weekly_window_keeps_its_time_of_day_over_the_change_of_the_clocks() -> None:
    sundays = Recurrence(
        repeat="weekly",
        zone="Europe/Berlin",
        weekdays=frozenset({6}),
        clock_time=time(2, 30),
        duration=timedelta(hours=1),
    )
    found = occurrences_of(
        sundays, after=datetime(2026, 10, 17, tzinfo=UTC), before=datetime(2026, 11, 2, tzinfo=UTC), most=9
    )
    assert [f"{start:%d %H:%M}-{end:%H:%M}" for start, end in found] == [
        "18 00:30-01:30",
        "25 00:30-01:30",
        "01 01:30-02:30",
    ]


def test_a_cron_window_that_runs_now_is_found_too() -> None:
    nightly = Recurrence(repeat="cron", zone="UTC", cron="0 23 * * *", duration=timedelta(hours=3))
    found = occurrences_of(
        nightly, after=datetime(2026, 12, 2, 1, tzinfo=UTC), before=datetime(2027, 1, 1, tzinfo=UTC), most=1
    )
    assert found == [(datetime(2026, 12, 1, 23, tzinfo=UTC), datetime(2026, 12, 2, 2, tzinfo=UTC))]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=8), st.integers(0, 70))
def test_spans_that_touch_are_one_and_every_second_is_covered_by_the_rule_or_by_none(
    spans: list[tuple[int, int]], moment: int
) -> None:
    given_spans = [(at(start), at(start + length)) for start, length in spans]
    found = covering_span(given_spans, at=at(moment))
    is_covered = any(start <= at(moment) < end for start, end in given_spans)
    assert is_covered == (found is not None and found[0] <= at(moment) < found[1])
    if found is not None and is_covered:
        assert not any(start <= found[1] < end for start, end in given_spans)


# --- what is shown --------------------------------------------------------------------------------------------------


@given(st.sampled_from(["up", "degraded", "down", "unknown"]), st.integers(-100, 200), st.integers(-50, 250))
def test_maintenance_hides_everything_but_trouble_that_began_before(state: str, since: int, moment: int) -> None:
    seen = Standing(state=state, since=at(since), reason="why")
    shown = shown_standing(seen, maintenance=(at(0), at(100)), planned="patching", at=at(moment))
    is_hidden = 0 <= moment < 100 and not (state == "down" and since < 0)
    assert shown == (Standing(state="maintenance", since=at(0), reason="patching") if is_hidden else seen)


@pytest.mark.parametrize(
    ("own", "needs", "state_of_1"),
    [
        ({2: "maintenance"}, {1: [(1, [2])]}, "maintenance"),
        ({2: "maintenance", 3: "up"}, {1: [(1, [2, 3])]}, "up"),
        ({2: "maintenance", 3: "unknown"}, {1: [(2, [2, 3])]}, "unknown"),
        ({2: "maintenance", 3: "down"}, {1: [(1, [2]), (1, [3])]}, "down"),
        ({1: "up", 2: "maintenance"}, {1: [(1, [2])]}, "up"),
    ],
)
def test_maintenance_below_is_neither_green_nor_unknown(own: Any, needs: Any, state_of_1: str) -> None:
    assert spread_states(own, needs, range(1, 4))[1] == state_of_1
