"""What people say about a step that waits for them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.recover.choices import Answer, Question, RunState, StepState
from stormproof.recover.facts import StepAnswered
from stormproof.recover.kinds.manual import ManualShape
from stormproof.recover.kinds.registry import shown
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.models import Run, StepRun
from stormproof.recover.rules import answers_to, state_after
from stormproof.recover.services.journal import settle_step
from stormproof.recover.services.runs import wake


class CannotAnswer(Refused):
    """The answer was not taken."""


@transaction.atomic
def answer_step(run: Run, *, step: str, answer: str, note: str = "", actor: Actor, at: datetime) -> None:
    """Answer the question about `step`; the run goes on as soon as this commits.

    Raises `CannotAnswer` when nothing is asked, the answer does not fit the question, or a reason is missing.
    """
    actor.require("recover.run")
    row = asked_row(run, step)
    offered = [str(one) for one in answers_to(row.question, direction=row.direction)]
    if row.question == Question.APPROVE:
        raise CannotAnswer(f"{step} asks for approval", hint="Approve or refuse it.")
    if answer not in offered:
        raise CannotAnswer(f"{answer!r} does not answer it", field="answer", hint=f"Say one of {', '.join(offered)}.")
    if not note.strip() and (answer == Answer.SKIP or _wants_note(run, row)):
        raise CannotAnswer("a note is wanted here", field="note", hint="Say in a sentence what you saw or why.")
    take_answer(run, row, answer=answer, note=note.strip(), actor=actor, at=at)


def asked_row(run: Run, step: str) -> StepRun:
    """The row of the journal that waits for a person, with the run locked; raises `CannotAnswer`."""
    held = Run.objects.select_for_update().get(pk=run.pk)
    row = run.journal.filter(step=step, answered_at__isnull=True, asked_at__isnull=False).last()
    if held.state != RunState.WAITING or row is None:
        raise CannotAnswer(f"nothing is asked about {step}: run {run.pk} is {held.get_state_display().lower()}")
    return row


def take_answer(run: Run, row: StepRun, *, answer: str, note: str, actor: Actor, at: datetime) -> None:
    """Write the answer into the journal and wake the run, in the caller's transaction that holds the run's row."""
    state = state_after(answer, before=row.state)
    row.answer, row.note, row.answered_at, row.state = answer, note[:4000], at, state
    row.answered_by, row.answered_by_name = actor.key, actor.name
    row.ended_at = row.ended_at or at
    row.save(update_fields=["answer", "note", "answered_at", "state", "answered_by", "answered_by_name", "ended_at"])
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    tell(StepAnswered(run_id=run.pk, step=row.step, answer=answer, note=note[:500]), at=at, actor=actor)
    if state in (StepState.DONE, StepState.FAILED, StepState.SKIPPED):
        settle_step(row, state=state, at=at, actor=actor)
    announce(f"run:{run.pk}:question")
    wake(run)


def _wants_note(run: Run, row: StepRun) -> bool:
    if row.question != Question.MANUAL:
        return False
    step = ProcedureShape.model_validate(run.definition).step(row.step)
    with_ = shown(step, run.parameters).with_
    return isinstance(with_, ManualShape) and with_.needs_note
