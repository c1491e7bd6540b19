"""From an incident without a notice: looking asks, and only the answer drafts."""

from __future__ import annotations

import pytest

from stormproof.core.clock import now
from stormproof.inform.models import Notice
from tests.people.make import person, signed_in
from tests.respond.make import make_incident, make_node, minutes

pytestmark = pytest.mark.django_db


def address() -> str:
    incident = make_incident(make_node("orders-db"), at=now() - minutes(3))
    return f"/customers/incident/{incident.number}/"


def test_looking_asks_and_writes_nothing() -> None:
    client, path = signed_in(person("continuity_manager")), address()
    answer = client.get(path)
    assert (answer.status_code, Notice.objects.count()) == (200, 0)
    assert "Draft it" in answer.content.decode()


def test_the_answer_drafts_once_and_leads_to_the_notice() -> None:
    client, path = signed_in(person("continuity_manager")), address()
    first, again = client.post(path), client.post(path)
    notice = Notice.objects.get()
    assert first.headers["Location"] == again.headers["Location"] == f"/customers/notices/{notice.pk}/"


def test_who_may_only_read_finds_no_notice() -> None:
    client, path = signed_in(person("auditor")), address()
    assert [client.get(path).status_code, client.post(path).status_code, Notice.objects.count()] == [404, 404, 0]
