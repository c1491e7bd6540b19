"""Runs of an exercise from start to end, against a real server; and what is left to the next worker."""

from __future__ import annotations

from typing import Any

import pytest

from stormproof.core.clock import now
from stormproof.core.facts import history_of
from stormproof.rehearse.choices import Outcome, Phase
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.services import (
    cleaning,
    drive_run_of_exercise,
    driving,
    start_exercise,
    stop_exercise,
    wake_silent_exercises,
)
from stormproof.respond.models import DrillWindow
from tests.rehearse.make import Part, make_actor, make_exercise, make_target

pytestmark = pytest.mark.django_db(transaction=True)


def started(part: Part, **more: Any) -> ExerciseRun:
    return start_exercise(make_exercise(make_target(), part.url, **more), actor=make_actor("Alice"), at=now())


def driven(run: ExerciseRun) -> ExerciseRun:
    drive_run_of_exercise(run.pk, executor="test", clock=now)
    run.refresh_from_db()
    return run


def test_a_loss_that_is_mended_passes_with_its_figures(part: Part) -> None:
    part.mends_after = 2
    run = driven(started(part))
    assert (run.phase, run.outcome, run.gaps) == (Phase.DONE, Outcome.PASSED, [])
    assert run.rto_s is not None
    assert 0.2 < run.rto_s < 4
    assert (run.orders_acknowledged, run.orders_lost, run.failed_requests) == (1, [], 0)
    assert part.asked[0] == "POST /start"
    assert part.asked.index("PUT /break") < part.asked.index("PUT /mend")
    assert not DrillWindow.objects.filter(ends_at__gt=now()).exists()


def test_its_history_tells_every_phase_once(part: Part) -> None:
    part.mends_after = 1
    run = driven(started(part))
    told = [record.payload.get("phase", record.name) for record in history_of(f"exercise_run:{run.pk}")]
    phases = ["injecting", "waiting", "recovered", "measuring", "cleaning"]
    assert [word for word in reversed(told) if word in phases] == phases
    assert told[0] == "ExerciseFinished"


def test_what_does_not_recover_fails_and_is_put_back(part: Part) -> None:
    part.mends_after = 10_000
    run = driven(started(part))
    assert run.outcome == Outcome.FAILED
    assert run.gaps == ["It did not recover in time: the exercise gave up and cleaned up"]
    assert not part.is_down


def test_nothing_is_broken_while_customers_cannot_order(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "LONGEST_WARM_UP_SECONDS", 0.5)
    part.orders = []
    run = driven(started(part))
    assert run.outcome == Outcome.FAILED
    assert run.gaps == ["No customer could place an order before the fault: the shop is not well"]
    assert "PUT /break" not in part.asked


def test_a_stopped_run_is_put_back(part: Part) -> None:
    part.mends_after = 10_000
    run = started(part)
    ExerciseRun.objects.filter(pk=run.pk).update(phase=Phase.WAITING, fault_at=now(), fault_intended_at=now())
    part.is_down = True
    stop_exercise(run, reason="it hurts", actor=make_actor("Bob"), at=now())
    run = driven(run)
    assert (run.outcome, run.abort_reason) == (Outcome.ABORTED, "it hurts")
    assert not part.is_down


def test_a_worker_that_died_while_breaking_leaves_the_rest_to_the_next(part: Part) -> None:
    part.mends_after = 2
    run = started(part)
    ExerciseRun.objects.filter(pk=run.pk).update(
        phase=Phase.INJECTING, customers_started=True, fault_intended_at=now(), executor="dead", lease_until=now()
    )
    run = driven(run)
    assert (run.outcome, run.gaps) == (Outcome.PASSED, [])
    assert part.asked.count("PUT /break") == 1


def test_a_worker_that_died_while_cleaning_leaves_it_to_the_next(part: Part) -> None:
    run = started(part)
    part.is_down = True
    ExerciseRun.objects.filter(pk=run.pk).update(
        phase=Phase.CLEANING, fault_intended_at=now(), fault_at=now(), executor="dead", lease_until=now()
    )
    assert wake_silent_exercises(at=now()) == 1
    run = driven(run)
    assert run.phase == Phase.DONE
    assert not part.is_down


def test_a_run_that_another_worker_drives_is_left_alone(part: Part) -> None:
    run = started(part)
    ExerciseRun.objects.filter(pk=run.pk).update(executor="other", lease_until=now().replace(year=2100))
    assert driven(run).phase == Phase.WARMING
    assert part.asked == []
    assert wake_silent_exercises(at=now()) == 0


def test_clean_up_is_tried_until_it_works(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "PAUSE_SECONDS", 0.01)
    part.mends_after = 1
    part.refuses["/mend"] = 3
    run = driven(started(part))
    assert (run.outcome, run.clean_tries) == (Outcome.PASSED, 3)
    assert not part.is_down


def test_clean_up_that_never_works_is_said(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "PAUSE_SECONDS", 0.01)
    part.mends_after = 1
    part.refuses["/mend"] = 100
    run = driven(started(part))
    assert (run.phase, run.outcome) == (Phase.DONE, Outcome.FAILED)
    assert run.gaps[0].startswith("Clean-up failed 5 times, look after the shop: undoing http-request")


def test_lost_orders_and_failed_requests_are_counted(part: Part) -> None:
    part.mends_after, part.failed = 1, 2
    from django.db import connection

    settings = connection.settings_dict
    password = f":{settings['PASSWORD']}" if settings["PASSWORD"] else ""
    url = (
        f"postgresql://{settings['USER']}{password}@/{settings['NAME']}?host={settings['HOST']}&port={settings['PORT']}"
    )
    run = driven(started(part, orders={"url": url, "query": "select '100002'"}, most_failed_requests=1))
    assert run.orders_lost == ["100001"]
    assert run.gaps == [
        "1 acknowledged orders are lost beyond the RPO of 0 s",
        "Customers saw 2 failed requests, allowed are 1",
    ]
