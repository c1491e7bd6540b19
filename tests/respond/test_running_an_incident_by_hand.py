"""What people do: declare, change, hand over, note, assign, resolve; and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stormproof.core.models import FactRecord, Message
from stormproof.respond import selectors, services
from stormproof.respond.models import Alert, Incident, Page
from tests.respond.make import (
    NOON,
    Shop,
    actor_of,
    come_back,
    go_down,
    make_incident,
    make_monitor,
    make_team,
    make_user,
    minutes,
    seconds,
)

pytestmark = pytest.mark.django_db


def test_a_declared_incident_has_its_severity_money_and_clock_from_the_functions() -> None:
    shop = Shop()
    incident = services.declare_incident(
        title="Cards are refused",
        functions=[shop.checkout],
        root=shop.psp,
        impact_started_at=NOON - minutes(3),
        actor=actor_of(shop.bob),
        at=NOON,
    )
    assert (incident.severity, incident.severity_reason, incident.declared_by_id) == (
        1,
        "100% of revenue stops",
        shop.bob.pk,
    )
    assert selectors.revenue_so_far(incident, NOON) == Decimal(30)
    assert [page.person for page in Page.objects.all()] == [shop.alice]
    assert FactRecord.objects.get(name="IncidentOpened").actor_name == "Bob"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"severity": 5}, "severity"),
        ({"impact_started_at": NOON + seconds(1)}, "impact_started_at"),
    ],
)
def test_an_incident_that_makes_no_sense_is_not_declared(wrong: dict[str, object], field: str) -> None:
    shop = Shop()
    with pytest.raises(services.CannotDeclareIncident) as refusal:
        services.declare_incident(**{"title": "x", "actor": actor_of(shop.bob), "at": NOON, **wrong})  # type: ignore[arg-type]
    assert (refusal.value.field, Incident.objects.count(), Message.objects.count()) == (field, 0, 0)


def test_an_asset_is_no_function() -> None:
    shop = Shop()
    with pytest.raises(services.CannotDeclareIncident, match="Orders db is not a business function"):
        services.declare_incident(title="x", functions=[shop.database], actor=actor_of(shop.bob), at=NOON)


def test_alerts_join_a_declared_incident_and_do_not_end_it() -> None:
    shop = Shop()
    declared = services.declare_incident(
        title="Checkout is odd", functions=[shop.checkout], actor=actor_of(shop.bob), at=NOON
    )
    monitor = make_monitor(shop.database)
    assert go_down(monitor, at=NOON + seconds(30)) == declared
    declared.refresh_from_db()
    assert (declared.root_node, declared.title) == (shop.database, "Checkout is odd")
    come_back(monitor, at=NOON + seconds(60))
    assert services.resolve_what_has_settled(at=NOON + minutes(60)) == 0


def test_a_severity_set_by_hand_stays() -> None:
    shop = Shop()
    incident = make_incident(shop.web_a)
    services.change_severity(incident, severity=3, reason="sale day", actor=actor_of(shop.alice), at=NOON)
    go_down(make_monitor(shop.web_b), at=NOON + seconds(5))
    incident.refresh_from_db()
    assert (incident.severity, incident.severity_reason, incident.severity_by_hand) == (3, "sale day", True)


def test_a_milder_severity_pages_nobody_and_a_graver_one_pages_the_team_and_the_commander() -> None:
    shop = Shop()
    carol = make_user("Carol")
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(carol), at=NOON)
    services.change_severity(incident, severity=3, reason="", actor=actor_of(carol), at=NOON + seconds(1))
    assert Page.objects.count() == 1
    services.change_severity(incident, severity=2, reason="", actor=actor_of(carol), at=NOON + seconds(2))
    assert [(page.person, page.cycle) for page in Page.objects.all()] == [(shop.alice, 1), (shop.alice, 2), (carol, 2)]
    assert services.page_the_next(at=NOON + minutes(60)) == 0


@pytest.mark.parametrize(("severity", "words"), [(0, "does not exist"), (1, "has severity 1 already")])
def test_a_severity_that_makes_no_sense_is_refused(severity: int, words: str) -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    with pytest.raises(services.CannotChangeSeverity, match=words):
        services.change_severity(incident, severity=severity, reason="", actor=actor_of(shop.alice), at=NOON)


def test_command_is_handed_over_to_somebody_who_is_there() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.hand_over(incident, to=shop.bob, actor=actor_of(shop.alice), at=NOON)
    incident.refresh_from_db()
    assert incident.commander == shop.bob
    with pytest.raises(services.CannotHandOver, match="commands INC-"):
        services.hand_over(incident, to=shop.bob, actor=actor_of(shop.alice), at=NOON)
    gone = make_user("Gone", is_active=False)
    with pytest.raises(services.CannotHandOver, match="no longer works here"):
        services.hand_over(incident, to=gone, actor=actor_of(shop.alice), at=NOON)
    assert FactRecord.objects.get(name="IncidentHandedOver").payload["user_id"] == shop.bob.pk


def test_an_incident_is_not_resolved_without_a_reason_or_against_red_monitors() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    with pytest.raises(services.CannotResolveIncident) as refusal:
        services.resolve_incident(incident, reason=" ", actor=actor_of(shop.alice), at=NOON)
    assert refusal.value.field == "reason"
    with pytest.raises(services.CannotResolveIncident) as refusal:
        services.resolve_incident(incident, reason="fine", actor=actor_of(shop.alice), at=NOON)
    assert refusal.value.field == "despite_red"
    incident.refresh_from_db()
    assert (incident.state, Alert.objects.get().closed_at) == ("open", None)
    services.resolve_incident(incident, reason="fine", actor=actor_of(shop.alice), at=NOON, despite_red=True)
    with pytest.raises(services.CannotResolveIncident, match="resolved already"):
        services.resolve_incident(incident, reason="fine", actor=actor_of(shop.alice), at=NOON)
    assert Alert.objects.get().closed_at == NOON


def test_notes_and_tasks_are_written_finished_once_and_refused_when_empty() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    alice = actor_of(shop.alice)
    services.add_note(incident, text=" The disk is full ", actor=alice, at=NOON)
    note = incident.timeline.get(kind="note")
    assert (note.text, note.author, note.group) == ("The disk is full", shop.alice, "decisions")
    services.pin_entry(note, is_pinned=True, actor=alice)
    note.refresh_from_db()
    assert note.is_pinned
    task = services.add_task(incident, title="Free the disk", assignee=shop.bob, actor=alice, at=NOON)
    services.finish_task(task, actor=actor_of(shop.bob), at=NOON + seconds(9))
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (NOON + seconds(9), shop.bob)
    with pytest.raises(services.CannotFinishTask):
        services.finish_task(task, actor=alice, at=NOON)
    with pytest.raises(services.CannotAddNote):
        services.add_note(incident, text=" ", actor=alice, at=NOON)
    with pytest.raises(services.CannotAddTask):
        services.add_task(incident, title=" ", actor=alice, at=NOON)


def test_a_cause_of_another_team_pages_that_team_too() -> None:
    shop = Shop()
    carol = make_user("Carol")
    shop.psp.team = make_team("payments", carol)
    shop.psp.save()
    shop.checkout.team = shop.platform
    shop.checkout.save()
    incident = make_incident(shop.checkout)
    go_down(make_monitor(shop.psp), at=NOON + seconds(3))
    assert [page.person for page in Page.objects.filter(incident=incident)] == [shop.alice, carol]


def test_a_private_incident_is_told_to_no_webhook() -> None:
    shop = Shop()
    services.set_paging_webhooks(["https://chat.example/hook"], actor=actor_of(shop.bob))
    services.declare_incident(title="Extortion", is_private=True, root=shop.psp, actor=actor_of(shop.bob), at=NOON)
    assert [message.channel for message in Message.objects.all()] == ["email"]
