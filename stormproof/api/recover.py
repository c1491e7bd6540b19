"""Procedures and runs for programs: list, start, follow, answer, approve, stop."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.recover import selectors, services
from stormproof.recover.models import Procedure, Run, StepRun

router = Router(tags=["recover"])


class ProcedureOut(Schema):
    """A procedure: what it recovers and how it starts."""

    slug: str
    name: str
    description: str
    recovers: str = Field(alias="node.slug")
    start: str
    version: int
    steps: list[dict[str, Any]] = Field(alias="definition.steps")


class StepPreviewOut(Schema):
    """What one step would do now."""

    id: str
    name: str
    kind: str
    would: str
    fault: str
    can_be_undone: bool
    is_safe_to_repeat: bool


class PreviewOut(Schema):
    """What a run would do now; nothing was touched."""

    procedure: str
    steps: list[StepPreviewOut]
    usual_seconds: float | None
    longest_seconds: float
    can_be_undone: bool


class AttemptOut(Schema):
    """One row of the journal."""

    step: str
    direction: str
    attempt: int
    kind: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    output: str
    question: str
    asked_at: datetime | None
    answer: str
    answered_by_name: str
    note: str


class RunOut(Schema):
    """A run without its journal."""

    id: int
    procedure: str = Field(alias="procedure.slug")
    recovers: str = Field(alias="node.slug")
    state: str
    mode: str
    reference: str
    reason: str
    version: int
    parameters: dict[str, str]
    started_at: datetime
    started_by_name: str
    finished_at: datetime | None


class RunWithJournalOut(RunOut):
    """A run with its journal and where the time went."""

    journal: list[AttemptOut]
    human_seconds: float
    machine_seconds: float

    @staticmethod
    def resolve_journal(run: Run) -> list[StepRun]:
        """First to last."""
        return list(run.journal.order_by("id"))

    @staticmethod
    def resolve_human_seconds(run: Run) -> float:
        """Waiting for people."""
        return selectors.run_times(run, at=now()).human_s

    @staticmethod
    def resolve_machine_seconds(run: Run) -> float:
        """All else."""
        return selectors.run_times(run, at=now()).machine_s


class StartIn(Schema):
    """How to start a run."""

    mode: Literal["real", "drill"] = "real"
    reference: str = Field(default="", max_length=80)
    parameters: dict[str, str] = {}


class AnswerIn(Schema):
    """What a person says about a step that waits."""

    step: str
    answer: Literal["happened", "did_not_happen", "retry", "skip", "undo", "stop"]
    note: str = Field(default="", max_length=4000)


class DecisionIn(Schema):
    """Yes or no to a step that asks for approval."""

    step: str
    decision: Literal["approved", "refused"]
    note: str = Field(default="", max_length=4000)


class ReasonIn(Schema):
    """Why."""

    reason: str = Field(default="", max_length=500)


class SwitchOut(Schema):
    """The stop switch."""

    is_set: bool
    reason: str
    changed_by: str
    changed_at: datetime | None


@router.get("/procedures", response=list[ProcedureOut], summary="Procedures in use")
@paginate
def procedures(request: Request) -> QuerySet[Procedure]:
    """In the order of the file."""
    request.actor.require("recover.read")
    return selectors.procedure_list(request.actor)


@router.get("/procedures/{slug}", response=ProcedureOut, summary="One procedure")
def procedure(request: Request, slug: str) -> Procedure:
    """With its steps as they are written."""
    return selectors.procedure_for(request.actor, slug)


@router.get("/procedures/{slug}/dry-run", response=PreviewOut, summary="What a run would do")
def dry_run(request: Request, slug: str) -> dict[str, Any]:
    """Touches nothing."""
    preview = selectors.preview_of(selectors.procedure_for(request.actor, slug))
    steps = [
        {
            "id": one.step.id,
            "name": one.step.title,
            "kind": one.step.kind,
            "would": one.dry_run,
            "fault": one.fault,
            "can_be_undone": one.can_be_undone,
            "is_safe_to_repeat": one.is_safe_to_repeat,
        }
        for one in preview.steps
    ]
    return {
        "procedure": slug,
        "steps": steps,
        "usual_seconds": preview.usual_seconds,
        "longest_seconds": preview.longest_seconds,
        "can_be_undone": preview.can_be_undone,
    }


@router.post("/procedures/{slug}/runs", response={201: RunOut}, summary="Start a run")
def start(request: Request, slug: str, wanted: StartIn) -> Status[Run]:
    """It begins as soon as a worker takes it up, within a second."""
    found = selectors.procedure_for(request.actor, slug)
    run = services.start_run(
        found,
        reference=wanted.reference,
        mode=wanted.mode,
        parameters=dict(wanted.parameters),
        actor=request.actor,
        at=now(),
    )
    return Status(201, run)


@router.get("/runs", response=list[RunOut], summary="Runs, newest first")
@paginate
def runs(request: Request, state: str = "", reference: str = "") -> QuerySet[Run]:
    """Narrowed to a state or a reference, if given."""
    request.actor.require("recover.read")
    found = selectors.run_list(request.actor)
    if state:
        found = found.filter(state=state)
    return found.filter(reference=reference) if reference else found


@router.get("/runs/{id}", response=RunWithJournalOut, summary="One run with its journal")
def run(request: Request, id: int) -> Run:
    """Every attempt at every step."""
    return selectors.run_for(request.actor, id)


@router.post("/runs/{id}/answer", response=RunWithJournalOut, summary="Answer the question about a step")
def answer(request: Request, id: int, said: AnswerIn) -> Run:
    """The run goes on at once."""
    found = selectors.run_for(request.actor, id)
    services.answer_step(found, step=said.step, answer=said.answer, note=said.note, actor=request.actor, at=now())
    return selectors.run_for(request.actor, id)


@router.post("/runs/{id}/approve", response=RunWithJournalOut, summary="Approve a step or refuse it")
def approve(request: Request, id: int, said: DecisionIn) -> Run:
    """One no is enough; a yes counts towards the number that the step wants."""
    found = selectors.run_for(request.actor, id)
    services.approve_step(
        found, step=said.step, decision=said.decision, note=said.note, via="api", actor=request.actor, at=now()
    )
    return selectors.run_for(request.actor, id)


@router.post("/runs/{id}/abort", response=RunWithJournalOut, summary="Stop a run")
def abort(request: Request, id: int, why: ReasonIn) -> Run:
    """The step at work is ended and no other begins; what was done stays done."""
    found = selectors.run_for(request.actor, id)
    services.abort_run(found, reason=why.reason, actor=request.actor, at=now())
    return selectors.run_for(request.actor, id)


@router.post("/stop-switch", response=SwitchOut, summary="Keep every run from starting a new effect")
def stop(request: Request, why: ReasonIn) -> object:
    """At once and everywhere."""
    services.stop_effects(reason=why.reason, actor=request.actor, at=now())
    return selectors.stop_switch()


@router.delete("/stop-switch", response=SwitchOut, summary="Let runs go on")
def release(request: Request, reason: str) -> object:
    """Held runs go on where they are."""
    services.allow_effects(reason=reason, actor=request.actor, at=now())
    return selectors.stop_switch()
