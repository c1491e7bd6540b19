"""What a kind of step promises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel

from stormproof.recover.choices import Question

W = TypeVar("W", bound=BaseModel)


class CannotRunStep(Exception):
    """A step could not even begin: nothing was touched. The message says what is missing and where."""


@dataclass(frozen=True)
class Outcome:
    """How an effect ended. `failed` is certain: it did not happen. `unclear` is anything else that is not `done`."""

    state: Literal["done", "failed", "unclear"]
    output: str = ""
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a look at the world says about an effect."""

    state: Literal["done", "not_done", "inconclusive"]
    output: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the effect is there."""
        return self.state == "done"


@dataclass
class StepCall:
    """What a kind is given besides its `with`: who calls, until when, and where its words go."""

    run_id: int
    step: str
    attempt: int
    mode: str
    reference: str
    at: datetime  # when the attempt began
    deadline: float  # on time.monotonic()
    say: Callable[[str], None]  # a line for the page, at once
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def key(self) -> str:
        """The idempotency key: the same for every attempt at this step of this run, also after a takeover."""
        return f"run-{self.run_id}-{self.step}"

    @property
    def mark(self) -> str:
        """What the processes of this attempt carry in their environment, so that they are found again."""
        return f"{self.run_id}/{self.step}/{self.attempt}"

    def seconds_left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def is_over(self) -> bool:
        """Whether the deadline has passed or the run was stopped."""
        return self.cancelled.is_set() or time.monotonic() >= self.deadline

    def pause(self, seconds: float) -> None:
        """Wait `seconds`, shorter when the deadline comes or the run is stopped."""
        self.cancelled.wait(min(seconds, self.seconds_left()))


class StepKind(Generic[W]):
    """One kind of step. It keeps nothing between calls: a kind is one object for all runs."""

    name: ClassVar[str]
    title: ClassVar[str]
    shape: type[W]
    touches: ClassVar[bool] = True  # changes something outside; held by the stop switch
    asks: ClassVar[Question] = Question.NONE  # set for kinds that a person does, not a worker
    can_undo: ClassVar[bool] = False  # undoes by itself from what `execute` noted in its result
    can_probe: ClassVar[bool] = False  # may stand in `verify:`
    unfilled: ClassVar[frozenset[str]] = frozenset()  # keys of `with` in which no ${parameter} may stand

    def is_safe_to_repeat(self, with_: W) -> bool:
        """Whether doing it twice is the same as doing it once, where the step itself does not say."""
        return False

    def faults(self, raw: dict[str, Any]) -> list[str]:
        """What is wrong with a `with` as it is written, before parameters and secrets are put in."""
        return [f"no ${{parameter}} may stand in {key}" for key in sorted(self.unfilled) if "${" in str(raw.get(key))]

    def where(self, with_: W) -> str:
        """What it acts on, in a few words."""
        raise NotImplementedError

    def execute(self, with_: W, call: StepCall) -> Outcome:
        """Do it, within `call.deadline`."""
        raise NotImplementedError

    def verify(self, with_: W, call: StepCall) -> Verdict | None:
        """Whether the effect of `execute` is there; None when this kind cannot tell by itself."""
        return None

    def probe(self, with_: W, call: StepCall) -> Verdict:
        """One look, as `verify:` of another step; by default the kind's own verification."""
        return self.verify(with_, call) or Verdict("inconclusive", f"{self.name} cannot verify")

    def undo(self, with_: W, result: dict[str, Any], call: StepCall) -> Outcome:
        """Take the effect back, from what `execute` noted in `result`."""
        raise NotImplementedError

    def dry_run(self, with_: W) -> str:
        """What it would do, in words; touches nothing."""
        return self.where(with_)
