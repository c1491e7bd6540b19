"""How grave an incident is, what it is called, and when its promise is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

NODE_TITLE_LIMIT = 120


@dataclass(frozen=True, kw_only=True)
class Severity:
    """How grave an incident is: 1 the gravest, 4 the mildest, and why in words."""

    level: int
    reason: str


def severity_of(*, share: Decimal, functions: int, tightest_rto_seconds: int | None) -> Severity:
    """The severity from what an incident hits.

    `share` is the part of the shop's revenue that stops (0..1). The graver of two
    readings counts: money (half stops: 1, a tenth: 2, anything: 3) and promise (RTO up to 1 h: 2, up to 8 h: 3).
    Hitting no function at all, only what stands behind one, is 4.
    """
    if functions == 0:
        return Severity(level=4, reason="No business function is hit")
    readings = [Severity(level=3, reason="A business function is hit")]
    if share >= Decimal("0.1"):
        readings.append(Severity(level=1 if share >= Decimal("0.5") else 2, reason=f"{share:.0%} of revenue stops"))
    if tightest_rto_seconds is not None and tightest_rto_seconds <= 3600:
        minutes = max(tightest_rto_seconds // 60, 1)
        readings.append(Severity(level=2, reason=f"A function must be back within {minutes} min"))
    return min(readings, key=lambda reading: reading.level)


def title_of(*, functions: Sequence[str], root: str) -> str:
    """The name of an incident: the function that hurts most first, the root when no function is hit."""
    if not functions:
        return f"{root[:NODE_TITLE_LIMIT]} down" if root else "Something is wrong"
    if len(functions) == 1:
        return f"{functions[0][:NODE_TITLE_LIMIT]} down"
    return f"{functions[0][:NODE_TITLE_LIMIT]} and {len(functions) - 1} more down"


def deadline_of(*, impact_started_at: datetime, rto_seconds: int) -> datetime:
    """When the promise is broken: the start of the impact plus the RTO."""
    return impact_started_at + timedelta(seconds=rto_seconds)
