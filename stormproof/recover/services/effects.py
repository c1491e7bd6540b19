"""An effect at work: in a thread of its own, while its driver renews the claim and shows the output.

The database may go away and come back meanwhile: the effect goes on, and its result is written once it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection, connections

from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall
from stormproof.recover.kinds.shapes import StepShape
from stormproof.recover.models import Run, StepRun
from stormproof.recover.rules import bounded, masked
from stormproof.recover.services.journal import (
    HEARTBEAT_SECONDS,
    LEASE,
    Claim,
    Fenced,
    renew_claim,
    write_progress,
)

T = TypeVar("T")
PATIENCE_SECONDS = 120.0  # how long a result waits for a database that is away
STUCK_AFTER_SECONDS = 5.0  # how long past its deadline an effect may take to stop
log = structlog.get_logger(__name__)


class Stuck(Exception):
    """The effect did not stop at its deadline; its thread is left behind."""


def patiently(act: Callable[[], T]) -> T:
    """Do `act` against the database, again while it is away; raises the last error after `PATIENCE_SECONDS`."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            if time.monotonic() > until:
                raise
            log.warning("recover.database_away", error=str(error).strip()[:200])
            time.sleep(0.3)


class Work:
    """What one attempt says and how it is called, as long as it lasts."""

    def __init__(self, claim: Claim, run: Run, step: StepShape, row: StepRun | None, *, at: datetime) -> None:
        self.claim, self.run, self.step, self.row, self.at = claim, run, step, row, at
        self.secrets: list[str] = []
        self.cancelled = threading.Event()
        self._said: list[str] = []
        self._shown = 0
        self._leased_until = time.monotonic() + LEASE.total_seconds()

    def call(self, *, seconds: float) -> StepCall:
        """What a kind is given; its time is over in `seconds`."""
        return StepCall(
            run_id=self.run.pk,
            step=self.step.id,
            attempt=self.row.attempt if self.row else 0,
            mode=self.run.mode,
            reference=self.run.reference,
            at=self.at,
            deadline=time.monotonic() + seconds,
            say=self._said.append,
            cancelled=self.cancelled,
        )

    def shown(self, text: str) -> str:
        """`text` as it may be kept and shown."""
        return bounded(masked(text, self.secrets))

    def do(self, body: Callable[[], T], *, seconds: float) -> T:
        """Run `body` while the claim is renewed; raises what it raises, `Fenced`, or `Stuck`."""
        effect = _Effect(lambda: self._unless_late(body))
        until = time.monotonic() + seconds + STUCK_AFTER_SECONDS
        effect.start()
        try:
            while not effect.wait(HEARTBEAT_SECONDS):
                self._beat()
                if time.monotonic() > until:
                    self.cancelled.set()
                    if not effect.wait(STUCK_AFTER_SECONDS):
                        raise Stuck
        except Fenced:
            self.cancelled.set()
            effect.wait(STUCK_AFTER_SECONDS)
            raise
        return effect.answer()

    def _unless_late(self, body: Callable[[], T]) -> T:
        """Begin nothing under a lease that has run out: this process may have been asleep."""
        if time.monotonic() >= self._leased_until:
            raise Fenced(f"the lease on run {self.run.pk} ran out before the step began")
        return body()

    def _beat(self) -> None:
        """Renew the claim and show new output; a database that is away is tried again at the next beat."""
        began = time.monotonic()
        try:
            if renew_claim(self.claim):
                self.cancelled.set()
            self._leased_until = began + LEASE.total_seconds()
            if self.row is not None and len(self._said) > self._shown:
                self._shown = len(self._said)
                write_progress(self.claim, self.row, output=self.shown("".join(self._said)))
        except (OperationalError, InterfaceError) as error:
            connection.close()
            log.warning("recover.heartbeat_waiting", run=self.run.pk, error=str(error).strip()[:200])


class _Effect(Generic[T]):
    """A function in a thread, and what became of it."""

    def __init__(self, body: Callable[[], T]) -> None:
        self._body = body
        self._outcome: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="step")

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def answer(self) -> T:
        if self._error is not None:
            raise self._error
        return self._outcome[0]

    def _run(self) -> None:
        try:
            self._outcome.append(self._body())
        except BaseException as error:
            self._error = error
        finally:
            connections.close_all()


def guarded(body: Callable[[], Outcome]) -> Outcome:
    """The outcome of an effect, whatever it raises: what could not begin has failed, a bug leaves it unclear."""
    try:
        return body()
    except CannotRunStep as error:
        return Outcome("failed", str(error))
    except Fenced:
        raise
    except Exception as error:
        log.exception("recover.kind_raised")
        return Outcome("unclear", f"{type(error).__name__}: {error}")
