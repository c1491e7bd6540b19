"""Driving a run: claim it, do what the rules say comes next, until it ends, waits for a person or belongs to another.

The order that keeps a step from running twice: the intent is committed, then the effect happens, then the result is
committed. Whoever finds an intent without a result knows that the effect may have happened, and never guesses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import IntegrityError, connection, transaction

from stormproof.recover.choices import Direction, Question, RunState, StepState
from stormproof.recover.kinds.approve import ApproveShape
from stormproof.recover.kinds.contract import CannotRunStep
from stormproof.recover.kinds.registry import KINDS, shown, undoable_steps
from stormproof.recover.kinds.shapes import ProcedureShape, StepShape
from stormproof.recover.models import Run, StepRun
from stormproof.recover.rules import Move, masked_all, next_move
from stormproof.recover.services.approvals import invite_approvers
from stormproof.recover.services.attempts import Settled, attempt, recover_attempt
from stormproof.recover.services.effects import Work, patiently
from stormproof.recover.services.journal import (
    Claim,
    EffectsAreStopped,
    Fenced,
    ask_person,
    begin_undo,
    claim_run,
    end_run,
    hold_run,
    wait_for_answer,
    write_intent,
    write_result,
    write_skip,
)
from stormproof.recover.services.runs import wake

Clock = Callable[[], datetime]
RECONNECT_GRACE = "5 seconds"  # after a restart of the database its workers get this long to renew their leases
_driven_here: set[int] = set()  # the runs that threads of this process drive
_lock = threading.Lock()
log = structlog.get_logger(__name__)


def drive(run_id: int, *, executor: str, clock: Clock) -> None:
    """Drive the run as far as it goes now. Does nothing when it is driven already or nothing is to be done.

    A process that was starved or frozen past its lease does not take a run over from itself: it goes on with it.
    """
    with _lock:
        if run_id in _driven_here:
            return
        _driven_here.add(run_id)
    try:
        _drive(run_id, executor=executor, clock=clock)
    finally:
        with _lock:
            _driven_here.discard(run_id)


def _drive(run_id: int, *, executor: str, clock: Clock) -> None:
    claim = patiently(lambda: claim_run(run_id, executor=executor, at=clock()))
    if claim is None:
        return
    driver = _Driver(claim, clock)
    try:
        while driver.makes_a_move():
            pass
    except Fenced as error:
        log.warning("recover.fenced", run=run_id, executor=executor, error=str(error))


class _Driver:
    """One worker under one claim."""

    def __init__(self, claim: Claim, clock: Clock) -> None:
        self.claim, self.clock = claim, clock
        self.run = patiently(lambda: Run.objects.select_related("node").get(pk=claim.run_id))
        self.procedure = ProcedureShape.model_validate(self.run.definition)
        self.undoable = undoable_steps(self.procedure.steps)
        self.places = {step.id: place for place, step in enumerate(self.procedure.steps)}

    def makes_a_move(self) -> bool:
        """Do the next thing; whether there may be another."""
        patiently(self.run.refresh_from_db)
        if self.run.abort_asked_at is not None:
            return self._finish(Move("finish", state=RunState.ABORTED, reason=self.run.reason))
        journal = patiently(lambda: list(self.run.journal.all()))
        move = next_move(self.procedure, journal, mode=self.run.mode, undoing=self.run.undoing, undoable=self.undoable)
        acts: dict[str, Callable[[Move], bool]] = {
            "do": self._do,
            "undo": self._do,
            "skip": self._skip,
            "recover": self._recover,
            "wait": self._wait,
            "ask": self._ask,
            "begin_undo": self._begin_undo,
            "finish": self._finish,
        }
        return acts[move.act](move)

    def _finish(self, move: Move) -> bool:
        patiently(lambda: end_run(self.claim, state=move.state, reason=move.reason, at=self.clock()))
        return False

    def _begin_undo(self, move: Move) -> bool:
        patiently(lambda: begin_undo(self.claim, reason=move.reason))
        return True

    def _wait(self, move: Move) -> bool:
        patiently(lambda: wait_for_answer(self.claim, at=self.clock()))
        return False

    def _skip(self, move: Move) -> bool:
        step = _step_of(move)
        place = self.places[step.id]
        patiently(
            lambda: write_skip(
                self.claim, step=step.id, position=place, kind=step.kind, note=move.reason, at=self.clock()
            )
        )
        return True

    def _ask(self, move: Move) -> bool:
        row = self._row(move, Direction.UNDO if self.run.undoing else Direction.DO)
        patiently(lambda: ask_person(self.claim, row, question=move.state, at=self.clock()))
        return False

    def _row(self, move: Move, direction: str) -> StepRun:
        step = _step_of(move)
        return patiently(
            lambda: StepRun.objects.get(run=self.run, step=step.id, direction=direction, attempt=move.attempt)
        )

    def _do(self, move: Move) -> bool:
        """Run a step or undo it: intent, effect, result."""
        step = _step_of(move)
        self._pause(step, move.delay_seconds)
        kind = KINDS.get(step.kind)
        if move.act == "do" and kind is not None and kind.asks:
            return patiently(lambda: self._put_to_people(step, move, kind.asks))
        try:
            row = patiently(lambda: self._intent(step, move, touches=kind is None or kind.touches))
        except EffectsAreStopped:
            patiently(lambda: hold_run(self.claim, at=self.clock()))
            return False
        work = Work(self.claim, self.run, step, row, at=row.started_at)
        return self._settle(work, row, attempt(work, undo=move.act == "undo"))

    def _recover(self, move: Move) -> bool:
        """A step was interrupted: repeat it, see whether it happened, or ask."""
        step = _step_of(move)
        row = self._row(move, Direction.UNDO if self.run.undoing else Direction.DO)
        work = Work(self.claim, self.run, step, row, at=row.started_at)
        return self._settle(work, row, recover_attempt(work, undo=row.direction == Direction.UNDO, at=self.clock()))

    def _pause(self, step: StepShape, seconds: float) -> None:
        if seconds > 0:
            work = Work(self.claim, self.run, step, None, at=self.clock())
            call = work.call(seconds=seconds)
            work.do(lambda: call.pause(seconds), seconds=seconds)

    def _intent(self, step: StepShape, move: Move, *, touches: bool) -> StepRun:
        """The intent row, committed; the same one when the commit went through and its answer was lost."""
        direction = Direction.UNDO if move.act == "undo" else Direction.DO
        try:
            return write_intent(
                self.claim,
                step=step.id,
                position=self.places[step.id],
                direction=direction,
                attempt=move.attempt,
                kind=step.kind,
                touches=touches,
                at=self.clock(),
            )
        except IntegrityError as error:
            row = self._row(move, direction)
            if row.token != self.claim.token:
                raise Fenced(f"{step.id} of run {self.run.pk} was begun under token {row.token}") from error
            return row

    @transaction.atomic
    def _put_to_people(self, step: StepShape, move: Move, question: Question) -> bool:
        """Steps that people do: intent, question and invitations in one transaction."""
        row = self._intent(step, move, touches=False)
        try:
            action = shown(step, self.run.parameters)
        except CannotRunStep as error:
            write_result(self.claim, row, state=StepState.FAILED, output=str(error), at=self.clock())
            return True
        ask_person(self.claim, row, question=question, at=self.clock())
        if isinstance(action.with_, ApproveShape):
            people = invite_approvers(self.run, row, action.with_, at=self.clock())
            words = ", ".join(str(user) for user in people) or "nobody by mail"
            StepRun.objects.filter(pk=row.pk).update(output=f"asked {words}")
        return False

    def _settle(self, work: Work, row: StepRun, settled: Settled) -> bool:
        """Write the result; an outcome that nobody can know is asked about."""
        patiently(
            lambda: write_result(
                self.claim,
                row,
                state=settled.state,
                output=work.shown(settled.output),
                result=masked_all(settled.result, work.secrets),
                interrupted=settled.interrupted,
                at=self.clock(),
            )
        )
        if settled.state != StepState.UNKNOWN or settled.repeat:
            return True
        row = patiently(lambda: StepRun.objects.get(pk=row.pk))
        patiently(lambda: ask_person(self.claim, row, question=Question.UNKNOWN, at=self.clock()))
        return False


def _step_of(move: Move) -> StepShape:
    if move.step is None:
        raise ValueError(f"the move {move.act} names no step")
    return move.step


def take_over_silent_runs() -> int:
    """Wake a worker for each run whose driver fell silent, or that waits for a worker without a job; how many.

    After a restart of the database every lease has run out although the workers live: they get a grace.
    """
    silent = """SELECT run.id FROM recover_run AS run WHERE run.state = 'running'
        AND (run.lease_until IS NULL OR (run.lease_until < clock_timestamp()
             AND pg_postmaster_start_time() < clock_timestamp() - %s::interval))
        AND NOT EXISTS (SELECT FROM procrastinate_jobs AS job WHERE job.status = 'todo'
             AND job.task_name = 'recover.drive_run' AND (job.args ->> 'run_id')::bigint = run.id)"""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(silent, [RECONNECT_GRACE])
        runs = [Run(pk=row[0]) for row in cursor.fetchall()]
        for run in Run.objects.filter(pk__in=[run.pk for run in runs]):
            wake(run)
    return len(runs)
