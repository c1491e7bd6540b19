"""Stages with their moments, lines that are rewritten, tasks that are due, the incident as a document."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from stormproof.cli.respond import commands
from stormproof.core.models import FactRecord, Message
from stormproof.respond import selectors, services
from tests.respond.make import NOON, Shop, actor_of, come_back, go_down, make_incident, make_monitor, make_user, seconds
from tests.respond.test_incident_pages import client_of
from tests.respond.test_incidents_by_api_and_command import call

pytestmark = pytest.mark.django_db


def test_an_incident_goes_from_detected_to_resolved() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    incident = go_down(monitor)
    assert incident is not None
    stages = [str(incident.stage)]
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(5))
    incident.refresh_from_db()
    stages.append(str(incident.stage))
    come_back(monitor, at=NOON + seconds(60))
    incident.refresh_from_db()
    stages.append(str(incident.stage))
    services.resolve_what_has_settled(at=NOON + seconds(90))
    incident.refresh_from_db()
    assert [*stages, str(incident.stage)] == ["detected", "acknowledged", "mitigated", "resolved"]


def test_a_person_says_that_it_is_stable_and_a_new_alert_takes_it_back() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    alice = actor_of(shop.alice)
    services.mitigate_incident(incident, reason="traffic goes to the standby", actor=alice, at=NOON + seconds(60))
    incident.refresh_from_db()
    assert (incident.impact_ended_at, str(incident.stage)) == (NOON + seconds(60), "mitigated")
    assert FactRecord.objects.filter(name="IncidentMitigated").count() == 1
    with pytest.raises(services.CannotMitigateIncident, match="stable already"):
        services.mitigate_incident(incident, reason="x", actor=alice, at=NOON + seconds(61))
    go_down(make_monitor(shop.checkout), at=NOON + seconds(70))
    incident.refresh_from_db()
    assert (incident.impact_ended_at, str(incident.stage)) == (None, "detected")
    with pytest.raises(services.CannotMitigateIncident) as refusal:
        services.mitigate_incident(incident, reason=" ", actor=alice, at=NOON + seconds(71))
    assert refusal.value.field == "reason"


def test_a_rewritten_line_keeps_what_it_said_before() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    alice, bob = actor_of(shop.alice), actor_of(shop.bob)
    services.add_note(incident, text="The disc is full", kind="observation", actor=alice, at=NOON)
    line = incident.timeline.get(kind="observation")
    services.edit_entry(line, text="The disk is full", actor=bob, at=NOON + seconds(9))
    services.edit_entry(line, text="The disk of orders-db is full", actor=alice, at=NOON + seconds(12))
    line.refresh_from_db()
    assert (line.text, line.at, line.edited_at) == ("The disk of orders-db is full", NOON, NOON + seconds(12))
    assert [(one.number, one.text, one.replaced_by) for one in line.versions.all()] == [
        (1, "The disc is full", "Bob"),
        (2, "The disk is full", "Alice"),
    ]
    assert [one.payload["version"] for one in FactRecord.objects.filter(name="TimelineEntryEdited").order_by("pk")] == [
        2,
        3,
    ]


def test_what_the_machine_wrote_stays() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    line = incident.timeline.get(kind="opened")
    with pytest.raises(services.CannotEditEntry, match="stays as it is"):
        services.edit_entry(line, text="Nothing happened", actor=actor_of(shop.alice), at=NOON)
    with pytest.raises(services.CannotAddNote) as refusal:
        services.add_note(incident, text="x", kind="opened", actor=actor_of(shop.alice), at=NOON)
    assert refusal.value.field == "kind"


def test_a_task_that_is_due_reminds_once_and_the_commander_when_nobody_has_it() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    alice = actor_of(shop.alice)
    services.take_command(incident, actor=alice, at=NOON)
    due = NOON + seconds(600)
    services.add_task(incident, title="Call the host", assignee=shop.bob, due_at=due, actor=alice, at=NOON)
    services.add_task(incident, title="Look at the disk", due_at=due, actor=alice, at=NOON)
    assert services.remind_of_tasks(at=due - seconds(1)) == 0
    assert [services.remind_of_tasks(at=due), services.remind_of_tasks(at=due)] == [2, 0]
    sent = Message.objects.filter(key__startswith="task:").order_by("pk").values_list("address", flat=True)
    assert list(sent) == ["bob@shop.example", "alice@shop.example"]
    with pytest.raises(services.CannotAddTask) as refusal:
        services.add_task(incident, title="x", due_at=NOON, actor=alice, at=NOON)
    assert refusal.value.field == "due_at"


def test_the_timeline_narrows_by_kind_and_words() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.add_note(incident, text="Fail over now", kind="decision", actor=actor_of(shop.alice), at=NOON)
    log = f"/incidents/{incident.number}/log/"
    client = client_of(shop.alice)
    for query in ("kind=decision", "q=fail+alice"):
        page = client.get(f"{log}?{query}").content.decode()
        assert ("Fail over now" in page, "Paged Alice" in page) == (True, False), query


def test_a_line_is_rewritten_on_its_page_by_those_who_act() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    incident = make_incident(shop.database)
    services.add_note(incident, text="The disc", actor=actor_of(shop.alice), at=NOON)
    url = f"/incidents/{incident.number}/entry/{incident.timeline.get(kind='note').pk}/"
    assert client_of(olga).post(url, {"text": "x"}).status_code == 403
    client = client_of(shop.alice)
    assert client.post(url, {"text": "The disc"}).status_code == 422
    assert client.post(url, {"text": "The disk"}).status_code == 302
    assert "The disc" in client_of(olga).get(url).content.decode()


def test_the_incident_is_taken_away_as_markdown_and_as_data() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.add_note(incident, text="a | b\nc", actor=actor_of(shop.alice), at=NOON)
    text = client_of(shop.alice).get(f"/incidents/{incident.number}/report.md").content.decode()
    assert "| 2026-03-04T12:00:00Z | note | a \\| b c | Alice |" in text
    told = client_of(shop.alice).get(f"/incidents/{incident.number}/report.json").json()
    assert (told["incident"], told["stage"], told["timeline"][-1]["text"]) == (incident.label, "detected", "a | b\nc")
    assert client_of(shop.charlie).get(f"/incidents/{incident.number}/report.md").status_code == 404
    assert client_of(shop.alice).get(f"/incidents/{incident.number}/report.exe").status_code == 404
    found = CliRunner().invoke(commands, ["incidents", "report", str(incident.number), "--json"])
    assert json.loads(found.output)["incident"] == incident.label


def test_programs_write_and_rewrite_lines() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    path = f"/incidents/{incident.number}"
    assert call(shop.alice, "POST", f"{path}/notes", text="Wait", kind="decision").status_code == 204
    line = incident.timeline.get(kind="decision")
    assert call(shop.charlie, "PUT", f"{path}/timeline/{line.pk}", text="Go").status_code == 404
    assert call(shop.alice, "PUT", f"{path}/timeline/{line.pk}", text="Go").status_code == 204
    assert call(shop.alice, "GET", f"{path}/timeline/{line.pk}/versions").json()[0]["text"] == "Wait"
    assert call(shop.alice, "POST", f"{path}/stable", reason="standby serves").status_code == 204
    assert call(shop.alice, "GET", path).json()["incident"]["stage"] == "mitigated"
    assert call(shop.alice, "GET", f"{path}/report").json()["stage"] == "mitigated"
    assert selectors.timeline_of(incident, kind="mitigated").count() == 1
