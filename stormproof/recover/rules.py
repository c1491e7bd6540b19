"""What comes next in a run, and how long it took: pure decisions over the definition and the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from stormproof.recover.choices import ANSWERS, Answer, Direction, OnFailure, Question, RunState, StepState
from stormproof.recover.kinds.shapes import ProcedureShape, StepShape

MOST_INTERRUPTIONS = 3  # a step whose worker died this often may be what kills it: a person decides
OUTPUT_LIMIT = 64_000
HIDDEN = "•••"


Act = Literal["do", "undo"]
SETTLED = (StepState.DONE, StepState.SKIPPED, StepState.UNDONE)
DECISIONS = (Answer.RETRY, Answer.UNDO, Answer.STOP)


class Row(Protocol):
    """What the rules read of a row of the journal (`StepRun`)."""

    step: str
    direction: str
    attempt: int
    state: str
    question: str
    answer: str
    interrupted: bool
    answered_at: datetime | None


@dataclass(frozen=True)
class Move:
    """What a run does next. `attempt` and `delay_seconds` belong to `do` and `undo`."""

    act: Literal["do", "undo", "skip", "recover", "wait", "ask", "begin_undo", "finish"]
    step: StepShape | None = None
    attempt: int = 0
    delay_seconds: float = 0
    state: str = ""
    reason: str = ""


def next_move(
    procedure: ProcedureShape, journal: Sequence[Row], *, mode: str, undoing: bool, undoable: frozenset[str]
) -> Move:
    """The next act of a run, from what the journal says; the same journal always gives the same act."""
    if undoing:
        return _next_undo(procedure, journal, undoable)
    for step in procedure.steps:
        rows = rows_of(journal, step.id, Direction.DO)
        move = _move_of(step, rows, mode)
        if move is not None:
            return move
    return Move("finish", state=RunState.DONE)


def rows_of(journal: Iterable[Row], step: str, direction: str) -> list[Row]:
    """The attempts at one step in one direction, first to last."""
    found = [row for row in journal if row.step == step and row.direction == direction]
    return sorted(found, key=lambda row: row.attempt)


def _move_of(step: StepShape, rows: list[Row], mode: str) -> Move | None:
    """What one step needs now; None when it is settled and the next one may come."""
    if rows:
        return _move_after(step, rows, "do")
    if mode not in step.only_in:
        return Move("skip", step, 1, reason=f"not part of a {mode} run")
    return Move("do", step, 1)


def _move_after(step: StepShape, rows: list[Row], act: Act) -> Move | None:
    """What the last attempt leaves to do, in either direction."""
    last = rows[-1]
    if last.state in SETTLED:
        return None
    if last.state == StepState.STARTED:
        return Move("recover", step, last.attempt)
    if last.question and last.answered_at is None:
        return Move("wait", step, last.attempt)
    if last.answer in DECISIONS:
        return _as_decided(step, last, act)
    if last.state == StepState.UNKNOWN:
        return _after_interruption(step, rows, act)
    return _after_failure(step, rows) if act == "do" else Move("ask", step, last.attempt, state=Question.FAILED)


def _as_decided(step: StepShape, last: Row, act: Act) -> Move:
    """What a person decided about a step that failed or whose outcome is unknown."""
    if last.answer == Answer.RETRY:
        return Move(act, step, last.attempt + 1)
    if last.answer == Answer.UNDO and act == "do":
        return Move("begin_undo", step, reason=f"a person asked to undo the run at {step.title}")
    return Move("finish", step, state=RunState.ABORTED, reason=f"a person stopped the run at {step.title}")


def _after_interruption(step: StepShape, rows: list[Row], act: Act) -> Move:
    """A step that is safe to repeat was interrupted: run it again, unless it was interrupted too often."""
    last = rows[-1]
    if sum(row.interrupted for row in rows) >= MOST_INTERRUPTIONS:
        return Move("ask", step, last.attempt, state=Question.UNKNOWN)
    return Move(act, step, last.attempt + 1)


def _after_failure(step: StepShape, rows: list[Row]) -> Move:
    """Retry while retries are left, then do what the step says about failure."""
    last = rows[-1]
    if last.answer != Answer.REFUSED and failures_in_a_row(rows) <= step.retries:
        return Move("do", step, last.attempt + 1, delay_seconds=step.retry_delay)
    if step.on_failure == OnFailure.ASK.value and last.question != Question.FAILED:
        return Move("ask", step, last.attempt, state=Question.FAILED)
    if step.on_failure == OnFailure.UNDO.value:
        return Move("begin_undo", step, reason=f"{step.title} failed")
    return Move("finish", step, state=RunState.FAILED, reason=f"{step.title} failed")


def failures_in_a_row(rows: Sequence[Row]) -> int:
    """How often a step has failed since a person last asked for it to run again."""
    count = 0
    for row in reversed(rows):
        if row.answer == Answer.RETRY:
            break
        count += row.state == StepState.FAILED
    return count


def _next_undo(procedure: ProcedureShape, journal: Sequence[Row], undoable: frozenset[str]) -> Move:
    """The last step that ran and can be undone, until none is left."""
    for step in reversed(procedure.steps):
        done = rows_of(journal, step.id, Direction.DO)
        ran = done and done[-1].state in (StepState.DONE, StepState.FAILED, StepState.UNKNOWN)
        if not ran or step.id not in undoable:
            continue
        rows = rows_of(journal, step.id, Direction.UNDO)
        move = _move_after(step, rows, "undo") if rows else Move("undo", step, 1)
        if move is not None:
            return move
    return Move("finish", state=RunState.UNDONE)


@dataclass(frozen=True)
class RunTimes:
    """Where the time of a run went, in seconds: waiting for people, and machines at work."""

    human_s: float
    machine_s: float

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.human_s + self.machine_s


def times_of(
    *, started_at: datetime, ended_at: datetime, waits: Iterable[tuple[datetime, datetime | None]]
) -> RunTimes:
    """Split a run into human waits (asked until answered, overlaps counted once) and the rest."""
    human, reached = 0.0, started_at
    for asked_at, answered_at in sorted(waits, key=lambda wait: wait[0]):
        begin, end = max(asked_at, reached), min(answered_at or ended_at, ended_at)
        if end > begin:
            human += (end - begin).total_seconds()
            reached = end
    return RunTimes(human_s=human, machine_s=max(0.0, (ended_at - started_at).total_seconds() - human))


_PARAMETER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")


def filled(value: Any, parameters: Mapping[str, str]) -> Any:
    """`value` with each `${name}` in its texts replaced; raises KeyError for a name that has no value."""
    if isinstance(value, str):
        return _PARAMETER.sub(lambda found: str(parameters[found[1]]), value)
    if isinstance(value, Mapping):
        return {key: filled(inner, parameters) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, parameters) for inner in value]
    return value


def parameters_in(value: Any) -> set[str]:
    """The names of all `${name}` in the texts of `value`."""
    if isinstance(value, str):
        return set(_PARAMETER.findall(value))
    if isinstance(value, Mapping):
        return set().union(*(parameters_in(inner) for inner in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(parameters_in(inner) for inner in value))
    return set()


def masked(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`; the longest go first, so that no part of one stays behind."""
    for secret in sorted((value for value in secrets if len(value) >= 3), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def masked_all(value: Any, secrets: Sequence[str]) -> Any:
    """`value` with every text in it masked, at any depth."""
    if isinstance(value, str):
        return masked(value, secrets)
    if isinstance(value, Mapping):
        return {key: masked_all(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked_all(inner, secrets) for inner in value]
    return value


def answers_to(question: str, *, direction: str) -> tuple[Answer, ...]:
    """What a person may answer; an undo is not undone once more."""
    offered = ANSWERS[question]
    return offered if direction == Direction.DO else tuple(answer for answer in offered if answer != Answer.UNDO)


def state_after(answer: str, *, before: str) -> str:
    """The state of a step once a person has answered; `retry`, `stop` and `undo` leave the attempt as it was."""
    states: dict[str, str] = {
        Answer.HAPPENED: StepState.DONE,
        Answer.DID_NOT_HAPPEN: StepState.FAILED,
        Answer.SKIP: StepState.SKIPPED,
        Answer.APPROVED: StepState.DONE,
        Answer.REFUSED: StepState.FAILED,
    }
    if answer == Answer.RETRY and before == StepState.WAITING_HUMAN:
        return StepState.FAILED
    if answer == Answer.STOP and before == StepState.WAITING_HUMAN:
        return StepState.FAILED
    return states.get(answer, before)


def bounded(text: str, limit: int = OUTPUT_LIMIT) -> str:
    """At most about `limit` characters: the beginning and the end, with how much was left out between."""
    text = text.replace("\x00", "�")
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
