"""Rules that declare an incident, and updates to those who must know."""

from __future__ import annotations

from typing import Any

import pytest

from stormproof.core.document import Known
from stormproof.core.models import Message
from stormproof.respond import selectors, services
from stormproof.respond.document import IncidentsSection
from stormproof.respond.document.incidents import IncidentsShape
from stormproof.respond.models import Audience, Incident
from tests.respond.make import NOON, Shop, actor_of, go_down, make_incident, make_monitor, make_user, minutes, seconds
from tests.respond.test_incident_pages import client_of
from tests.respond.test_incidents_by_api_and_command import call

pytestmark = pytest.mark.django_db
DOCUMENT: dict[str, Any] = {
    "war_room": "https://meet.example/{label}",
    "rules": {
        "platform-storm": {
            "title": "The platform is in a storm",
            "team": "platform",
            "count": 3,
            "within": "10m",
            "severity": 1,
            "laws": ["nis2"],
        }
    },
    "audiences": {
        "board": {"name": "Management", "addresses": ["board@shop.example"], "every": "1h", "sees_private": True},
        "partners": {"name": "Partners", "addresses": ["ops@partner.example"], "template": "{title}: {stage}"},
    },
}


def apply(document: dict[str, Any]) -> IncidentsSection:
    section = IncidentsSection()
    section.apply(IncidentsShape(**document), actor=actor_of(make_user("Dora", roles=("admin",))), at=NOON)
    return section


def test_what_the_document_says_is_written_out_again() -> None:
    Shop()
    section = apply(DOCUMENT)
    assert section.read() == DOCUMENT
    value = IncidentsShape(**DOCUMENT)
    assert [one.message for one in section.check(value, Known())] == ["there is no team 'platform'"]


def test_enough_alerts_of_a_team_declare_an_incident_once_and_start_its_clocks() -> None:
    shop = Shop()
    apply(DOCUMENT)
    make_incident(shop.web_a)
    make_incident(shop.psp, at=NOON + seconds(30))
    make_incident(shop.wifi, at=NOON + seconds(40))  # of no team
    assert not Incident.objects.filter(rule="platform-storm").exists()
    go_down(make_monitor(shop.web_b), at=NOON + seconds(60))
    declared = Incident.objects.get(rule="platform-storm")
    assert (declared.title, declared.severity, declared.is_declared) == ("The platform is in a storm", 1, True)
    assert declared.legal_clocks.count() == 3
    assert len(selectors.related_to(actor_of(shop.alice), declared)) >= 1
    go_down(make_monitor(shop.database), at=NOON + seconds(90))
    assert Incident.objects.filter(rule="platform-storm").count() == 1


def test_alerts_that_are_too_far_apart_declare_nothing() -> None:
    shop = Shop()
    apply(DOCUMENT)
    for place, node in enumerate((shop.web_a, shop.psp, shop.web_b)):
        make_incident(node, at=NOON + minutes(6 * place))
    assert not Incident.objects.filter(is_declared=True).exists()


def test_an_update_is_mailed_to_its_audience_once_each_and_says_when_the_next_is_due() -> None:
    shop = Shop()
    apply(DOCUMENT)
    incident = make_incident(shop.database)
    partners = Audience.objects.get(slug="partners")
    subject, text = selectors.draft_update(incident, partners, NOON)
    assert text == "Checkout and 1 more down: detected"
    alice = actor_of(shop.alice)
    services.take_command(incident, actor=alice, at=NOON)
    services.send_update(incident, partners, subject=subject, text=text, next_in_seconds=3600, actor=alice, at=NOON)
    sent = Message.objects.get(key__startswith="update:")
    assert (sent.address, sent.lane) == ("ops@partner.example", "updates")
    assert [services.remind_of_updates(at=NOON + minutes(at)) for at in (59, 60, 61)] == [0, 1, 0]
    assert Message.objects.filter(key__endswith=":due").get().address == "alice@shop.example"
    assert incident.timeline.get(kind="update").text.startswith("Update 1 to Partners (1): ")


def test_what_is_private_goes_only_to_those_who_may_know() -> None:
    shop = Shop()
    apply(DOCUMENT)
    alice = actor_of(shop.alice)
    secret = services.declare_incident(title="Breach", is_private=True, actor=alice, at=NOON)
    partners = Audience.objects.get(slug="partners")
    with pytest.raises(services.CannotSendUpdate, match="may not know of it"):
        services.send_update(secret, partners, subject="x", text="y", actor=alice, at=NOON)
    assert Message.objects.filter(key__startswith="update:").count() == 0
    assert [one.audience.slug for one in selectors.audiences_of(secret)] == ["board"]
    assert client_of(shop.alice).get(f"/incidents/{secret.number}/updates/partners/").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"), [({"subject": " "}, "subject"), ({"subject": "a\nBcc: x"}, "subject"), ({"text": ""}, "text")]
)
def test_an_update_that_cannot_go_out_is_refused(wrong: dict[str, str], field: str) -> None:
    shop = Shop()
    apply(DOCUMENT)
    incident = make_incident(shop.database)
    with pytest.raises(services.CannotSendUpdate) as refusal:
        services.send_update(
            incident,
            Audience.objects.get(slug="board"),
            **{"subject": "x", "text": "y", **wrong},
            actor=actor_of(shop.alice),
            at=NOON,
        )
    assert (refusal.value.field, incident.updates.count()) == (field, 0)


def test_an_update_is_looked_at_before_it_goes_out_and_the_war_room_is_one_click_away() -> None:
    shop = Shop()
    apply(DOCUMENT)
    incident = make_incident(shop.database)
    client = client_of(shop.alice)
    page = client.get(f"/incidents/{incident.number}/").content.decode()
    assert f"https://meet.example/{incident.label.lower()}" in page
    url = f"/incidents/{incident.number}/updates/board/"
    data = {"subject": "Checkout", "text": "We are on it", "next_in": "1h"}
    assert "board@shop.example" in client.get(url).content.decode()
    assert "This goes out" in client.post(url, {**data, "do": "preview"}).content.decode()
    assert incident.updates.count() == 0
    assert client.post(url, {**data, "do": "send"}).status_code == 302
    assert incident.updates.get().next_due_at is not None
    assert client_of(make_user("Olga", roles=("auditor",))).post(url, data).status_code == 403


def test_programs_send_updates() -> None:
    shop = Shop()
    apply(DOCUMENT)
    incident = make_incident(shop.database)
    path = f"/incidents/{incident.number}/updates"
    assert call(shop.alice, "POST", path, audience="partners").json()["text"].startswith("Checkout and 1 more down")
    assert call(shop.alice, "POST", path, audience="nobody").status_code == 404
    assert [one["audience"] for one in call(shop.alice, "GET", path).json()] == ["partners"]


def test_the_history_on_the_overview_does_not_name_a_private_incident() -> None:
    shop = Shop()
    services.declare_incident(title="Extortion mail", is_private=True, actor=actor_of(shop.alice), at=NOON)
    olga = make_user("Olga", roles=("auditor",))
    assert "Extortion" in client_of(shop.alice).get("/").content.decode()
    assert "Extortion" not in client_of(olga).get("/").content.decode()
