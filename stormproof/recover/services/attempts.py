"""One attempt at a step: the effect, the look at what it did, and what is to be made of an interrupted one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stormproof.recover.choices import Direction, StepState
from stormproof.recover.kinds.command import end_stragglers, stragglers_of
from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, Verdict
from stormproof.recover.kinds.registry import Action, may_repeat, ready
from stormproof.recover.models import StepRun
from stormproof.recover.services.effects import Stuck, Work, guarded

OWN_VERIFY_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Settled:
    """What goes into the journal. `repeat` says that an unknown attempt may simply be followed by another."""

    state: str
    output: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    repeat: bool = False


def attempt(work: Work, *, undo: bool) -> Settled:
    """Have the effect, look whether it is there, and say how it ended."""
    try:
        action, body = _prepared(work, undo=undo)
    except CannotRunStep as error:
        return Settled(StepState.FAILED, str(error))
    seconds = float(work.step.timeout)
    try:
        outcome = work.do(lambda: guarded(lambda: body(work.call(seconds=seconds))), seconds=seconds)
    except Stuck:
        outcome = Outcome("unclear", "it did not stop at its deadline and may still be at work")
    return _judged(work, action, outcome, undo=undo)


def _prepared(work: Work, *, undo: bool) -> tuple[Action, Callable[[StepCall], Outcome]]:
    """The action with its secrets open, and the effect to have."""
    explicit = work.step.undo if undo else work.step
    action = ready(explicit or work.step, work.run.parameters)
    work.secrets += action.secrets
    if undo and explicit is None:
        noted = _result_of_step(work)
        return action, lambda call: action.kind.undo(action.with_, noted, call)
    return action, lambda call: action.kind.execute(action.with_, call)


def _result_of_step(work: Work) -> dict[str, Any]:
    """What its attempts noted; the first one's note wins, because it saw the world as it was before the run."""
    rows = StepRun.objects.filter(run=work.run, step=work.step.id, direction=Direction.DO)
    return {key: value for row in rows.order_by("-attempt") for key, value in row.result.items()}


def _judged(work: Work, action: Action, outcome: Outcome, *, undo: bool) -> Settled:
    """What an outcome and a look at the world come to."""
    if outcome.state == "failed":
        return Settled(StepState.FAILED, outcome.output, outcome.result)
    verdict = _verified(work, action, undo=undo)
    seen = "" if verdict is None else f"\n[verified: {verdict.output}]" if verdict.is_done else ""
    if verdict is None and outcome.state == "done":
        return Settled(StepState.DONE, outcome.output, outcome.result)
    if verdict is not None and verdict.is_done:
        return Settled(StepState.DONE, f"{outcome.output}{seen}".strip(), outcome.result)
    doubt = f"\n[not verified: {verdict.output}]" if verdict else "\n[nothing can verify this step]"
    output = f"{outcome.output}{doubt}".strip()
    refuted = outcome.state == "done" and verdict is not None and verdict.state == "not_done"
    if refuted or _repeatable(work, action, undo=undo):
        return Settled(StepState.FAILED, output, outcome.result)
    return Settled(StepState.UNKNOWN, output, outcome.result)


def _repeatable(work: Work, action: Action, *, undo: bool) -> bool:
    if undo and work.step.undo is not None:
        return action.kind.is_safe_to_repeat(action.with_)
    return may_repeat(work.step, action)


def _verified(work: Work, action: Action, *, undo: bool) -> Verdict | None:
    """Look until the effect is there or the time to look is over; None when nothing can tell."""
    look, seconds = _look(work, action, undo=undo)
    if look is None:
        return None
    call = work.call(seconds=seconds)
    try:
        return work.do(lambda: _looked(look, call), seconds=seconds)
    except Stuck:
        return Verdict("inconclusive", "the verification did not end")


def _look(work: Work, action: Action, *, undo: bool) -> tuple[Callable[[StepCall], Verdict | None] | None, float]:
    """How to see whether the effect is there, and how long to look."""
    verify = None if undo else work.step.verify
    if verify is not None:
        try:
            probe = ready(verify, work.run.parameters)
        except CannotRunStep as error:
            words = str(error)
            return lambda call: Verdict("inconclusive", words), float(verify.within)
        work.secrets += probe.secrets
        return lambda call: probe.kind.probe(probe.with_, call), float(verify.within)
    if undo and work.step.undo is None:
        return None, 0.0
    return lambda call: action.kind.verify(action.with_, call), OWN_VERIFY_SECONDS


def _looked(look: Callable[[StepCall], Verdict | None], call: StepCall) -> Verdict | None:
    while True:
        try:
            verdict = look(call)
        except CannotRunStep as error:
            return Verdict("inconclusive", str(error))
        if verdict is None or verdict.is_done or call.is_over():
            return verdict
        call.pause(LOOK_EVERY_SECONDS)
        if call.is_over():
            return verdict


def recover_attempt(work: Work, *, undo: bool, at: datetime) -> Settled:
    """What is to be made of an attempt whose worker fell silent.

    Safe to repeat: its stragglers are ended and it runs again. Otherwise what is left of it may end by itself until
    its own timeout, and then only a look at the world, or a person, says whether it happened.
    """
    try:
        action, _ = _prepared(work, undo=undo)
    except CannotRunStep as error:
        return Settled(StepState.UNKNOWN, str(error), interrupted=True)
    mark = work.call(seconds=0).mark
    if _repeatable(work, action, undo=undo):
        ended = work.do(lambda: end_stragglers(mark), seconds=10)
        words = f"; {ended} processes it left were ended" if ended else ""
        return Settled(StepState.UNKNOWN, f"its worker fell silent{words}", interrupted=True, repeat=True)
    left = max(0.0, work.step.timeout - (at - work.at).total_seconds())
    work.do(lambda: _outwait(mark, work.call(seconds=left)), seconds=left + 10)
    verdict = _verified(work, action, undo=undo)
    if verdict is not None and verdict.is_done:
        words = f"its worker fell silent\n[verified: {verdict.output}]"
        return Settled(StepState.DONE, words, interrupted=False)
    doubt = verdict.output if verdict else "nothing can verify this step"
    return Settled(StepState.UNKNOWN, f"its worker fell silent\n[not verified: {doubt}]", interrupted=True)


def _outwait(mark: str, call: StepCall) -> None:
    """Wait for the processes of an interrupted attempt, and end what is left of them when its time is over."""
    while stragglers_of(mark) and not call.is_over():
        call.pause(LOOK_EVERY_SECONDS)
    end_stragglers(mark)
