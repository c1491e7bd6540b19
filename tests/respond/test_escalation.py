"""Escalation: steps of many, conditions, nobody on call, acknowledgements that run out, and the auditor behind it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from stormproof.core import dead_man
from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord, Message
from stormproof.people.models import User
from stormproof.respond import services
from stormproof.respond.models import Acknowledgement, AuditFault, Escalation, Incident, Page
from tests.respond.make import (
    NOON,
    Shop,
    actor_of,
    come_back,
    make_incident,
    make_monitor,
    make_team,
    make_user,
    minutes,
    seconds,
)
from tests.respond.test_who_is_on_call import make_schedule, weekly

pytestmark = pytest.mark.django_db


def set_steps(shop: Shop, *steps: services.StepPart, **more: Any) -> None:
    services.set_paging_policy(shop.platform, steps=steps, actor=actor_of(shop.bob), **more)


def paged() -> list[str]:
    return [str(page.person) for page in Page.objects.order_by("posted_at", "pk")]


def test_a_step_pages_whoever_is_on_call_at_that_moment() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    set_steps(shop, services.StepPart(schedules=(schedule,), wait_seconds=60))
    services.add_override(
        schedule, person=shop.bob, starts_at=NOON + seconds(30), ends_at=NOON + minutes(5), actor=SYSTEM, at=NOON
    )
    make_incident(shop.database)
    services.page_the_next(at=NOON + seconds(60))
    assert paged() == ["Alice", "Bob"]


def test_all_whom_a_step_names_are_paged_at_once_and_each_once() -> None:
    shop = Shop()
    carol = make_user("Carol")
    both = make_team("both", shop.alice, carol)
    set_steps(shop, services.StepPart(people=(shop.alice, shop.bob), everyone_of=(both,), wait_seconds=60))
    make_incident(shop.database)
    assert sorted(paged()) == ["Alice", "Bob", "Carol"]
    assert Escalation.objects.get().next_at == NOON + seconds(60)


def test_nobody_on_call_means_the_next_step_at_once_and_the_timeline_says_so() -> None:
    shop = Shop()
    empty = make_schedule(weekly(shop.alice, starts_on=date(2030, 1, 7)), shop=shop)
    set_steps(shop, services.StepPart(schedules=(empty,)), services.StepPart(people=(shop.bob,)))
    incident = make_incident(shop.database)
    assert paged() == ["Bob"]
    texts = list(incident.timeline.values_list("text", flat=True))
    assert "Nobody is on call for step 1; the next step follows at once" in texts


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"severities": (3, 4)}, ["Bob"]),
        ({"severities": (1,)}, ["Alice"]),
        ({"hours": services.StepHours(days=(0, 1, 2, 3, 4), start=time(9), end=time(17), zone="UTC")}, ["Alice"]),
        (
            {"hours": services.StepHours(days=(0, 1, 2, 3, 4), start=time(9), end=time(17), zone="Asia/Tokyo")},
            ["Bob"],
        ),
        ({"hours": services.StepHours(days=(5, 6), start=time(0), end=time(0), zone="UTC")}, ["Bob"]),
    ],
)
def test_a_step_counts_only_for_its_severities_and_hours(condition: dict[str, Any], expected: list[str]) -> None:
    shop = Shop()
    set_steps(shop, services.StepPart(people=(shop.alice,), **condition), services.StepPart(people=(shop.bob,)))
    make_incident(shop.database)  # severity 1, a Wednesday at noon
    assert paged() == expected


def test_a_team_with_a_schedule_and_no_policy_pages_who_is_on_call_first() -> None:
    shop = Shop()
    make_schedule(weekly(shop.bob), shop=shop)
    make_incident(shop.database)
    assert paged() == ["Bob"]


def test_the_last_resort_is_paged_at_the_end_and_again_each_half_hour() -> None:
    shop = Shop()
    carol = make_user("Carol")
    set_steps(shop, services.StepPart(people=(shop.alice,), wait_seconds=60), repeat=1, last_resort=[carol])
    make_incident(shop.database)
    for moment in (60, 60 + 1799, 60 + 1800, 60 + 3600):
        services.page_the_next(at=NOON + seconds(moment))
    assert paged() == ["Alice", "Carol", "Carol", "Carol"]
    assert FactRecord.objects.filter(name="NobodyAnswered").count() == 1


def test_two_acknowledgements_are_needed_when_the_policy_says_so() -> None:
    shop = Shop()
    set_steps(
        shop,
        services.StepPart(people=(shop.alice,), wait_seconds=60),
        services.StepPart(people=(shop.bob,), wait_seconds=60),
        acks_needed=2,
    )
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(5))
    services.page_the_next(at=NOON + seconds(60))
    assert paged() == ["Alice", "Bob"]
    services.acknowledge_incident(incident, actor=actor_of(shop.bob), at=NOON + seconds(65))
    assert Escalation.objects.get().next_at is None
    incident.refresh_from_db()
    assert incident.commander == shop.alice


def test_an_acknowledgement_runs_out_after_an_hour_asks_and_resumes_at_the_same_step() -> None:
    shop = Shop()
    set_steps(
        shop,
        services.StepPart(people=(shop.alice,), wait_seconds=60),
        services.StepPart(people=(shop.bob,), wait_seconds=60),
    )
    incident = make_incident(shop.database)
    services.page_the_next(at=NOON + seconds(60))
    services.acknowledge_incident(incident, actor=actor_of(shop.bob), at=NOON + seconds(70))
    assert Acknowledgement.objects.get().expires_at == NOON + seconds(70) + minutes(60)
    asked_at = NOON + seconds(70) + minutes(60)
    assert services.let_acknowledgements_run_out(at=asked_at - seconds(1)) == 0
    assert services.let_acknowledgements_run_out(at=asked_at) == 1
    assert Message.objects.get(key__startswith="ask:").address == shop.bob.email
    assert services.let_acknowledgements_run_out(at=asked_at + minutes(9)) == 0
    assert services.let_acknowledgements_run_out(at=asked_at + minutes(10)) == 1
    incident.refresh_from_db()
    assert incident.state == "open"
    services.page_the_next(at=asked_at + minutes(10))
    assert paged() == ["Alice", "Bob", "Bob"]
    assert FactRecord.objects.filter(name="AcknowledgementRanOut").count() == 1


def test_who_says_again_that_they_are_on_it_stays_so() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON)
    services.let_acknowledgements_run_out(at=NOON + minutes(60))
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + minutes(65))
    services.let_acknowledgements_run_out(at=NOON + minutes(75))
    incident.refresh_from_db()
    assert (incident.state, incident.acknowledged_at) == ("acknowledged", NOON)
    assert Acknowledgement.objects.get().expires_at == NOON + minutes(125)


def test_the_policy_may_say_how_long_an_acknowledgement_lasts() -> None:
    shop = Shop()
    set_steps(shop, services.StepPart(people=(shop.alice,)), ack_seconds=300)
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON)
    assert Acknowledgement.objects.get().expires_at == NOON + minutes(5)


def test_nobody_is_asked_once_it_is_over() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    services.open_alert(monitor_id=monitor.pk, node_id=shop.database.pk, reason="", failed_since=NOON, at=NOON)
    services.acknowledge_incident(Incident.objects.get(), actor=actor_of(shop.alice), at=NOON)
    come_back(monitor, at=NOON + minutes(1))
    services.resolve_what_has_settled(at=NOON + minutes(2))
    assert services.let_acknowledgements_run_out(at=NOON + minutes(600)) == 0


def break_next_step() -> None:
    Escalation.objects.update(next_at=None)


def break_snapshot() -> None:
    Escalation.objects.all().delete()


def break_message() -> None:
    Message.objects.all().delete()


@pytest.mark.parametrize(
    ("break_it", "what"),
    [(break_next_step, "no next step"), (break_snapshot, "no snapshot"), (break_message, "page lost")],
)
def test_the_auditor_finds_what_is_wrong_pages_the_admins_and_mends_it(break_it: Any, what: str) -> None:
    shop = Shop()
    root = make_user("Root", roles=("admin",))
    incident = make_incident(shop.database)
    break_it()
    late = NOON + minutes(6)
    found = services.audit_escalations(at=late)
    assert services.auditing.FAULTS[what] in " ".join(found)
    assert AuditFault.objects.filter(incident=incident, what=what).count() == 1
    assert Message.objects.filter(address=root.email, key__startswith="audit:").exists()
    services.page_the_next(at=late)
    assert what not in [word for _, word in services.faults_of_paging(at=late)]
    services.audit_escalations(at=late)
    assert not AuditFault.objects.filter(what=what, settled_at__isnull=True).exists()
    assert FactRecord.objects.filter(name="EscalationFaultFound", payload__what=what).count() == 1


def test_an_acknowledgement_without_an_end_is_given_one() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON)
    Acknowledgement.objects.all().delete()
    assert services.audit_escalations(at=NOON + seconds(30)) == []
    assert Acknowledgement.objects.get().expires_at == NOON + seconds(30) + minutes(60)


def test_the_outside_hears_nothing_while_paging_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    class Answer:
        def raise_for_status(self) -> None:
            called.append("yes")

    monkeypatch.setattr(dead_man, "all_alive", lambda lives: True)
    monkeypatch.setattr(dead_man.httpx, "get", lambda url, **more: Answer())
    shop = Shop()
    incident = make_incident(shop.database)
    Message.objects.update(attempts=1)
    assert dead_man.call_dead_man("https://dead.example", at=NOON + seconds(30))
    break_next_step()
    assert not dead_man.call_dead_man("https://dead.example", at=NOON + seconds(30))
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(31))
    assert dead_man.call_dead_man("https://dead.example", at=NOON + seconds(32))
    assert called == ["yes", "yes"]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "sent", "failed", "ack", "leave", "policy", "again", "graver", "down", "up"]),
        st.integers(1, 4000),
    ),
    max_size=14,
)


@settings(max_examples=max(settings.default.max_examples // 8, 12))  # type: ignore[union-attr]
@given(acts=ACTS)
@pytest.mark.hypothesis
def test_every_open_incident_has_a_message_under_way_or_a_next_step_ahead(acts: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        shop = Shop()
        make_user("Root", roles=("admin",))
        schedule = make_schedule(weekly(shop.alice, shop.bob, unit="hours"), shop=shop)
        set_steps(shop, services.StepPart(schedules=(schedule,)), services.StepPart(people=(shop.bob,)), repeat=1)
        monitor, at = make_monitor(shop.database), NOON
        services.open_alert(monitor_id=monitor.pk, node_id=shop.database.pk, reason="", failed_since=at, at=at)
        for act, number in acts:
            at += seconds(number if act == "wait" else 1)
            _do(act, shop, monitor, at)
            services.resolve_what_has_settled(at=at)
            services.let_acknowledgements_run_out(at=at)
            services.page_the_next(at=at)
            for incident in Incident.objects.filter(state="open"):
                under_way = incident.pages.filter(state="pending").exists()
                ahead = incident.escalations.filter(cycle=incident.cycle, next_at__gt=at).exists()
                assert under_way or ahead
            wrong = [what for _, what in services.faults_of_paging(at=at) if what != "page stuck"]
            assert wrong == []
        transaction.set_rollback(True)


def _do(act: str, shop: Shop, monitor: Any, at: datetime) -> None:
    page = Page.objects.filter(state="pending").first()
    if act == "sent" and page:
        services.mark_page_sent(page.key, at=at)
    elif act == "failed" and page:
        services.hand_page_to_next_channel(page.key, at=at)
    else:
        _do_more(act, shop, monitor, at)


def _do_more(act: str, shop: Shop, monitor: Any, at: datetime) -> None:
    incident = Incident.objects.order_by("pk").last()
    if act == "ack" and incident is not None and not incident.is_over:
        services.acknowledge_incident(incident, actor=actor_of(shop.bob), at=at)
    elif act == "leave":
        User.objects.filter(pk=shop.alice.pk).update(is_active=False)
    elif act == "policy":
        services.drop_paging_policies(keep=[], actor=SYSTEM)
    elif act == "graver" and incident is not None and not incident.is_over and incident.severity != 2:
        services.change_severity(incident, severity=2, reason="", actor=SYSTEM, at=at)
    elif act == "up":
        come_back(monitor, at=at)
    elif act == "down":
        services.open_alert(
            monitor_id=monitor.pk, node_id=shop.database.pk, reason="", failed_since=at.astimezone(UTC), at=at
        )
