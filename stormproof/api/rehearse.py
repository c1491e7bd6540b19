"""Exercises for programs: which there are, run one, follow it, stop it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.rehearse import selectors, services
from stormproof.rehearse.models import Exercise, ExerciseRun

router = Router(tags=["rehearse"])


class ExerciseOut(Schema):
    """An exercise and what it breaks."""

    slug: str
    name: str
    target: str

    @staticmethod
    def resolve_target(exercise: Exercise) -> str:
        """The identifier of what it breaks."""
        return str(exercise.target.slug)


class ExerciseRunOut(Schema):
    """A run with its figures; times in seconds, null where the thing did not happen."""

    id: int
    exercise: str
    phase: str
    outcome: str
    passed: bool
    started_at: datetime
    finished_at: datetime | None
    detect_s: float | None
    decide_s: float | None
    human_s: float | None
    machine_s: float | None
    rto_s: float | None
    orders_acknowledged: int | None
    orders_lost: int
    failed_requests: int | None
    gaps: list[str]
    incident: int | None
    run: int | None

    @staticmethod
    def resolve_exercise(run: ExerciseRun) -> str:
        """The identifier of the exercise."""
        return str(run.exercise.slug)

    @staticmethod
    def resolve_passed(run: ExerciseRun) -> bool:
        """Whether every promise was kept."""
        return run.has_passed

    @staticmethod
    def resolve_orders_lost(run: ExerciseRun) -> int:
        """How many acknowledged orders the shop no longer has."""
        return len(run.orders_lost)

    @staticmethod
    def resolve_incident(run: ExerciseRun) -> int | None:
        """The number of the incident it caused."""
        return run.incident.number if run.incident else None

    @staticmethod
    def resolve_run(run: ExerciseRun) -> int | None:
        """The run of the procedure that answered."""
        return run.run_id


class StartIn(Schema):
    """How to run it."""

    attended: bool = False


class StopIn(Schema):
    """Why it is broken off."""

    reason: str = ""


@router.get("/exercises", response=list[ExerciseOut], summary="List exercises")
@paginate
def list_exercises(request: Request) -> QuerySet[Exercise]:
    """The exercises in use."""
    request.actor.require("rehearse.read")
    return selectors.exercise_list(request.actor)


@router.post("/exercises/{slug}/runs", response={201: ExerciseRunOut}, summary="Run an exercise")
def run_exercise(request: Request, slug: str, data: StartIn) -> Status[ExerciseRun]:
    """Break its target now; a worker drives the run. Refused for anything not marked as rehearsable."""
    exercise = selectors.exercise_for(request.actor, slug)
    run = services.start_exercise(exercise, is_attended=data.attended, actor=request.actor, at=now())
    return Status(201, run)


@router.get("/exercise-runs", response=list[ExerciseRunOut], summary="List runs of exercises")
@paginate
def list_exercise_runs(request: Request) -> QuerySet[ExerciseRun]:
    """All runs, newest first."""
    request.actor.require("rehearse.read")
    return selectors.exercise_run_list(request.actor)


@router.get("/exercise-runs/{id}", response=ExerciseRunOut, summary="One run of an exercise")
def get_exercise_run(request: Request, id: int) -> ExerciseRun:
    """One run with its figures so far."""
    return selectors.exercise_run_for(request.actor, id)


@router.post("/exercise-runs/{id}/stop", response=ExerciseRunOut, summary="Stop a run of an exercise")
def stop_exercise_run(request: Request, id: int, data: StopIn) -> ExerciseRun:
    """Break it off; everything that was broken is put back."""
    run = selectors.exercise_run_for(request.actor, id)
    services.stop_exercise(run, reason=data.reason, actor=request.actor, at=now())
    run.refresh_from_db()
    return run
