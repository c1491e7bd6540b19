"""Rotations against clocks that are read minute by minute over two years, in five zones that make it hard."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormproof.engine.calendar import FollowTheSun, Rotation, Shift, Site, Unit, moment_of
from tests.engine.calendar.clocks import ZONES, minutes_of, span, turns, utc_minute, wall_minute

pytestmark = pytest.mark.hypothesis
QUICK = settings(max_examples=max(settings.default.max_examples // 10, 10))  # type: ignore[union-attr]

LENGTHS = {
    Unit.HOURS: st.sampled_from([1, 2, 6, 7, 12, 36]),
    Unit.DAYS: st.integers(1, 10),
    Unit.WEEKS: st.integers(1, 3),
    Unit.MONTHS: st.integers(1, 3),
}
TIMES = st.one_of(
    st.sampled_from([time(0, 0), time(0, 30), time(1, 30), time(2, 0), time(2, 30), time(23, 30)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)


@st.composite
def rotations(draw: st.DrawFn, zone: str) -> Rotation:
    first, _ = span(zone)
    unit = draw(st.sampled_from(sorted(LENGTHS)))
    day = first.date() + timedelta(days=draw(st.integers(-90, 500)))
    return Rotation(
        zone=ZoneInfo(zone),
        start=datetime.combine(day, draw(TIMES)),
        unit=unit,
        length=draw(LENGTHS[unit]),
        members=tuple(range(draw(st.integers(1, 5)))),
        offset=draw(st.integers(0, 4)),
    )


def people_by_minute(shifts: list[Shift], utc: np.ndarray) -> np.ndarray:
    """Whom the shifts put on call in each minute; -1 for nobody, -2 for two at once."""
    starts = np.array([utc_minute(shift.start) for shift in shifts] or [0])
    ends = np.array([utc_minute(shift.end) for shift in shifts] or [0])
    people = np.array([shift.people[0] for shift in shifts] or [-1])
    begun = np.searchsorted(starts, utc, side="right")
    ended = np.searchsorted(np.sort(ends), utc, side="right")
    found = np.where(begun == ended, -1, people[np.maximum(begun - 1, 0)])
    return np.where(begun - ended > 1, -2, found)


@pytest.mark.parametrize("zone", ZONES)
def test_in_every_minute_of_two_years_the_one_whose_turn_it_is_is_on_call(zone: str) -> None:
    utc, _ = minutes_of(zone)

    @QUICK
    @given(rotation=rotations(zone))
    def holds(rotation: Rotation) -> None:
        turn = turns(zone, rotation.start, unit=rotation.unit, length=rotation.length)
        expected = np.where(turn < 0, -1, (turn + rotation.offset) % len(rotation.members))
        found = people_by_minute(rotation.shifts(*span(zone)), utc)
        assert np.array_equal(found, expected)

    holds()


@pytest.mark.parametrize("zone", ZONES)
def test_the_next_hand_off_is_strictly_later_and_nothing_lies_between(zone: str) -> None:
    first, last = span(zone)

    @QUICK
    @given(rotation=rotations(zone), seconds=st.integers(0, int((last - first).total_seconds())))
    def holds(rotation: Rotation, seconds: int) -> None:
        moment = first + timedelta(seconds=seconds)
        following = rotation.next_hand_off(moment)
        assert following > moment
        assert rotation.next_hand_off(following - timedelta(seconds=1)) == following
        turn = rotation.turn_at(moment)
        assert rotation.turn_at(following - timedelta(seconds=1)) == turn
        assert rotation.turn_at(following) != turn

    holds()


@pytest.mark.parametrize("zone", ZONES)
def test_follow_the_sun_has_no_hole_and_no_overlap_when_each_site_moves_its_clocks_on_another_day(zone: str) -> None:
    """The last site whose clocks have shown its time is on call, minute by minute."""
    first, last = span(zone)
    sites = (
        Site(zone=ZoneInfo(zone), takes_over=time(8, 0), members=(1, 2), turn_days=7),
        Site(zone=ZoneInfo("America/New_York"), takes_over=time(2, 30), members=(3,)),
        Site(zone=ZoneInfo("Europe/London"), takes_over=time(1, 30), members=(4, 5, 6), turn_days=1),
    )
    start = first.date()
    utc = np.arange(utc_minute(first) + 3 * 1440, utc_minute(last))
    latest = np.full(len(utc), -1)
    expected = np.full(len(utc), -1)
    for site in sites:
        shown = _shown(site.zone, utc)
        days = [start + timedelta(days=number) for number in range(740)]
        due = np.array([wall_minute(datetime.combine(day, site.takes_over)) for day in days])
        turn = np.searchsorted(due, shown, side="right") - 1
        begun = _first_minutes(turn, utc)
        member = np.array(site.members)[(np.maximum(turn, 0) // site.turn_days) % len(site.members)]
        expected = np.where(begun >= latest, member, expected)
        latest = np.maximum(latest, begun)
    shifts = FollowTheSun(sites=sites, start=start).shifts(first, last)
    settled = utc >= utc_minute(first) + 6 * 1440
    assert np.array_equal(people_by_minute(shifts, utc)[settled], expected[settled])


def _shown(zone: ZoneInfo, utc: np.ndarray) -> np.ndarray:
    step = utc[::15]  # every clock of the world moves at a quarter of an hour
    offsets = [datetime.fromtimestamp(m * 60, zone).utcoffset() // timedelta(minutes=1) for m in step.tolist()]  # type: ignore[operator]
    return np.maximum.accumulate(utc + np.repeat(np.array(offsets), 15)[: len(utc)])


def _first_minutes(turn: np.ndarray, utc: np.ndarray) -> np.ndarray:
    """In which minute the turn that runs has begun."""
    is_first = np.concatenate([[True], turn[1:] != turn[:-1]])
    return np.maximum.accumulate(np.where(is_first, utc, 0))


def test_a_time_in_the_gap_means_the_first_valid_moment_and_a_repeated_one_its_first_pass() -> None:
    york, apia = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")
    assert moment_of(datetime(2025, 3, 9, 2, 30), york) == datetime(2025, 3, 9, 7, 0, tzinfo=UTC)
    assert moment_of(datetime(2025, 11, 2, 1, 30), york) == datetime(2025, 11, 2, 5, 30, tzinfo=UTC)
    assert moment_of(datetime(2011, 12, 30, 12, 0), apia) == datetime(2011, 12, 30, 10, 0, tzinfo=UTC)


def test_months_are_counted_from_the_first_start_so_that_the_31st_does_not_drift() -> None:
    rotation = Rotation(
        zone=ZoneInfo("UTC"), start=datetime(2025, 1, 31, 9), unit=Unit.MONTHS, length=1, members=(1, 2)
    )
    days = [rotation.hand_off(turn).day for turn in range(6)]
    assert days == [31, 28, 31, 30, 31, 30]


def test_nobody_is_on_call_before_the_first_start_or_without_members() -> None:
    start = datetime(2025, 6, 1, 9)
    rotation = Rotation(zone=ZoneInfo("UTC"), start=start, unit=Unit.WEEKS, length=1, members=(1, 2))
    empty = Rotation(zone=ZoneInfo("UTC"), start=start, unit=Unit.WEEKS, length=1, members=())
    before = datetime(2025, 5, 1, tzinfo=UTC)
    assert rotation.turn_at(before) is None
    assert rotation.next_hand_off(before) == datetime(2025, 6, 1, 9, tzinfo=UTC)
    assert empty.shifts(before, before + timedelta(days=60)) == []
