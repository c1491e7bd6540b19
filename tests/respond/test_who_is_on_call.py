"""Schedules: who is on call, what changes it for a while, what stays history, and what is warned of."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stormproof.core.actor import SYSTEM, NotAllowed
from stormproof.core.models import FactRecord, Message
from stormproof.people.models import User
from stormproof.respond import selectors, services
from stormproof.respond.models import CoverageGap, Duty, Schedule, ScheduleOverride, Swap
from tests.respond.make import NOON, Shop, actor_of, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def weekly(*people: User, **more: Any) -> services.LayerPart:
    """From Monday, 2 March 2026, 9:00 UTC."""
    said = {"name": "Weekly", "starts_on": date(2026, 3, 2), "zone": "UTC", "people": people}
    return services.LayerPart(**{**said, **more})


def make_schedule(*layers: services.LayerPart, shop: Shop, **more: Any) -> Schedule:
    said = {"name": "Platform on call", "zone": "UTC", "team": shop.platform, "actor": SYSTEM, "at": NOON}
    return services.put_schedule("platform", layers=layers, **{**said, **more})


def on_call(schedule: Schedule, at: datetime) -> str:
    return str(selectors.people_on_call([schedule], at=at)[schedule.pk])


def test_people_take_turns_and_the_page_says_who_comes_next() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    standing = selectors.standings([schedule], at=NOON)[0]
    assert (standing.person, standing.next_person) == (shop.alice, shop.bob)
    assert standing.until == datetime.fromisoformat("2026-03-09T09:00:00+00:00")


def test_who_is_on_call_in_many_schedules_takes_a_fixed_number_of_queries() -> None:
    shop = Shop()
    for number in range(6):
        services.put_schedule(
            f"s{number}", name=f"S{number}", zone="UTC", layers=[weekly(shop.alice)], actor=SYSTEM, at=NOON
        )
    schedules = list(selectors.schedules_for(SYSTEM))
    with CaptureQueriesContext(connection) as queries:
        assert len(selectors.standings(schedules, at=NOON)) == 6
    assert len(queries) == 6


def test_an_override_counts_from_now_on_and_history_stays() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    start, end = NOON + 2 * HOUR, NOON + 6 * HOUR
    services.add_override(schedule, person=shop.bob, starts_at=NOON, ends_at=end, actor=actor_of(shop.bob), at=start)
    assert ScheduleOverride.objects.get().starts_at == start
    assert [on_call(schedule, moment) for moment in (NOON + HOUR, start, end)] == ["Alice", "Bob", "Alice"]
    services.record_all_duties(at=NOON + DAY)
    assert [(str(d.person), d.starts_at, d.ends_at) for d in Duty.objects.order_by("starts_at")] == [
        ("Alice", NOON, start),
        ("Bob", start, end),
        ("Alice", end, NOON + DAY),
    ]
    began = FactRecord.objects.filter(name="ShiftBegan").order_by("pk")
    assert [fact.payload["user_id"] for fact in began] == [shop.alice.pk, shop.bob.pk, shop.alice.pk]


def test_a_change_of_layers_leaves_the_past_alone() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice), shop=shop)
    make_schedule(weekly(shop.bob), shop=shop, at=NOON + HOUR)
    services.record_all_duties(at=NOON + 2 * HOUR)
    assert [str(duty.person) for duty in Duty.objects.order_by("starts_at")] == ["Alice", "Bob"]
    services.record_all_duties(at=NOON + 3 * HOUR)
    assert Duty.objects.filter(schedule=schedule).count() == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"starts_at": NOON + HOUR, "ends_at": NOON}, "ends_at"),
        ({"starts_at": NOON - DAY, "ends_at": NOON - HOUR}, "ends_at"),
        ({"person": "charlie"}, "person"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(wrong: dict[str, Any], field: str) -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice), shop=shop)
    said = {"person": shop.bob, "starts_at": NOON, "ends_at": NOON + HOUR, **wrong}
    said["person"] = shop.charlie if said["person"] == "charlie" else said["person"]
    with pytest.raises(services.CannotOverride) as refused:
        services.add_override(schedule, **said, actor=SYSTEM, at=NOON)
    assert refused.value.field == field
    assert not ScheduleOverride.objects.exists()


def test_only_planners_put_others_on_call() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice), shop=shop)
    agent = make_user("Agent", roles=("support_agent",))
    with pytest.raises(NotAllowed):
        services.add_override(
            schedule, person=shop.bob, starts_at=NOON, ends_at=NOON + HOUR, actor=actor_of(agent), at=NOON
        )


def test_a_swap_changes_nothing_before_it_is_accepted_and_then_both_shifts() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob, unit="days"), shop=shop)  # Wednesday: Alice, Thursday: Bob
    swap = services.ask_swap(
        schedule,
        asked=shop.bob,
        starts_at=NOON + HOUR,
        ends_at=NOON + 2 * HOUR,
        back=(NOON + DAY, NOON + DAY + HOUR),
        actor=actor_of(shop.alice),
        at=NOON,
    )
    times = (NOON + HOUR, NOON + DAY)
    assert [on_call(schedule, moment) for moment in times] == ["Alice", "Bob"]
    with pytest.raises(services.CannotSwap):
        services.answer_swap(swap, state="accepted", actor=actor_of(shop.alice), at=NOON)
    services.answer_swap(swap, state="accepted", actor=actor_of(shop.bob), at=NOON)
    assert [on_call(schedule, moment) for moment in times] == ["Bob", "Alice"]
    with pytest.raises(services.CannotSwap):
        services.answer_swap(swap, state="declined", actor=actor_of(shop.bob), at=NOON)
    assert Message.objects.filter(key=f"swap:{swap.pk}", address=shop.bob.email).count() == 1


def test_a_shift_that_is_not_ones_own_cannot_be_swapped() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice), shop=shop)
    with pytest.raises(services.CannotSwap) as refused:
        services.ask_swap(
            schedule, asked=shop.alice, starts_at=NOON, ends_at=NOON + HOUR, actor=actor_of(shop.bob), at=NOON
        )
    assert refused.value.field == "starts_at"
    assert not Swap.objects.exists()


def test_who_is_away_is_stood_in_for_by_the_next() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    absence = services.add_absence(shop.alice, starts_at=NOON, ends_at=NOON + DAY, actor=actor_of(shop.alice), at=NOON)
    assert on_call(schedule, NOON + HOUR) == "Bob"
    services.end_absence(absence, actor=actor_of(shop.alice), at=NOON + HOUR)
    assert on_call(schedule, NOON + 2 * HOUR) == "Alice"


def test_a_person_who_left_is_not_on_call() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    User.objects.filter(pk=shop.alice.pk).update(is_active=False)
    assert on_call(schedule, NOON) == "Bob"


def test_a_hole_within_30_days_is_told_and_mailed_once_and_forgotten_when_filled() -> None:
    shop = Shop()
    office = services.Hours(days=(0, 1, 2, 3, 4), start=time(0), end=time(0))
    schedule = make_schedule(weekly(shop.alice, hours=(office,)), shop=shop)
    assert services.warn_of_gaps(at=NOON) == 4  # the weekends within 30 days
    assert services.warn_of_gaps(at=NOON + HOUR) == 0
    assert FactRecord.objects.filter(name="CoverageGapFound").count() == 4
    assert Message.objects.filter(address=shop.alice.email).count() == 4
    first = selectors.gaps_ahead(SYSTEM)[0]
    assert (first.starts_at.weekday(), first.ends_at - first.starts_at) == (5, 2 * DAY)
    services.put_layer(schedule, weekly(shop.bob), position=None, actor=SYSTEM, at=NOON)
    services.warn_of_gaps(at=NOON + HOUR)
    assert not CoverageGap.objects.exists()


def test_who_leaves_is_asked_for_a_note_and_who_comes_reads_it() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    hand_off = datetime.fromisoformat("2026-03-09T09:00:00+00:00")
    for minutes in (120, 55, 30):
        services.record_all_duties(at=hand_off - minutes * timedelta(minutes=1))
    asked = Message.objects.filter(key__startswith="note-asked:")
    assert [message.address for message in asked] == [shop.alice.email]
    services.leave_note(schedule, text="The disk is nearly full", actor=actor_of(shop.alice), at=hand_off - HOUR)
    services.tell_who_comes(schedule.pk, shop.bob.pk, at=hand_off)
    told = Message.objects.get(key__startswith="shift:")
    from stormproof.core.secrets import open_text

    assert told.address == shop.bob.email
    assert "Alice says:" in open_text(told.sealed_payload)


def test_the_report_counts_hours_nights_weekends_and_who_bears_too_much() -> None:
    shop = Shop()
    carol = make_user("Carol")
    schedule = make_schedule(
        weekly(shop.alice, shop.bob, carol, unit="days"),
        weekly(shop.alice, hours=(services.Hours(days=(5, 6), start=time(0), end=time(0)),)),
        shop=shop,
    )
    start = datetime.fromisoformat("2026-03-09T00:00:00+00:00")
    shares = selectors.shares_of([schedule], start=start, end=start + 21 * DAY, at=NOON)
    alice = shares[0]
    assert (alice.person, alice.is_too_much, alice.load.weekends) == (shop.alice, True, 144.0)
    assert sum(share.load.hours for share in shares) == 21 * 24
    assert sum(share.load.nights for share in shares) == 21 * 8
    assert [share.is_too_much for share in shares[1:]] == [False, False]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"people": ()}, "people"),
        ({"length": 0}, "length"),
        ({"unit": "moons"}, "unit"),
        ({"hours": (services.Hours(days=(), start=time(0), end=time(0)),)}, "days"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused_and_nothing_is_kept(wrong: dict[str, Any], field: str) -> None:
    shop = Shop()
    with pytest.raises(services.CannotSetSchedule) as refused:
        make_schedule(
            weekly(shop.alice, **{"people": (shop.alice,), **wrong})
            if "people" not in wrong
            else services.LayerPart(name="x", starts_on=date(2026, 3, 2), zone="UTC"),
            shop=shop,
        )
    assert refused.value.field == field
    assert not Schedule.objects.exists()


def test_a_temporary_schedule_replaces_the_layers_for_a_while() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice), shop=shop)
    row = services.add_temporary_schedule(
        schedule,
        name="Sale",
        starts_at=NOON,
        ends_at=NOON + 4 * HOUR,
        shifts=[(NOON, NOON + 2 * HOUR, shop.bob)],
        actor=SYSTEM,
        at=NOON,
    )
    moments = (NOON + HOUR, NOON + 3 * HOUR, NOON + 5 * HOUR)
    assert [on_call(schedule, moment) for moment in moments] == ["Bob", "None", "Alice"]
    services.end_temporary_schedule(row, actor=SYSTEM, at=NOON + 3 * HOUR)
    assert on_call(schedule, NOON + 3 * HOUR) == "Alice"
