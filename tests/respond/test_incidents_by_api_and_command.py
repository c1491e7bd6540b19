"""The other doors: the API and the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from typer.testing import CliRunner

from stormproof.cli.respond import commands
from stormproof.people.models import User
from stormproof.respond.models import Incident, Page
from tests.respond.make import NOON, Shop, make_incident, make_procedure, make_user, minutes

pytestmark = pytest.mark.django_db


def call(user: User, method: str, path: str, **body: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.generic(method, f"/api/v1{path}", json.dumps(body), content_type="application/json")


def test_alice_acts_olga_only_reads_and_charlie_finds_nothing() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    incident = make_incident(shop.database)
    path = f"/incidents/{incident.number}"
    assert [call(user, "GET", path).status_code for user in (shop.alice, olga, shop.charlie)] == [200, 200, 404]
    assert call(shop.charlie, "GET", "/incidents").status_code == 403
    for act in ("acknowledge", "resolve", "severity", "notes", "tasks"):
        body = {"reason": "x", "severity": 3, "text": "x", "title": "x"}
        assert call(olga, "POST", f"{path}/{act}", **body).status_code == 403, act
        assert call(shop.charlie, "POST", f"{path}/{act}", **body).status_code == 404, act
    incident.refresh_from_db()
    assert (incident.state, incident.timeline.filter(kind="note").count()) == ("open", 0)
    assert call(shop.alice, "POST", f"{path}/acknowledge").json()["incident"]["commander"] == "alice@shop.example"


def test_an_incident_has_its_figures() -> None:
    shop = Shop()
    make_procedure(shop.database, start="by_hand")
    incident = make_incident(shop.database)
    told = call(shop.alice, "GET", f"/incidents/{incident.number}").json()
    assert {key: told[key] for key in ("revenue_per_minute", "currency", "rto_deadline", "rto_broken", "paged")} == {
        "revenue_per_minute": "10.00",
        "currency": "EUR",
        "rto_deadline": "2026-03-04T12:29:54Z",
        "rto_broken": True,
        "paged": ["alice@shop.example"],
    }
    assert (told["procedures_ready"], told["incident"]["functions"]) == (["recover-orders-db"], ["checkout", "search"])


def test_incidents_are_listed_declared_and_resolved() -> None:
    shop = Shop()
    made = call(shop.alice, "POST", "/incidents", title="Payments fail", functions=["checkout"], root_cause="psp-a")
    assert (made.status_code, made.json()["incident"]["severity"]) == (201, 1)
    number = made.json()["incident"]["number"]
    assert [one["number"] for one in call(shop.alice, "GET", "/incidents?state=unresolved").json()["items"]] == [number]
    assert call(shop.alice, "POST", f"/incidents/{number}/resolve", reason=" ").json()["field"] == "reason"
    assert call(shop.alice, "POST", f"/incidents/{number}/resolve", reason="Provider is back").status_code == 200
    assert call(shop.alice, "GET", "/incidents?state=unresolved").json()["items"] == []
    kinds = [one["kind"] for one in call(shop.alice, "GET", f"/incidents/{number}/timeline").json()["items"]]
    assert kinds == ["resolved", "paged", "opened"]
    decisions = call(shop.alice, "GET", f"/incidents/{number}/timeline?group=decisions").json()["items"]
    assert [one["kind"] for one in decisions] == ["resolved"]
    assert call(shop.alice, "GET", "/incidents?state=asleep").json()["field"] == "state"
    assert call(shop.alice, "POST", "/incidents", title="x", functions=["nothing"]).status_code == 404
    assert Incident.objects.count() == 1


def test_tasks_hand_over_and_runs_by_api() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    make_procedure(shop.database, slug="promote", start="by_hand")
    path = f"/incidents/{incident.number}"
    task = call(shop.alice, "POST", f"{path}/tasks", title="Call the host", assignee="bob@shop.example").json()
    assert (task["assignee"], task["done_at"]) == ("bob@shop.example", None)
    assert call(shop.bob, "POST", f"{path}/tasks/{task['id']}/done").status_code == 204
    assert call(shop.bob, "POST", f"{path}/tasks/{task['id']}/done").status_code == 422
    assert call(shop.alice, "POST", f"{path}/hand-over", to="bob@shop.example").json()["incident"]["commander"] == (
        "bob@shop.example"
    )
    assert call(shop.alice, "POST", f"{path}/hand-over", to="nobody@shop.example").status_code == 404
    assert call(shop.alice, "POST", f"{path}/runs", procedure="promote").status_code == 201
    assert incident.runs.count() == 1


def test_the_command_lists_shows_and_acknowledges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormproof.cli.respond.use_database", lambda: None)
    shop = Shop()
    incident = make_incident(shop.database)
    run = CliRunner().invoke
    assert f"{incident.label}  SEV1  open" in run(commands, ["incidents", "list"]).output
    shown = json.loads(run(commands, ["incidents", "show", incident.label, "--json"]).output)
    assert (shown["root_cause"], shown["functions"]) == ("orders-db", ["checkout", "search"])
    assert [line["kind"] for line in shown["timeline"]] == ["paged", "opened", "detected"]
    assert "cause: Orders db" in run(commands, ["incidents", "show", str(incident.number)]).output
    assert run(commands, ["incidents", "ack", str(incident.number)]).output == f"{incident.label} is acknowledged.\n"
    incident.refresh_from_db()
    assert (incident.state, incident.commander) == ("acknowledged", None)
    assert json.loads(run(commands, ["incidents", "list", "--json"]).output)[0]["state"] == "acknowledged"
    assert Page.objects.count() == 1
    assert NOON + minutes(1) > incident.opened_at
