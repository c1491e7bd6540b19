"""Acknowledging: on the page, and by the link in a mail."""

from __future__ import annotations

import pytest

from stormproof.core.actor import NotAllowed
from stormproof.core.models import FactRecord
from stormproof.core.refusals import NotFound
from stormproof.respond import services
from stormproof.respond.models import AckLink, Escalation, Page
from tests.respond.make import NOON, Shop, actor_of, make_incident, minutes, seconds, token_in

pytestmark = pytest.mark.django_db


def test_the_first_who_acknowledges_commands_and_the_paging_stops() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(40))
    incident.refresh_from_db()
    assert (incident.state, incident.acknowledged_at, incident.commander) == (
        "acknowledged",
        NOON + seconds(40),
        shop.alice,
    )
    assert Escalation.objects.get().next_at is None
    page = Page.objects.get()
    assert (page.state, page.answered_at) == ("acknowledged", NOON + seconds(40))
    assert FactRecord.objects.get(name="IncidentAcknowledged").payload == {
        "incident_id": incident.pk,
        "user_id": shop.alice.pk,
    }


def test_the_second_who_acknowledges_helps_and_tells_nothing_new() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    for user, moment in ((shop.alice, 40), (shop.bob, 50), (shop.bob, 60)):
        services.acknowledge_incident(incident, actor=actor_of(user), at=NOON + seconds(moment))
    incident.refresh_from_db()
    assert (incident.commander, incident.acknowledged_at) == (shop.alice, NOON + seconds(40))
    assert FactRecord.objects.filter(name="IncidentAcknowledged").count() == 1
    texts = incident.timeline.filter(kind="acknowledged").order_by("at").values_list("text", flat=True)
    assert list(texts) == ["Alice is on it and commands", "Bob is on it"]


def test_one_who_may_not_act_may_not_acknowledge() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    with pytest.raises(NotAllowed):
        services.acknowledge_incident(incident, actor=actor_of(shop.charlie), at=NOON)
    incident.refresh_from_db()
    assert incident.state == "open"


def test_a_resolved_incident_cannot_be_acknowledged() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.resolve_incident(incident, reason="done", actor=actor_of(shop.bob), at=NOON, despite_red=True)
    with pytest.raises(services.CannotAcknowledge, match="is resolved"):
        services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(1))


def test_the_link_in_the_mail_acknowledges_once() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    token = token_in(Page.objects.get())
    services.acknowledge_by_link(token, at=NOON + seconds(40))
    incident.refresh_from_db()
    assert (incident.state, incident.commander) == ("acknowledged", shop.alice)
    with pytest.raises(services.CannotAcknowledge, match="used already"):
        services.acknowledge_by_link(token, at=NOON + seconds(41))


def test_the_link_in_the_mail_ends_after_24_hours() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    with pytest.raises(services.CannotAcknowledge, match="older than 24 hours"):
        services.acknowledge_by_link(token_in(Page.objects.get()), at=NOON + minutes(24 * 60))
    incident.refresh_from_db()
    assert (incident.state, AckLink.objects.get().used_at) == ("open", None)


@pytest.mark.parametrize("forged", ["", "x", "{token}x", "{nonce}"])
def test_a_forged_link_is_not_found(forged: str) -> None:
    make_incident(Shop().database)
    token, nonce = token_in(Page.objects.get()), AckLink.objects.get().nonce
    with pytest.raises(NotFound):
        services.acknowledge_by_link(forged.format(token=token, nonce=nonce), at=NOON)


def test_the_link_of_a_person_who_left_is_not_found() -> None:
    shop = Shop()
    make_incident(shop.database)
    token = token_in(Page.objects.get())
    type(shop.alice).objects.filter(pk=shop.alice.pk).update(is_active=False)
    with pytest.raises(NotFound):
        services.acknowledge_by_link(token, at=NOON)
