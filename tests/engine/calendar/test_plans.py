"""Who is on call when layers, temporary schedules, overrides, absences and holidays meet."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormproof.engine.calendar import (
    Absence,
    Holidays,
    Layer,
    Override,
    Plan,
    Rotation,
    Temporary,
    Unit,
    Window,
    on_call_at,
    open_times,
    slots,
)
from tests.engine.calendar.clocks import YEARS, ZONES

HOUR = timedelta(hours=1)
MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
WEEKDAYS = frozenset(range(5))


def layer(*members: int, zone: str = "UTC", start: datetime = datetime(2025, 3, 1), **more: object) -> Layer:
    rotation = Rotation(zone=ZoneInfo(zone), start=start, unit=Unit.DAYS, length=1, members=members)
    return Layer(rotation=rotation, zone=ZoneInfo(zone), **more)  # type: ignore[arg-type]


def told(plan: Plan, hours: int = 48) -> list[tuple[float, int | None, str]]:
    """When each slot begins, in hours since Monday."""
    return [
        ((slot.start - MONDAY) / HOUR, slot.person, slot.source) for slot in slots(plan, MONDAY, MONDAY + hours * HOUR)
    ]


def test_a_later_layer_goes_before_an_earlier_one_during_its_hours() -> None:
    office = Window(weekdays=WEEKDAYS, start=time(9), end=time(17))
    plan = Plan(layers=(layer(1), layer(2, windows=(office,))))
    assert told(plan) == [(0, 1, "layer"), (9, 2, "layer"), (17, 1, "layer"), (33, 2, "layer"), (41, 1, "layer")]


def test_a_temporary_schedule_goes_before_layers_and_an_override_before_both() -> None:
    temporary = Temporary(
        start=MONDAY + 6 * HOUR, end=MONDAY + 12 * HOUR, shifts=((MONDAY + 6 * HOUR, MONDAY + 8 * HOUR, 7),)
    )
    override = Override(start=MONDAY + 7 * HOUR, end=MONDAY + 9 * HOUR, person=9)
    plan = Plan(layers=(layer(1),), temporary=(temporary,), overrides=(override,))
    assert told(plan, 24) == [
        (0, 1, "layer"),
        (6, 7, "temporary"),
        (7, 9, "override"),
        (9, None, "temporary"),
        (12, 1, "layer"),
    ]


def test_an_override_that_replaces_somebody_counts_only_where_that_one_would_be_on_call() -> None:
    plan = Plan(
        layers=(layer(1, 2),), overrides=(Override(start=MONDAY, end=MONDAY + 48 * HOUR, person=9, replaces=1),)
    )
    assert told(plan) == [(0, 9, "override"), (24, 2, "layer")]


def test_the_next_of_the_rotation_stands_in_for_one_who_is_away() -> None:
    plan = Plan(layers=(layer(1, 2, 3),), absences=(Absence(start=MONDAY + HOUR, end=MONDAY + 3 * HOUR, person=3),))
    assert told(plan, 24) == [(0, 3, "layer"), (1, 1, "layer"), (3, 3, "layer")]


def test_a_hole_is_left_when_everybody_is_away() -> None:
    plan = Plan(layers=(layer(1),), absences=(Absence(start=MONDAY, end=MONDAY + HOUR, person=1),))
    assert told(plan, 2) == [(0, None, "layer"), (1, 1, "layer")]


@pytest.mark.parametrize(("mode", "on_holiday", "else_"), [("count", 1, 1), ("off", None, 1), ("only", 1, None)])
def test_a_layer_may_be_off_on_holidays_or_count_on_them_only(
    mode: str, on_holiday: int | None, else_: int | None
) -> None:
    plan = Plan(layers=(layer(1, holidays=Holidays(mode)),), holidays=frozenset({date(2025, 3, 3)}))
    assert on_call_at(plan, MONDAY + 12 * HOUR) == on_holiday
    assert on_call_at(plan, MONDAY + 36 * HOUR) == else_


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = Window(weekdays=frozenset({4}), start=time(22), end=time(6))
    friday = datetime(2025, 3, 7, tzinfo=UTC)
    assert open_times((night,), ZoneInfo("UTC"), start=friday, end=friday + timedelta(days=7)) == [
        (friday + 22 * HOUR, friday + 30 * HOUR)
    ]


@st.composite
def plans(draw: st.DrawFn, zone: str) -> tuple[Plan, datetime]:
    """A plan with everything in it, over ten days somewhere in two years."""
    first = datetime(YEARS[zone], 1, 1, tzinfo=UTC) + timedelta(days=draw(st.integers(0, 700)))

    def moment() -> st.SearchStrategy[datetime]:
        return st.integers(0, 10 * 24 * 4).map(lambda quarter: first + timedelta(minutes=15 * quarter))

    people = st.integers(1, 4)
    window = st.builds(
        Window,
        weekdays=st.frozensets(st.integers(0, 6)),
        start=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
        end=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    )
    layers = draw(
        st.lists(
            st.builds(
                layer,
                people,
                people,
                zone=st.just(zone),
                start=st.just(datetime(YEARS[zone] - 1, 12, 1, 2, 30)),
                windows=st.lists(window, max_size=2).map(tuple),
                holidays=st.sampled_from(Holidays),
            ),
            max_size=3,
        )
    )
    spans = st.tuples(moment(), moment()).filter(lambda two: two[0] < two[1])
    overrides = [
        Override(start=a, end=b, person=draw(people), replaces=draw(st.none() | people))
        for a, b in draw(st.lists(spans, max_size=3))
    ]
    absences = [Absence(start=a, end=b, person=draw(people)) for a, b in draw(st.lists(spans, max_size=3))]
    temporary = [
        Temporary(start=a, end=b, shifts=((a, a + (b - a) / 2, draw(people)),))
        for a, b in draw(st.lists(spans, max_size=1))
    ]
    day = (first + timedelta(days=3)).date()
    return (
        Plan(
            layers=tuple(layers),
            overrides=tuple(overrides),
            temporary=tuple(temporary),
            absences=tuple(absences),
            holidays=frozenset({day}),
        ),
        first,
    )


@pytest.mark.hypothesis
@pytest.mark.parametrize("zone", ZONES)
def test_slots_have_neither_hole_nor_overlap_and_agree_with_asking_at_each_moment(zone: str) -> None:
    @settings(max_examples=max(settings.default.max_examples // 6, 10))  # type: ignore[union-attr]
    @given(made=plans(zone), minutes=st.lists(st.integers(0, 10 * 1440 - 1), min_size=20, max_size=20))
    def holds(made: tuple[Plan, datetime], minutes: list[int]) -> None:
        plan, first = made
        found = slots(plan, first, first + timedelta(days=10))
        assert found[0].start == first
        assert found[-1].end == first + timedelta(days=10)
        assert all(one.end == other.start for one, other in pairwise(found))
        assert all(slot.start < slot.end for slot in found)
        for minute in minutes:
            moment = first + timedelta(minutes=minute)
            slot = next(one for one in found if one.start <= moment < one.end)
            assert slot.person == on_call_at(plan, moment)

    holds()
