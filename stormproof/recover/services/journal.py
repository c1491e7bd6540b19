"""The journal of a run: the claim of its driver, the intent before each effect and the result after it.

Every write of a driver holds only while its claim does: it locks the run's row `where token = mine`. A worker that
was taken for dead and comes back finds a higher token and is refused (`Fenced`). Leases are told by the clock of
the database, so that the clocks of the workers need not agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.recover.choices import Direction, Question, RunState, StepState
from stormproof.recover.facts import RunFinished, RunNeedsPerson, RunTakenOver, StepFinished, StepOutcomeUnknown
from stormproof.recover.models import Run, StepRun, StopSwitch

LEASE = timedelta(seconds=3)
HEARTBEAT_SECONDS = 0.75


class Fenced(Exception):
    """The claim is lost: another worker drives the run, or the run has ended. Nothing was written."""


class EffectsAreStopped(Exception):
    """The stop switch is set: the step was not begun and the run is held."""


@dataclass(frozen=True)
class Claim:
    """The right to drive one run."""

    run_id: int
    token: int
    executor: str


@transaction.atomic
def claim_run(run_id: int, *, executor: str, at: datetime) -> Claim | None:
    """The right to drive the run, for `LEASE` and as long as it is renewed; None when another worker has it."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    run = Run.objects.select_for_update().filter(free, pk=run_id, state=RunState.RUNNING).first()
    if run is None:
        return None
    Run.objects.filter(pk=run_id).update(token=F("token") + 1, executor=executor, lease_until=Now() + LEASE)
    if run.executor and run.lease_until is not None:
        last = run.journal.filter(state=StepState.STARTED).first()
        fact = RunTakenOver(
            run_id=run_id, from_executor=run.executor, to_executor=executor, step=last.step if last else ""
        )
        tell(fact, at=at)
    return Claim(run_id=run_id, token=run.token + 1, executor=executor)


def renew_claim(claim: Claim) -> bool:
    """Keep the claim for another `LEASE`; whether a person asked to stop the run. Raises `Fenced`."""
    mine = Run.objects.filter(pk=claim.run_id, token=claim.token, state=RunState.RUNNING)
    if not mine.update(lease_until=Now() + LEASE):
        raise Fenced(f"run {claim.run_id} is no longer driven under token {claim.token}")
    return Run.objects.filter(pk=claim.run_id, abort_asked_at__isnull=False).exists()


def _held(claim: Claim) -> Run:
    """The run's row, locked for this transaction and its lease renewed, if the claim still holds; raises `Fenced`."""
    run = Run.objects.select_for_update().filter(pk=claim.run_id, token=claim.token, state=RunState.RUNNING).first()
    if run is None:
        raise Fenced(f"run {claim.run_id} is no longer driven under token {claim.token}")
    Run.objects.filter(pk=run.pk).update(lease_until=Now() + LEASE)
    return run


@transaction.atomic
def write_intent(
    claim: Claim,
    *,
    step: str,
    position: int,
    direction: str,
    attempt: int,
    kind: str,
    touches: bool,
    at: datetime,
) -> StepRun:
    """The row that is committed before an effect.

    Raises `Fenced`; `IntegrityError` if the attempt is in the journal already; `EffectsAreStopped` (commits: held).
    """
    _held(claim)
    if touches and StopSwitch.objects.filter(is_set=True).exists():
        raise EffectsAreStopped
    row = StepRun.objects.create(
        run_id=claim.run_id,
        step=step,
        position=position,
        direction=direction,
        attempt=attempt,
        kind=kind,
        state=StepState.STARTED,
        executor=claim.executor,
        token=claim.token,
        started_at=at,
    )
    announce(f"run:{claim.run_id}")
    return row


@transaction.atomic
def write_progress(claim: Claim, row: StepRun, *, output: str) -> None:
    """Show the output so far; raises `Fenced`."""
    _held(claim)
    StepRun.objects.filter(pk=row.pk).update(output=output)
    announce(f"run:{claim.run_id}")


@transaction.atomic
def write_result(
    claim: Claim,
    row: StepRun,
    *,
    state: str,
    output: str = "",
    result: dict[str, Any] | None = None,
    interrupted: bool = False,
    at: datetime,
) -> None:
    """The row that is committed after an effect; written once. Raises `Fenced`."""
    _held(claim)
    changed = StepRun.objects.filter(pk=row.pk, state=StepState.STARTED).update(
        state=state, output=output, result=result or {}, interrupted=interrupted, ended_at=at
    )
    if changed and not interrupted and state != StepState.UNKNOWN:
        settle_step(row, state=state, at=at)
    announce(f"run:{claim.run_id}")


def settle_step(row: StepRun, *, state: str, at: datetime, actor: Actor = SYSTEM) -> None:
    """Tell how a step ended, in the caller's transaction; an undo that is done makes its step undone."""
    if row.direction == Direction.UNDO and state == StepState.DONE:
        done = StepRun.objects.filter(run_id=row.run_id, step=row.step, direction=Direction.DO).order_by("-attempt")
        StepRun.objects.filter(pk__in=done.values("pk")[:1]).update(state=StepState.UNDONE)
        state = StepState.UNDONE
    tell(StepFinished(run_id=row.run_id, step=row.step, state=state, attempt=row.attempt), at=at, actor=actor)


@transaction.atomic
def write_skip(claim: Claim, *, step: str, position: int, kind: str, note: str, at: datetime) -> None:
    """Note that a step is left out, and why; raises `Fenced`."""
    _held(claim)
    StepRun.objects.create(
        run_id=claim.run_id,
        step=step,
        position=position,
        attempt=1,
        kind=kind,
        state=StepState.SKIPPED,
        executor=claim.executor,
        token=claim.token,
        started_at=at,
        ended_at=at,
        note=note,
    )
    tell(StepFinished(run_id=claim.run_id, step=step, state=StepState.SKIPPED, attempt=1), at=at)


@transaction.atomic
def ask_person(claim: Claim, row: StepRun, *, question: str, at: datetime) -> None:
    """Put the question about a step to people, and let go of the run until one answers; raises `Fenced`."""
    run = _held(claim)
    state = StepState.WAITING_HUMAN if question in (Question.MANUAL, Question.APPROVE) else row.state
    asked_at = row.asked_at or at  # asked once more, it is one wait
    StepRun.objects.filter(pk=row.pk).update(
        question=question, asked_at=asked_at, state=state, answer="", answered_at=None
    )
    let_go(run, state=RunState.WAITING, at=at)
    if run.abort_asked_at is not None:
        return
    if question == Question.UNKNOWN:
        tell(StepOutcomeUnknown(run_id=claim.run_id, step=row.step), at=at)
    tell(RunNeedsPerson(run_id=claim.run_id, step=row.step, question=question), at=at)
    announce(f"run:{claim.run_id}:question")


@transaction.atomic
def hold_run(claim: Claim, *, at: datetime) -> None:
    """Let go of the run until the stop switch is released; raises `Fenced`."""
    let_go(_held(claim), state=RunState.HELD, at=at)
    announce(f"run:{claim.run_id}")


@transaction.atomic
def wait_for_answer(claim: Claim, *, at: datetime) -> None:
    """Let go of a run whose question is still open; raises `Fenced`."""
    let_go(_held(claim), state=RunState.WAITING, at=at)


@transaction.atomic
def begin_undo(claim: Claim, *, reason: str) -> None:
    """From here on the run takes back what it did; raises `Fenced`."""
    _held(claim)
    Run.objects.filter(pk=claim.run_id).update(undoing=True, reason=reason)
    announce(f"run:{claim.run_id}")


@transaction.atomic
def end_run(claim: Claim, *, state: str, reason: str, at: datetime) -> None:
    """The driver's last word; raises `Fenced`."""
    _held(claim)
    finish_run(claim.run_id, state=state, reason=reason, at=at)


def let_go(run: Run, *, state: str, at: datetime) -> None:
    """Give up the claim without ending the run, or end it if a person asked for that; the caller holds the row."""
    if run.abort_asked_at is not None:
        finish_run(run.pk, state=RunState.ABORTED, reason=run.reason, at=at)
    else:
        Run.objects.filter(pk=run.pk).update(state=state, executor="", lease_until=None)


def finish_run(run_id: int, *, state: str, reason: str, at: datetime, actor: Actor = SYSTEM) -> None:
    """End the run and tell it, in the caller's transaction that holds the run's row."""
    StepRun.objects.filter(run_id=run_id, state=StepState.STARTED).update(
        state=StepState.UNKNOWN, interrupted=True, ended_at=at
    )
    run = Run.objects.get(pk=run_id)
    run.state, run.finished_at, run.executor, run.lease_until = state, at, "", None
    run.reason = reason or run.reason
    run.save(update_fields=["state", "finished_at", "executor", "lease_until", "reason"])
    fact = RunFinished(
        run_id=run.pk,
        procedure_id=run.procedure_id,
        node_id=run.node_id,
        reference=run.reference,
        state=state,
        mode=run.mode,
    )
    tell(fact, at=at, actor=actor)
    announce(f"run:{run_id}:question")
