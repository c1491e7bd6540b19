"""What one look at a target found."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class File:
    """Something to look at afterwards, such as the screen as it was."""

    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Whether it works, how long it took and, when not, why in words.

    `refused` means that it may not be looked at from here, so nothing was learned. `degraded` means that it works but
    breaks a promise (too slow, a certificate about to expire). `phases` are milliseconds of dns, connect (with TLS),
    wait (to the first byte) and read.
    """

    ok: bool
    degraded: bool = False
    refused: bool = False
    reason: str = ""
    total_ms: float | None = None
    phases: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    files: tuple[File, ...] = ()


class Stopwatch:
    """Measures the phases of a look; `doing` is the one under way, in words."""

    def __init__(self) -> None:
        self._start = self._lap = time.perf_counter()
        self.phases: dict[str, float] = {}
        self.doing = "looking up the name"

    def lap(self, phase: str, *, next_is: str = "") -> None:
        """End `phase`: it took the time since the last lap."""
        moment = time.perf_counter()
        self.phases[phase] = round(self.phases.get(phase, 0.0) + (moment - self._lap) * 1000, 3)
        self._lap = moment
        self.doing = next_is or self.doing

    @property
    def total_ms(self) -> float:
        """Milliseconds since the start."""
        return round((time.perf_counter() - self._start) * 1000, 3)

    def success(
        self, *, faster_than_s: float | None = None, worry: str = "", details: dict[str, Any] | None = None
    ) -> Outcome:
        """It works; degraded because of a `worry`, or when its phases together took longer than `faster_than_s`."""
        total = round((self._lap - self._start) * 1000, 3)
        promised_ms = (faster_than_s or 0) * 1000
        if not worry and faster_than_s is not None and total > promised_ms:
            worry = f"slow: {say_ms(total)}, promised within {say_ms(promised_ms)}"
        return Outcome(
            ok=True,
            degraded=bool(worry),
            reason=shorten(worry),
            total_ms=total,
            phases=self.phases,
            details=details or {},
        )

    def failure(self, reason: str, *, details: dict[str, Any] | None = None) -> Outcome:
        """It does not work, because of `reason`."""
        return Outcome(
            ok=False, reason=shorten(reason), total_ms=self.total_ms, phases=self.phases, details=details or {}
        )

    def too_late(self, deadline_s: float) -> Outcome:
        """It did not answer before the deadline; says what was being waited for."""
        return self.failure(f"no answer within {say_ms(deadline_s * 1000)} (while {self.doing})")


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
    if isinstance(error, ConnectionResetError | BrokenPipeError | asyncio.IncompleteReadError | EOFError):
        return f"{where} closed the connection"
    if isinstance(error, TimeoutError):
        return f"{where} did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return f"{where}: {error.strerror}"
    return f"{where}: {str(error) or type(error).__name__}"
