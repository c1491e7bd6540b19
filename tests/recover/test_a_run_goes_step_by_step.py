"""A run does its steps in order, retries, verifies, asks and undoes, and its journal says what happened."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.selectors import run_times
from stormproof.recover.services import (
    CannotAbortRun,
    CannotAnswer,
    CannotStartRun,
    CannotSwitch,
    abort_run,
    allow_effects,
    answer_step,
    start_run,
    stop_effects,
    write_procedure,
)
from tests.recover.make import NOON, actor_named, driven, journal, lines, make_procedure, make_run, states, writes

pytestmark = pytest.mark.django_db(transaction=True)


def facts(name: str) -> list[dict[str, object]]:
    return list(FactRecord.objects.filter(name=name).order_by("id").values_list("payload", flat=True))


def test_steps_run_in_order_and_the_run_is_done(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = driven(make_run(writes(out, "first", id="one"), writes(out, "second", id="two")))
    assert lines(out) == ["first", "second"]
    assert run.state == "done"
    assert run.finished_at is not None
    assert run.lease_until is None
    assert journal(run) == [("one", "do", 1, "done"), ("two", "do", 1, "done")]
    assert run.journal.get(step="one").output == "wrote first"
    assert [fact["state"] for fact in facts("StepFinished")] == ["done", "done"]
    assert facts("RunFinished")[0]["state"] == "done"


def test_a_step_that_fails_is_retried_as_often_as_it_says_and_then_the_run_stops(tmp_path: Path) -> None:
    out = tmp_path / "out"
    step = writes(out, "try", id="one", code=3, retries=2, retry_delay="50ms")
    run = driven(make_run(step, writes(out, "never", id="two")))
    assert lines(out) == ["try", "try", "try"]
    assert run.state == "failed"
    assert run.reason == "One failed"
    assert journal(run) == [("one", "do", attempt, "failed") for attempt in (1, 2, 3)]
    assert "[exit code 3]" in run.journal.get(attempt=1).output


def test_a_step_that_is_not_verified_has_failed(tmp_path: Path) -> None:
    step = writes(tmp_path / "out", "x", id="one")
    step["verify"] = {"kind": "command", "with": {"argv": ["test", "-e", str(tmp_path / "no")]}, "within": "1s"}
    run = driven(make_run(step))
    assert run.state == "failed"
    assert "not verified" in run.journal.get().output


def test_a_step_out_of_time_is_ended_with_its_children_and_its_outcome_is_unknown(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f"(sleep 3; echo child >> {out}) & echo started; sleep 60"
    step = {"id": "one", "kind": "command", "with": {"argv": ["bash", "-c", script]}, "timeout": "1s"}
    run = driven(make_run(step))
    assert run.state == "waiting"
    row = run.journal.get()
    assert (row.state, row.question) == ("unknown", "unknown")
    assert "started" in row.output
    time.sleep(2.5)
    assert not out.exists()


def test_a_step_out_of_time_that_is_verified_is_done(tmp_path: Path) -> None:
    out = tmp_path / "out"
    step = writes(out, "x", id="one", seconds=30, timeout="1s")
    step["verify"] = {"kind": "command", "with": {"argv": ["test", "-e", str(out)]}}
    run = driven(make_run(step))
    assert run.state == "done"
    assert "[verified: ]" in run.journal.get().output


def test_what_was_done_is_undone_last_first(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def undoable(id: str, **more: object) -> dict[str, object]:
        step = writes(out, f"do {id}", id=id, **more)  # type: ignore[arg-type]
        return {**step, "undo": {"kind": "command", "with": writes(out, f"undo {id}", id="u")["with"]}}

    run = driven(
        make_run(undoable("one"), undoable("two"), writes(out, "do three", id="three", code=1, on_failure="undo"))
    )
    assert lines(out) == ["do one", "do two", "do three", "undo two", "undo one"]
    assert run.state == "undone"
    assert states(run) == {"one": "undone", "two": "undone", "three": "failed"}


def test_a_person_is_asked_when_the_step_says_so_and_may_have_it_run_again(tmp_path: Path) -> None:
    out, flag = tmp_path / "out", tmp_path / "flag"
    script = f"echo try >> {out}; test -e {flag}"
    step = {"id": "one", "kind": "command", "with": {"argv": ["bash", "-c", script]}, "on_failure": "ask"}
    run = driven(make_run(step, writes(out, "then", id="two")))
    assert run.state == "waiting"
    flag.touch()
    alice = actor_named("Alice")
    answer_step(run, step="one", answer="retry", note="the flag is there now", actor=alice, at=timezone.now())
    run = driven(run)
    assert run.state == "done"
    assert lines(out) == ["try", "try", "then"]
    asked = run.journal.get(step="one", attempt=1)
    assert (asked.answer, asked.answered_by_name) == ("retry", "Alice")


def test_skipping_needs_a_reason_and_an_answer_must_fit_the_question(tmp_path: Path) -> None:
    run = driven(make_run(writes(tmp_path / "out", "x", id="one", code=1, on_failure="ask")))
    alice = actor_named("Alice")
    with pytest.raises(CannotAnswer, match="a note is wanted"):
        answer_step(run, step="one", answer="skip", actor=alice, at=timezone.now())
    with pytest.raises(CannotAnswer, match="does not answer it"):
        answer_step(run, step="one", answer="approved", actor=alice, at=timezone.now())
    with pytest.raises(CannotAnswer, match="nothing is asked"):
        answer_step(run, step="two", answer="retry", actor=alice, at=timezone.now())
    answer_step(run, step="one", answer="skip", note="done by hand at 14:00", actor=alice, at=timezone.now())
    assert driven(run).state == "done"
    assert states(run) == {"one": "skipped"}


def test_a_manual_step_waits_for_its_person_and_the_wait_counts_as_human_time(tmp_path: Path) -> None:
    step = {"id": "call", "kind": "manual", "with": {"instruction": "Call the carrier", "needs_note": True}}
    run = driven(make_run(step))
    assert run.state == "waiting"
    assert run.executor == ""
    alice = actor_named("Alice")
    with pytest.raises(CannotAnswer, match="a note is wanted"):
        answer_step(run, step="call", answer="happened", actor=alice, at=timezone.now())
    answer_step(run, step="call", answer="happened", note="spoke to Ms Brown", actor=alice, at=timezone.now())
    run = driven(run)
    assert run.state == "done"
    assert run.journal.get().note == "spoke to Ms Brown"
    row = run.journal.get()
    assert row.answered_at is not None
    assert row.asked_at is not None
    assert run_times(run).human_s == pytest.approx((row.answered_at - row.asked_at).total_seconds())


def test_a_failed_step_with_nothing_left_that_a_person_stops_aborts_the_run(tmp_path: Path) -> None:
    run = driven(make_run(writes(tmp_path / "out", "x", id="one", code=1, on_failure="ask")))
    answer_step(run, step="one", answer="stop", actor=actor_named("Alice"), at=timezone.now())
    run = driven(run)
    assert (run.state, run.reason) == ("aborted", "a person stopped the run at One")


def test_one_run_at_a_time_acts_on_a_node(tmp_path: Path) -> None:
    procedure = make_procedure(writes(tmp_path / "out", "x", id="one"))
    first = start_run(procedure, reference="", actor=actor_named("Alice"), at=NOON)
    with pytest.raises(CannotStartRun, match=f"run {first.pk} .* is on for"):
        start_run(procedure, reference="", actor=actor_named("Bob"), at=NOON)
    driven(first)
    assert start_run(procedure, reference="", actor=actor_named("Charlie"), at=NOON).pk != first.pk


def test_a_drill_that_waits_gives_way_to_the_real_thing() -> None:
    procedure = make_procedure({"id": "call", "kind": "manual", "with": {"instruction": "Call"}})
    drill = driven(start_run(procedure, reference="exercise:1", mode="drill", actor=SYSTEM, at=NOON))
    with pytest.raises(CannotStartRun):
        start_run(procedure, reference="exercise:2", mode="drill", actor=SYSTEM, at=NOON)
    real = driven(start_run(procedure, reference="incident:2", actor=SYSTEM, at=NOON))
    drill.refresh_from_db()
    assert (drill.state, drill.reason) == ("aborted", "a real run of Promote the standby took its place")
    assert real.state == "waiting"


def test_a_run_keeps_the_definition_it_started_with(tmp_path: Path) -> None:
    out = tmp_path / "out"
    procedure = make_procedure(writes(out, "old", id="one"))
    run = start_run(procedure, reference="", actor=SYSTEM, at=NOON)
    shape = ProcedureShape.model_validate({**procedure.definition, "steps": [writes(out, "new", id="one")]})
    changed = write_procedure(procedure.slug, shape, node=procedure.node, actor=SYSTEM, at=NOON)
    assert (changed.version, changed.versions.count()) == (2, 2)
    assert write_procedure(procedure.slug, shape, node=procedure.node, actor=SYSTEM, at=NOON).version == 2
    driven(run)
    assert lines(out) == ["old"]


def test_parameters_are_filled_in_and_wrong_ones_refused(tmp_path: Path) -> None:
    step = writes(tmp_path / "out", "${word}", id="one")
    procedure = make_procedure(step, parameters={"word": {}, "other": {"default": "x"}})
    alice = actor_named("Alice")
    with pytest.raises(CannotStartRun, match="word has no value"):
        start_run(procedure, reference="", actor=alice, at=NOON)
    with pytest.raises(CannotStartRun, match="no parameter 'wrod'"):
        start_run(procedure, reference="", parameters={"wrod": "x"}, actor=alice, at=NOON)
    driven(start_run(procedure, reference="", parameters={"word": "env:HOME"}, actor=alice, at=NOON))
    assert lines(tmp_path / "out") == ["env:HOME"]


def test_secrets_are_opened_for_the_step_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hunter22")
    step = {"id": "one", "kind": "command", "with": {"argv": ["echo", "env:SHOP_PASSWORD"]}}
    run = driven(make_run(step))
    assert run.journal.get().output == "•••"
    own = {"id": "one", "kind": "command", "with": {"argv": ["echo", "env:STORMPROOF_SECRET_KEY"]}}
    run = driven(make_run(own))
    assert run.state == "failed"
    assert "cannot be used in a step" in run.journal.get().output
    missing = driven(make_run({"id": "one", "kind": "command", "with": {"argv": ["echo", "env:NOT_SET_ANYWHERE"]}}))
    assert "env:NOT_SET_ANYWHERE is not set on this worker" in missing.journal.get().output


def test_a_run_that_waits_is_stopped_at_once_and_one_that_works_within_moments(tmp_path: Path) -> None:
    alice = actor_named("Alice")
    waiting = driven(make_run({"id": "call", "kind": "manual", "with": {"instruction": "Call"}}))
    abort_run(waiting, reason="wrong one", actor=alice, at=timezone.now())
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("aborted", "wrong one")
    with pytest.raises(CannotAbortRun):
        abort_run(waiting, reason="", actor=alice, at=timezone.now())
    working = make_run(writes(tmp_path / "out", "x", id="one", seconds=30))

    def stop_when_it_works() -> None:
        while not lines(tmp_path / "out"):
            time.sleep(0.02)
        abort_run(working, reason="enough", actor=alice, at=timezone.now())
        connections.close_all()

    stopper = threading.Thread(target=stop_when_it_works)
    stopper.start()
    began = time.monotonic()
    working = driven(working)
    stopper.join()
    assert time.monotonic() - began < 10
    assert (working.state, working.reason) == ("aborted", "enough")
    assert working.journal.get().state == "unknown"


def test_the_stop_switch_holds_runs_before_their_next_effect(tmp_path: Path) -> None:
    out = tmp_path / "out"
    alice = actor_named("Alice")
    stop_effects(reason="maintenance window", actor=alice, at=NOON)
    with pytest.raises(CannotSwitch, match="stopped already, by Alice"):
        stop_effects(reason="again", actor=alice, at=NOON)
    looks = {"id": "look", "kind": "wait-until", "with": {"sql": {"url": "postgresql:///x", "query": "select 1"}}}
    run = driven(make_run({**looks, "on_failure": "ask", "timeout": "1s"}))
    assert run.state == "waiting"
    run = driven(make_run(writes(out, "x", id="one")))
    assert run.state == "held"
    assert not out.exists()
    assert run.journal.count() == 0
    allow_effects(reason="over", actor=alice, at=NOON)
    assert driven(run).state == "done"


def test_steps_of_a_drill_only_run_in_drills(tmp_path: Path) -> None:
    out = tmp_path / "out"
    steps = (writes(out, "always", id="one"), writes(out, "drill", id="two", only_in=["drill"]))
    assert states(driven(make_run(*steps))) == {"one": "done", "two": "skipped"}
    assert states(driven(make_run(*steps, mode="drill"))) == {"one": "done", "two": "done"}
