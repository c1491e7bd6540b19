"""Who does what in an incident, from when until when, and who is trained for it."""

from __future__ import annotations

from datetime import date

import pytest

from stormproof.core.models import FactRecord
from stormproof.respond import selectors, services
from stormproof.respond.models import Qualification, RoleAssignment
from tests.respond.make import NOON, Shop, actor_of, make_incident, make_user, seconds
from tests.respond.test_incident_pages import client_of
from tests.respond.test_incidents_by_api_and_command import call

pytestmark = pytest.mark.django_db


def test_who_acknowledges_first_commands_until_they_hand_over() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(5))
    services.hand_over(incident, to=shop.bob, actor=actor_of(shop.alice), at=NOON + seconds(9))
    held = [(one.person, one.assumed_at, one.ended_at) for one in selectors.roles_of(incident)]
    assert held == [
        (shop.alice, NOON + seconds(5), NOON + seconds(9)),
        (shop.bob, NOON + seconds(9), None),
    ]


def test_one_click_takes_command() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.take_command(incident, actor=actor_of(shop.bob), at=NOON)
    incident.refresh_from_db()
    assert incident.commander == shop.bob
    assert FactRecord.objects.get(name="IncidentRoleTaken").payload["role"] == "commander"
    with pytest.raises(services.CannotAssignRole, match="has this role already"):
        services.take_command(incident, actor=actor_of(shop.bob), at=NOON)


def test_a_role_has_one_holder_and_one_deputy_and_ends_with_the_incident() -> None:
    shop = Shop()
    carol = make_user("Carol")
    incident = make_incident(shop.database)
    alice = actor_of(shop.alice)
    services.assign_role(incident, role="scribe", person=shop.bob, actor=alice, at=NOON)
    services.assign_role(incident, role="scribe", person=carol, is_deputy=True, actor=alice, at=NOON)
    scribe = next(one for one in selectors.roles_now(incident) if one.role == "scribe")
    assert (scribe.holder and scribe.holder.person, scribe.deputy and scribe.deputy.label) == (
        shop.bob,
        "Deputy scribe",
    )
    services.resolve_incident(incident, reason="over", despite_red=True, actor=alice, at=NOON + seconds(60))
    assert {one.ended_at for one in RoleAssignment.objects.all()} == {NOON + seconds(60)}
    incident.refresh_from_db()
    assert [one.holder.person for one in selectors.roles_now(incident) if one.holder] == [shop.bob]


def test_a_role_that_makes_no_sense_is_refused_and_nothing_changes() -> None:
    shop = Shop()
    gone = make_user("Gone", is_active=False)
    incident = make_incident(shop.database)
    alice = actor_of(shop.alice)
    with pytest.raises(services.CannotAssignRole, match="'cook' is no role"):
        services.assign_role(incident, role="cook", person=shop.bob, actor=alice, at=NOON)
    with pytest.raises(services.CannotAssignRole, match="no longer works here"):
        services.assign_role(incident, role="scribe", person=gone, actor=alice, at=NOON)
    command = services.take_command(incident, actor=alice, at=NOON)
    with pytest.raises(services.CannotAssignRole, match="Somebody must command"):
        services.end_role(command, actor=alice, at=NOON)
    assert RoleAssignment.objects.filter(ended_at__isnull=True).count() == 1


def test_the_trained_stand_first_and_the_expired_are_named() -> None:
    shop = Shop()
    carol = make_user("Carol")
    admin = actor_of(make_user("Dora", roles=("admin",)))
    record = services.record_qualification
    record(shop.bob, role="commander", trained_on=date(2026, 1, 1), actor=admin, at=NOON)
    record(carol, role="commander", trained_on=date(2024, 1, 1), expires_on=date(2026, 3, 3), actor=admin, at=NOON)
    told = {str(user): word for user, word in selectors.people_for_role("commander", today=NOON.date())}
    assert next(iter(told.items())) == ("Bob", "trained")
    assert (told["Carol"], told["Alice"]) == ("training expired on 2026-03-03", "not trained")


def test_a_training_is_renewed_not_doubled_and_makes_sense() -> None:
    shop = Shop()
    admin = actor_of(make_user("Dora", roles=("admin",)))
    for until in (date(2026, 6, 1), date(2027, 6, 1)):
        services.record_qualification(
            shop.bob, role="scribe", trained_on=date(2026, 1, 1), expires_on=until, actor=admin, at=NOON
        )
    assert Qualification.objects.get().expires_on == date(2027, 6, 1)
    with pytest.raises(services.CannotRecordQualification) as refusal:
        services.record_qualification(
            shop.bob, role="scribe", trained_on=date(2026, 1, 1), expires_on=date(2025, 1, 1), actor=admin, at=NOON
        )
    assert refusal.value.field == "expires_on"
    assert Qualification.objects.get().expires_on == date(2027, 6, 1)


def test_roles_are_assigned_on_the_page_and_only_by_those_who_act() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    incident = make_incident(shop.database)
    url = f"/incidents/{incident.number}/role/communications/"
    assert client_of(olga).post(url, {"person": shop.bob.pk}).status_code == 403
    client = client_of(shop.alice)
    assert "Bob (not trained)" in client.get(url).content.decode()
    assert client.post(url, {"person": shop.bob.pk}).status_code == 302
    assert client.post(url, {"person": "x"}).status_code == 422
    assert "Bob</strong>" in client.get(f"/incidents/{incident.number}/").content.decode()
    assert client_of(shop.bob).post(f"/incidents/{incident.number}/command/").status_code == 302
    assert client.get(f"/incidents/{incident.number}/role/cook/").status_code == 404


def test_trainings_are_kept_on_their_page() -> None:
    shop = Shop()
    dora = make_user("Dora", roles=("admin",))
    data = {"person": shop.bob.pk, "role": "commander", "trained_on": "2026-01-01"}
    assert client_of(shop.charlie).get("/incidents/trained/").status_code == 404
    assert client_of(make_user("Olga", roles=("auditor",))).post("/incidents/trained/", data).status_code == 403
    client = client_of(dora)
    assert client.post("/incidents/trained/", data).status_code == 302
    assert "for good" in client.get("/incidents/trained/").content.decode()
    assert client.post(f"/incidents/trained/{Qualification.objects.get().pk}/drop/").status_code == 302
    assert Qualification.objects.count() == 0


def test_programs_give_roles_and_record_trainings() -> None:
    shop = Shop()
    dora = make_user("Dora", roles=("admin",))
    incident = make_incident(shop.database)
    path = f"/incidents/{incident.number}"
    body = {"role": "scribe", "person": "bob@shop.example"}
    assert call(shop.charlie, "POST", f"{path}/roles", **body).status_code == 404
    assert call(shop.alice, "POST", f"{path}/roles", **body).json()["person"] == "bob@shop.example"
    assert call(shop.alice, "POST", f"{path}/command").status_code == 201
    assert [one["role"] for one in call(shop.alice, "GET", f"{path}/roles").json()] == ["scribe", "commander"]
    training = {"person": "bob@shop.example", "role": "scribe", "trained_on": "2026-01-01"}
    assert call(dora, "POST", "/incidents/qualifications", **training).status_code == 201
    assert call(dora, "GET", "/incidents/qualifications").json()[0]["expires_on"] is None
