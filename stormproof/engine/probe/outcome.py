"""What one look at a target found."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Whether it works, how long it took and, when not, why in words.

    `refused` means that it may not be looked at from here, so nothing was learned. `slow` means that it works but not
    within the promised time. `phases` are milliseconds of dns, connect (with TLS), wait (to the first byte) and read.
    """

    ok: bool
    slow: bool = False
    refused: bool = False
    reason: str = ""
    total_ms: float | None = None
    phases: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


class Stopwatch:
    """Measures the phases of a look."""

    def __init__(self) -> None:
        self._start = self._lap = time.perf_counter()
        self.phases: dict[str, float] = {}

    def lap(self, phase: str) -> None:
        """End `phase`: it took the time since the last lap."""
        moment = time.perf_counter()
        self.phases[phase] = self.phases.get(phase, 0.0) + round((moment - self._lap) * 1000, 3)
        self._lap = moment

    @property
    def total_ms(self) -> float:
        """Milliseconds since the start."""
        return round((time.perf_counter() - self._start) * 1000, 3)

    def success(self, *, faster_than_s: float | None = None, details: dict[str, Any] | None = None) -> Outcome:
        """It works; slow when it took longer than `faster_than_s`."""
        total = self.total_ms
        slow = faster_than_s is not None and total > faster_than_s * 1000
        reason = f"slow: {say_ms(total)}, promised within {say_ms((faster_than_s or 0) * 1000)}" if slow else ""
        return Outcome(ok=True, slow=slow, reason=reason, total_ms=total, phases=self.phases, details=details or {})

    def failure(self, reason: str, details: dict[str, Any] | None = None) -> Outcome:
        """It does not work, because of `reason`."""
        return Outcome(
            ok=False, reason=shorten(reason), total_ms=self.total_ms, phases=self.phases, details=details or {}
        )


def refusal(reason: str) -> Outcome:
    """It may not be looked at from here."""
    return Outcome(ok=False, refused=True, reason=shorten(reason))


def say_ms(ms: float) -> str:
    """A duration for people: `340 ms`, `2.1 s`."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.4g} s"


def shorten(text: str, length: int = 300) -> str:
    """`text` on one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def say_error(error: BaseException, *, where: str) -> str:
    """What went wrong with a connection to `where`, in words."""
    if isinstance(error, ConnectionRefusedError):
        return f"{where} refused the connection"
    if isinstance(error, ConnectionResetError | asyncio.IncompleteReadError | BrokenPipeError):
        return f"{where} closed the connection"
    if isinstance(error, TimeoutError):
        return f"{where} did not answer in time"
    return f"{where}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
