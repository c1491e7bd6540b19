"""Who comes through the doors: Alice may, Bob may only read, Charlie sees nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from stormproof.rehearse.models import ExerciseRun
from tests.rehearse.make import Part, make_exercise, make_target, make_user

pytestmark = pytest.mark.django_db
ROLES = {"Alice": "admin", "Bob": "auditor", "Charlie": "employee"}


def client_of(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name, ROLES[name]))
    return client


@pytest.fixture(autouse=True)
def _an_exercise(part: Part) -> None:
    make_exercise(make_target(), part.url)


def test_alice_sees_a_preview_first_and_then_starts_it() -> None:
    alice = client_of("Alice")
    page = alice.get("/exercises/psp-loss/start/")
    assert page.status_code == 200
    assert "Break it now" in page.content.decode()
    assert alice.post("/exercises/psp-loss/start/", {"confirm_name": "wrong"}).status_code == 422
    assert not ExerciseRun.objects.exists()
    started = alice.post("/exercises/psp-loss/start/", {"confirm_name": "psp-a", "is_attended": "yes"})
    run = ExerciseRun.objects.get()
    assert started["Location"] == f"/exercises/runs/{run.pk}/"
    assert (run.is_attended, run.started_by_name) == (True, "Alice")
    for address in ("", "now/", "stop/"):
        assert alice.get(f"/exercises/runs/{run.pk}/{address}").status_code == 200
    assert alice.post(f"/exercises/runs/{run.pk}/stop/").status_code == 302
    run.refresh_from_db()
    assert run.abort_reason == "stopped by Alice"


def test_bob_reads_and_may_not_act() -> None:
    bob = client_of("Bob")
    for address in ("/exercises/", "/exercises/psp-loss/", "/exercises/runs/", "/api/v1/exercises"):
        assert bob.get(address).status_code == 200, address
    assert bob.post("/exercises/psp-loss/start/", {"confirm_name": "psp-a"}).status_code == 403
    assert bob.post("/api/v1/exercises/psp-loss/runs", {}, content_type="application/json").status_code == 403
    assert not ExerciseRun.objects.exists()


def test_charlie_sees_nothing() -> None:
    charlie = client_of("Charlie")
    for address in ("/exercises/", "/exercises/psp-loss/", "/exercises/runs/"):
        assert charlie.get(address).status_code == 404, address


def test_a_program_starts_and_follows_a_run() -> None:
    alice = client_of("Alice")
    started = alice.post("/api/v1/exercises/psp-loss/runs", {"attended": False}, content_type="application/json")
    assert started.status_code == 201
    found = alice.get(f"/api/v1/exercise-runs/{started.json()['id']}").json()
    assert (found["exercise"], found["phase"], found["passed"], found["orders_lost"]) == (
        "psp-loss",
        "warming",
        False,
        0,
    )
