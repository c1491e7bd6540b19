"""Real worker processes are killed, stopped and thawed in the middle of a step: no step runs twice unasked."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from stormproof.core.models import FactRecord
from stormproof.recover.models import Run
from stormproof.recover.services import answer_step
from tests.recover.make import actor_named, journal, lines, make_run, states, wait_for, writes

pytestmark = pytest.mark.django_db(transaction=True)
PROGRAM = "import django; django.setup(); from stormproof.worker.run import run_worker; run_worker()"
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker() -> Iterator[Start]:
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "stormproof.settings"}
        worker = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.DEVNULL)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def ended(run: Run) -> bool:
    run.refresh_from_db()
    return not run.is_active


def waits(run: Run) -> bool:
    run.refresh_from_db()
    return run.state == "waiting"


def driver_of(run: Run, workers: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    run.refresh_from_db()
    return next(worker for worker in workers if f"-{worker.pid}-" in run.executor)


def test_a_step_that_is_safe_to_repeat_runs_again_on_another_worker_within_five_seconds(
    tmp_path: Path, start_worker: Start
) -> None:
    out = tmp_path / "out"
    workers = [start_worker(), start_worker()]
    run = make_run(
        writes(out, "one", id="one"),
        writes(out, "two", id="two", seconds=8, safe_to_repeat=True),
        writes(out, "three", id="three"),
    )
    wait_for(lambda: lines(out) == ["one", "two"], 60)
    victim = driver_of(run, workers)
    victim.kill()
    killed_at = time.monotonic()
    wait_for(lambda: lines(out) == ["one", "two", "two"], 15)
    taken_over_after = time.monotonic() - killed_at
    wait_for(lambda: ended(run), 30)
    assert taken_over_after < 5
    assert run.state == "done"
    assert lines(out) == ["one", "two", "two", "three"]
    assert journal(run) == [
        ("one", "do", 1, "done"),
        ("two", "do", 1, "unknown"),
        ("two", "do", 2, "done"),
        ("three", "do", 1, "done"),
    ]
    assert "1 processes it left were ended" in run.journal.get(step="two", attempt=1).output
    taken = FactRecord.objects.get(name="RunTakenOver").payload
    assert f"-{victim.pid}-" in taken["from_executor"]


def test_a_step_that_is_not_safe_to_repeat_is_asked_about_and_goes_on_as_answered(
    tmp_path: Path, start_worker: Start
) -> None:
    out = tmp_path / "out"
    workers = [start_worker(), start_worker()]
    run = make_run(writes(out, "charge", id="charge", seconds=2), writes(out, "after", id="after"))
    wait_for(lambda: lines(out) == ["charge"], 60)
    driver_of(run, workers).kill()
    wait_for(lambda: waits(run), 20)
    assert lines(out) == ["charge"]
    row = run.journal.get()
    assert (row.state, row.question, row.interrupted) == ("unknown", "unknown", True)
    assert FactRecord.objects.filter(name="StepOutcomeUnknown").count() == 1
    assert FactRecord.objects.get(name="RunNeedsPerson").payload["step"] == "charge"
    answer_step(
        run, step="charge", answer="happened", note="seen at the bank", actor=actor_named("Alice"), at=timezone.now()
    )
    wait_for(lambda: ended(run), 20)
    assert run.state == "done"
    assert lines(out) == ["charge", "after"]


def test_an_interrupted_step_that_is_verified_is_done_without_a_person(tmp_path: Path, start_worker: Start) -> None:
    out = tmp_path / "out"
    workers = [start_worker(), start_worker()]
    step = writes(out, "charge", id="charge", seconds=2)
    step["verify"] = {"kind": "command", "with": {"argv": ["grep", "-q", "charge", str(out)]}}
    run = make_run(step, writes(out, "after", id="after"))
    wait_for(lambda: lines(out) == ["charge"], 60)
    driver_of(run, workers).kill()
    wait_for(lambda: ended(run), 30)
    assert (run.state, states(run)) == ("done", {"charge": "done", "after": "done"})
    assert lines(out) == ["charge", "after"]


def test_a_worker_that_was_frozen_and_comes_back_is_refused(tmp_path: Path, start_worker: Start) -> None:
    out = tmp_path / "out"
    workers = [start_worker(), start_worker()]
    run = make_run(
        writes(out, "one", id="one", seconds=4, safe_to_repeat=True), writes(out, "two", id="two", seconds=1)
    )
    wait_for(lambda: lines(out) == ["one"], 60)
    frozen = driver_of(run, workers)
    frozen.send_signal(signal.SIGSTOP)
    wait_for(lambda: lines(out) == ["one", "one"], 15)
    frozen.send_signal(signal.SIGCONT)
    wait_for(lambda: ended(run), 30)
    assert run.state == "done"
    assert lines(out) == ["one", "one", "two"]
    by_token = list(run.journal.order_by("id").values_list("step", "attempt", "state", "token"))
    assert by_token == [("one", 1, "unknown", 1), ("one", 2, "done", 2), ("two", 1, "done", 2)]


@pytest.mark.parametrize("moment", range(int(os.environ.get("STORMPROOF_CHAOS_MOMENTS", "3"))))
def test_killed_at_any_moment_no_step_runs_twice_and_none_is_left_out(
    tmp_path: Path, start_worker: Start, moment: int
) -> None:
    out = tmp_path / "out"
    alice = actor_named("Alice")
    workers = [start_worker(), start_worker()]
    run = make_run(*(writes(out, f"step {number}", id=f"s{number}", seconds=0.05) for number in range(8)))
    wait_for(lambda: lines(out), 60)
    time.sleep(random.Random(moment).uniform(0, 1.2))
    run.refresh_from_db()
    if run.executor:
        driver_of(run, workers).kill()
    until = time.monotonic() + 60
    while not ended(run):
        assert time.monotonic() < until
        row = run.journal.filter(question="unknown", answered_at__isnull=True).first()
        if run.state == "waiting" and row is not None:
            happened = f"step {row.step[1:]}" in lines(out)
            answer = "happened" if happened else "did_not_happen" if row.attempt < 1 else "retry"
            answer_step(run, step=row.step, answer=answer, note="looked", actor=alice, at=timezone.now())
        time.sleep(0.05)
    assert run.state == "done"
    assert lines(out) == [f"step {number}" for number in range(8)]
