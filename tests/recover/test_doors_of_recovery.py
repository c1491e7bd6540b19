"""The API and the command line do what the pages do, by the same services."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from typer.testing import CliRunner

from stormproof.cli import assembled
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from stormproof.people.services import issue_token
from stormproof.recover.models import Run
from tests.recover.make import driven, make_person, make_procedure, make_run, writes

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ["recover.read", "recover.run", "recover.approve"]


def caller(user: User, scopes: list[str]) -> dict[str, str]:
    at = timezone.now()
    _, value = issue_token(user, name="script", scopes=scopes, expires_at=None, actor=actor_for(user), at=at)
    return {"authorization": f"Bearer {value}"}


def test_a_program_starts_follows_and_answers_a_run(tmp_path: Path) -> None:
    procedure = make_procedure(writes(tmp_path / "out", "x", id="one", code=1, on_failure="ask"))
    client, headers = Client(), caller(make_person("Alice"), SCOPES)
    listed = client.get("/api/v1/procedures", headers=headers).json()
    assert [item["slug"] for item in listed["items"]] == [procedure.slug]
    would = client.get(f"/api/v1/procedures/{procedure.slug}/dry-run", headers=headers).json()
    assert would["steps"][0]["would"].startswith("would run ")
    body = {"reference": "incident:7", "mode": "drill"}
    begun = client.post(
        f"/api/v1/procedures/{procedure.slug}/runs", body, content_type="application/json", headers=headers
    )
    assert begun.status_code == 201
    run = Run.objects.get(pk=begun.json()["id"])
    driven(run)
    shown = client.get(f"/api/v1/runs/{run.pk}", headers=headers).json()
    assert (shown["state"], shown["journal"][0]["question"]) == ("waiting", "failed")
    wrong = client.post(
        f"/api/v1/runs/{run.pk}/answer", {"step": "one", "answer": "skip"}, content_type="application/json",
        headers=headers,
    )  # fmt: skip
    assert (wrong.status_code, wrong.json()["field"]) == (422, "note")
    client.post(
        f"/api/v1/runs/{run.pk}/answer", {"step": "one", "answer": "stop"}, content_type="application/json",
        headers=headers,
    )  # fmt: skip
    assert driven(run).state == "aborted"
    assert [item["id"] for item in client.get("/api/v1/runs?state=aborted", headers=headers).json()["items"]] == [
        run.pk
    ]


def test_who_may_only_read_may_not_start(tmp_path: Path) -> None:
    procedure = make_procedure(writes(tmp_path / "out", "x", id="one"))
    headers = caller(make_person("Bob", "auditor"), ["recover.read"])
    url = f"/api/v1/procedures/{procedure.slug}/runs"
    assert Client().post(url, {}, content_type="application/json", headers=headers).status_code == 403
    assert Client().get("/api/v1/procedures").status_code == 401
    assert not Run.objects.exists()


def test_the_command_line_lists_starts_shows_and_answers(tmp_path: Path) -> None:
    procedure = make_procedure(writes(tmp_path / "out", "${word}", id="one"), parameters={"word": {}})
    runner = CliRunner()
    listed = runner.invoke(assembled(), ["procedures", "list", "--json"])
    assert json.loads(listed.stdout)[0]["slug"] == procedure.slug
    dry = runner.invoke(assembled(), ["procedures", "dry-run", procedure.slug])
    assert "would run" in dry.stdout
    begun = runner.invoke(
        assembled(), ["run", "start", procedure.slug, "--drill", "--set", "word=hello", "--yes", "--json"]
    )
    assert begun.exit_code == 0, begun.output
    said = json.loads(begun.stdout)
    assert (said["state"], said["mode"]) == ("running", "drill")
    driven(Run.objects.get(pk=said["id"]))
    shown = runner.invoke(assembled(), ["run", "show", str(said["id"])])
    assert "done" in shown.stdout
    manual = driven(make_run({"id": "call", "kind": "manual", "with": {"instruction": "Call"}}))
    answered = runner.invoke(assembled(), ["run", "answer", str(manual.pk), "call", "happened"])
    assert answered.exit_code == 0, answered.output
    assert driven(manual).state == "done"
