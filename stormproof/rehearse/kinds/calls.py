"""How an exercise uses recover's kinds of steps: a call with a deadline that belongs to no run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, Verdict
from stormproof.recover.kinds.registry import ready
from stormproof.recover.kinds.shapes import ActionShape

LOOK_SECONDS = 3.0


def _silent(_line: str) -> None:
    """The words of a look are not kept."""


def call_now(
    step: str, *, seconds: float, monotonic: float, reference: str = "", say: Callable[[str], None] = _silent
) -> StepCall:
    """A call of a step that is due within `seconds` of `monotonic`."""
    return StepCall(
        run_id=0,
        step=f"{reference}:{step}" if reference else step,
        attempt=1,
        mode="drill",
        reference=reference,
        at=datetime.fromtimestamp(0, UTC),
        deadline=monotonic + seconds,
        say=say,
    )


def look(action: ActionShape) -> Verdict:
    """One look at the world, as `verify:` would; what cannot be looked at is inconclusive."""
    try:
        found = ready(action, {})
        call = call_now("look", seconds=LOOK_SECONDS, monotonic=time.monotonic())
        return found.kind.probe(found.with_, call)
    except CannotRunStep as error:
        return Verdict("inconclusive", str(error))


def act(action: ActionShape, *, reference: str, number: int, seconds: float) -> Outcome:
    """Do one thing of an exercise's `clean_up`; what cannot begin has failed."""
    try:
        found = ready(action, {})
        call = call_now(f"clean-{number}", seconds=seconds, monotonic=time.monotonic(), reference=reference)
        return found.kind.execute(found.with_, call)
    except CannotRunStep as error:
        return Outcome("failed", str(error))
