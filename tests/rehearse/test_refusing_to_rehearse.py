"""What must be true before anything is broken."""

from __future__ import annotations

from typing import Any

import pytest

from stormproof.core.actor import NotAllowed
from stormproof.core.facts import FactRecord
from stormproof.recover.models import StopSwitch
from stormproof.rehearse.choices import Phase
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.services import CannotRehearse, CannotStopExercise, start_exercise, stop_exercise
from stormproof.respond.models import DrillWindow
from stormproof.respond.services import open_alert
from stormproof.watch.models import Monitor
from tests.rehearse.make import NOON, Part, make_actor, make_exercise, make_target

pytestmark = pytest.mark.django_db


def refused(exercise: Any, complaint: str) -> None:
    """The start is refused with that complaint, and nothing is there that was not before."""
    facts = FactRecord.objects.count()
    with pytest.raises(CannotRehearse, match=complaint):
        start_exercise(exercise, actor=make_actor("Alice"), at=NOON)
    assert not ExerciseRun.objects.filter(exercise=exercise).exists()
    assert not DrillWindow.objects.exists()
    assert FactRecord.objects.count() == facts


def test_what_is_not_marked_as_rehearsable_is_never_broken(part: Part) -> None:
    refused(make_exercise(make_target(rehearsable=False), part.url), "Psp a is not marked as rehearsable")
    assert part.asked == []


def test_an_open_incident_at_the_target_stands_in_the_way(part: Part) -> None:
    exercise = make_exercise(make_target(), part.url)
    monitor = Monitor.objects.get()
    open_alert(monitor_id=monitor.pk, node_id=monitor.node_id, reason="no answer", failed_since=NOON, at=NOON)
    refused(exercise, "There is trouble already: INC-")


def test_a_target_that_nobody_watches_is_refused(part: Part) -> None:
    exercise = make_exercise(make_target(), part.url, detection="incident")
    Monitor.objects.all().delete()
    refused(exercise, "Nothing watches Psp a")


def test_a_red_monitor_stands_in_the_way(part: Part) -> None:
    refused(make_exercise(make_target(state="unknown"), part.url, detection="incident"), "Not everything is green")


def test_the_stop_switch_stands_in_the_way(part: Part) -> None:
    exercise = make_exercise(make_target(), part.url)
    StopSwitch.objects.update_or_create(id=1, defaults={"is_set": True, "changed_at": NOON})
    refused(exercise, "The stop switch is set")


def test_one_exercise_at_a_time(part: Part) -> None:
    exercise = make_exercise(make_target(), part.url)
    alice = make_actor("Alice")
    first = start_exercise(exercise, actor=alice, at=NOON)
    with pytest.raises(CannotRehearse, match="one at a time"):
        start_exercise(exercise, actor=alice, at=NOON)
    assert list(ExerciseRun.objects.all()) == [first]
    assert first.phase == Phase.WARMING
    assert DrillWindow.objects.get().reference == f"exercise:{first.pk}"


def test_only_those_who_may_start_one(part: Part) -> None:
    exercise = make_exercise(make_target(), part.url)
    with pytest.raises(NotAllowed):
        start_exercise(exercise, actor=make_actor("Bob", role="auditor"), at=NOON)
    assert not ExerciseRun.objects.exists()


def test_a_run_is_stopped_once(part: Part) -> None:
    alice = make_actor("Alice")
    run = start_exercise(make_exercise(make_target(), part.url), actor=alice, at=NOON)
    stop_exercise(run, reason="", actor=alice, at=NOON)
    with pytest.raises(CannotStopExercise):
        stop_exercise(run, reason="again", actor=alice, at=NOON)
    run.refresh_from_db()
    assert run.abort_reason == "stopped by Alice"
