"""Starting and stopping a run: what must be true before anything is broken."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.jobs import defer_named
from stormproof.core.refusals import Refused
from stormproof.recover.models import StopSwitch
from stormproof.rehearse.choices import Phase
from stormproof.rehearse.facts import ExerciseStarted, ExerciseStopped
from stormproof.rehearse.kinds.contract import CannotInject
from stormproof.rehearse.kinds.registry import fault_of
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import Exercise, ExerciseRun
from stormproof.rehearse.selectors import incidents_in_the_way, live_run, monitors_near, monitors_not_up
from stormproof.respond.services import expect_drill

CLEANING_SECONDS = 600  # trouble may still show while it is put back


class CannotRehearse(Refused):
    """The exercise may not run now; nothing was touched."""


class CannotStopExercise(Refused):
    """The run is over, or is cleaned up already."""


@transaction.atomic
def start_exercise(exercise: Exercise, *, is_attended: bool = False, actor: Actor, at: datetime) -> ExerciseRun:
    """Begin a run: customers arrive, and the fault follows. Raises `CannotRehearse` when it may not run now."""
    actor.require("rehearse.run")
    shape = ExerciseShape.model_validate(exercise.definition)
    _require_fit(exercise, shape)
    try:
        with transaction.atomic():
            run = ExerciseRun.objects.create(
                exercise=exercise,
                target=exercise.target,
                definition=exercise.definition,
                is_attended=is_attended,
                started_by=actor.key,
                started_by_name=actor.name,
                started_at=at,
                phase_since=at,
            )
    except IntegrityError as error:
        raise CannotRehearse("Another exercise is on: one at a time", hint="Wait for it, or stop it") from error
    until = at + timedelta(seconds=shape.warm_up + shape.give_up_after + CLEANING_SECONDS)
    expect_drill([exercise.target_id], reference=run.reference, starts_at=at, ends_at=until)
    tell(
        ExerciseStarted(exercise_run_id=run.pk, exercise_id=exercise.pk, node_id=exercise.target_id), at=at, actor=actor
    )
    wake(run)
    return run


def wake(run: ExerciseRun) -> None:
    """Have a worker drive the run."""
    defer_named("rehearse.drive_exercise", queue="runs", exercise_run_id=run.pk)


def _require_fit(exercise: Exercise, shape: ExerciseShape) -> None:
    """Everything that forbids a run, the gravest first."""
    target = exercise.target
    if not target.rehearsable or target.retired_at is not None:
        hint = (
            f"Only what may be broken on purpose is marked so: `rehearsable: true` at {target.slug} in continuity.yaml"
        )
        raise CannotRehearse(f"{target.name} is not marked as rehearsable", field="target", hint=hint)
    if exercise.retired_at is not None:
        raise CannotRehearse(f"{exercise.name} is no longer in use")
    other = live_run()
    if other is not None:
        raise CannotRehearse(
            f"{other.exercise.name} is on (run {other.pk}): one at a time", hint="Wait for it, or stop it"
        )
    if StopSwitch.objects.filter(is_set=True).exists():
        raise CannotRehearse("The stop switch is set: no procedure would help", hint="Release it under Recovery first")
    blocking = incidents_in_the_way(target)
    if blocking:
        names = ", ".join(f"{incident.label} {incident.title}" for incident in blocking[:3])
        raise CannotRehearse(f"There is trouble already: {names}", hint="Resolve it first; never drill into an outage")
    if shape.detection == "incident":
        _require_watched(exercise)
    try:
        fault_of(shape.fault)
    except CannotInject as error:
        raise CannotRehearse(str(error), field="fault") from error


def _require_watched(exercise: Exercise) -> None:
    target = exercise.target
    if not monitors_near(target).exists():
        hint = "Add a monitor on it, or on a function that stops with it"
        raise CannotRehearse(f"Nothing watches {target.name}: its loss would not be noticed", hint=hint)
    red = monitors_not_up(target)
    if red:
        names = ", ".join(f"{monitor.slug} is {monitor.state}" for monitor in red[:4])
        raise CannotRehearse(
            f"Not everything is green: {names}", hint="Start from a healthy shop; is the prober running?"
        )


@transaction.atomic
def stop_exercise(run: ExerciseRun, *, reason: str, actor: Actor, at: datetime) -> None:
    """Break off a run; whatever was broken is put back. Raises `CannotStopExercise`."""
    actor.require("rehearse.run")
    locked = ExerciseRun.objects.select_for_update().get(pk=run.pk)
    if locked.phase in (Phase.CLEANING, Phase.DONE) or locked.abort_reason:
        raise CannotStopExercise("It is over, or on its way there")
    locked.abort_reason = (reason.strip() or f"stopped by {actor.name}")[:300]
    locked.save(update_fields=["abort_reason"])
    tell(ExerciseStopped(exercise_run_id=run.pk, reason=locked.abort_reason), at=at, actor=actor)
    wake(locked)
