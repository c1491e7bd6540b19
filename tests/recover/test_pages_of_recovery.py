"""The pages: what a reader sees, what a responder may do, what a stranger never learns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from stormproof.core.models import Message
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from stormproof.recover.models import Run
from stormproof.recover.services import CannotApprove, approve_step
from stormproof.recover.services.approvals import link_for
from tests.recover.make import driven, make_person, make_procedure, make_run, writes

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice() -> Client:
    return client_of(make_person("Alice", "responder"))


@pytest.fixture
def bob() -> Client:
    return client_of(make_person("Bob", "auditor"))


@pytest.fixture
def charlie() -> Client:
    return client_of(make_person("Charlie", "employee"))


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_procedure_is_shown_with_its_steps_and_a_dry_run(alice: Client, tmp_path: Path) -> None:
    procedure = make_procedure(writes(tmp_path / "out", "x", id="one", name="Write a line"))
    assert "Promote the standby" in text_of(alice, "/procedures/")
    page = text_of(alice, f"/procedures/{procedure.slug}/")
    assert "1. Write a line" in page
    assert "Would run" in page
    assert "It has not run yet" in page
    assert not (tmp_path / "out").exists()


def test_starting_shows_the_preview_asks_for_the_name_and_leads_to_the_run(alice: Client, tmp_path: Path) -> None:
    procedure = make_procedure(writes(tmp_path / "out", "${word}", id="one"), parameters={"word": {}})
    url = f"/procedures/{procedure.slug}/start/"
    assert "Not all of it: steps without an undo stay as they are" in text_of(alice, url)
    wrong = alice.post(url, {"mode": "real", "value_word": "x", "confirm_name": "other"})
    assert wrong.status_code == 422
    missing = alice.post(url, {"mode": "real", "confirm_name": procedure.slug})
    assert missing.status_code == 422
    assert not Run.objects.exists()
    begun = alice.post(
        url, {"mode": "drill", "value_word": "x", "confirm_name": procedure.slug, "reference": "exercise:3"}
    )
    run = Run.objects.get()
    assert begun.headers["Location"] == f"/runs/{run.pk}/"
    assert (run.mode, run.reference, run.parameters) == ("drill", "exercise:3", {"word": "x"})


def test_a_run_that_asks_shows_only_what_this_person_may_do(alice: Client, bob: Client, tmp_path: Path) -> None:
    run = driven(make_run(writes(tmp_path / "out", "x", id="one", code=1, on_failure="ask")))
    page = text_of(alice, f"/runs/{run.pk}/")
    assert "It failed: what now?" in page
    for words in ("Run it again", "Skip it", "Undo the run", "Stop the run", "[exit code 1]"):
        assert words in page
    seen = text_of(bob, f"/runs/{run.pk}/")
    assert "Run it again" not in seen
    assert "answering needs the permission recover.run" in seen
    assert bob.post(f"/runs/{run.pk}/answer/", {"step": "one", "answer": "skip", "note": "x"}).status_code == 403
    alice.post(f"/runs/{run.pk}/answer/", {"step": "one", "answer": "skip", "note": "done by hand"})
    assert driven(run).state == "done"
    assert "done by hand" in text_of(bob, f"/runs/{run.pk}/")


def test_strangers_to_recovery_see_nothing(charlie: Client, tmp_path: Path) -> None:
    run = make_run(writes(tmp_path / "out", "x", id="one"))
    for url in ("/procedures/", "/runs/", f"/runs/{run.pk}/", f"/runs/{run.pk}/now/"):
        assert charlie.get(url).status_code == 404
    assert charlie.post(f"/runs/{run.pk}/abort/").status_code == 403
    assert Client().get("/procedures/").status_code == 302


def test_a_run_is_stopped_from_its_page(alice: Client) -> None:
    run = driven(make_run({"id": "call", "kind": "manual", "with": {"instruction": "Call the carrier"}}))
    assert "Call the carrier" in text_of(alice, f"/runs/{run.pk}/")
    assert "they stay done" in text_of(alice, f"/runs/{run.pk}/abort/")
    alice.post(f"/runs/{run.pk}/abort/", {"reason": "wrong one"})
    run.refresh_from_db()
    assert (run.state, run.reason) == ("aborted", "wrong one")


def test_the_stop_switch_wants_a_reason(alice: Client) -> None:
    assert alice.post("/procedures/stop-switch/", {"reason": " "}).status_code == 422
    alice.post("/procedures/stop-switch/", {"reason": "moving the database"})
    assert "stopped all new effects" in text_of(alice, "/procedures/")


def test_a_second_person_approves_by_the_link_in_the_mail_and_only_once(alice: Client) -> None:
    one, two = User.objects.get(name="Alice"), make_person("Bob")
    people = {"people": [one.email, two.email], "second_person": True, "question": "Switch back now?"}
    run = driven(make_run({"id": "ok", "kind": "approve", "with": people}, actor=actor_for(one)))
    row = run.journal.get()
    assert (run.state, row.state, row.output) == ("waiting", "waiting_human", "asked Bob")
    assert list(Message.objects.values_list("address", flat=True)) == [two.email]
    with pytest.raises(CannotApprove, match="Alice started this run"):
        approve_step(run, step="ok", decision="approved", actor=actor_for(one), at=timezone.now())
    assert "Alice started this run: a second person must approve" in text_of(alice, f"/runs/{run.pk}/")
    stranger, link = Client(), f"/approve/{link_for(row, two)}"
    assert stranger.get(f"{link}x").status_code == 422
    assert "Switch back now?" in text_of(stranger, link)
    run.refresh_from_db()
    assert run.state == "waiting"
    assert stranger.post(link, {"decision": "approved", "note": "go"}).status_code == 200
    assert stranger.post(link, {"decision": "approved"}).status_code == 422
    assert driven(run).state == "done"
    assert row.approvals.get().via == "link"


def test_two_of_three_must_say_yes_and_one_no_is_enough() -> None:
    people = [make_person(name) for name in ("Ann", "Ben", "Cleo", "Dan")]
    asked = {"people": [person.email for person in people[:3]], "count": 2}
    step = {"id": "ok", "kind": "approve", "with": asked}
    run = driven(make_run(step))
    with pytest.raises(CannotApprove, match="Dan is not among those"):
        approve_step(run, step="ok", decision="approved", actor=actor_for(people[3]), at=timezone.now())
    approve_step(run, step="ok", decision="approved", actor=actor_for(people[0]), at=timezone.now())
    with pytest.raises(CannotApprove, match="Ann has decided already"):
        approve_step(run, step="ok", decision="approved", actor=actor_for(people[0]), at=timezone.now())
    run.refresh_from_db()
    assert run.state == "waiting"
    approve_step(run, step="ok", decision="approved", actor=actor_for(people[1]), at=timezone.now())
    assert driven(run).state == "done"
    run = driven(make_run(step))
    approve_step(run, step="ok", decision="refused", note="not now", actor=actor_for(people[2]), at=timezone.now())
    assert driven(run).state == "failed"
