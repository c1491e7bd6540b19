"""How grave an incident is, what it is called, and when its promise is broken."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

NODE_TITLE_LIMIT = 120


@dataclass(frozen=True, kw_only=True)
class Severity:
    """How grave an incident is: 1 the gravest, 4 the mildest, and why in words."""

    level: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What makes an incident as grave as one level of the matrix; any one reading is enough.

    `revenue_share` is the part of revenue (0..1) from which it holds, `rto_seconds` the tightest promise up to which it
    holds, `functions` the short names any of which is enough; with `any_function` hitting one at all is.
    """

    level: int
    name: str
    colour: str
    revenue_share: Decimal | None = None
    rto_seconds: int | None = None
    functions: frozenset[str] = frozenset()
    any_function: bool = False


DEFAULT_MATRIX = (
    Criteria(level=1, name="Critical", colour="down", revenue_share=Decimal("0.5")),
    Criteria(level=2, name="Major", colour="degraded", revenue_share=Decimal("0.1"), rto_seconds=3600),
    Criteria(level=3, name="Minor", colour="maintenance", any_function=True),
    Criteria(level=4, name="Unnoticed", colour="maintenance"),
)


def severity_of(
    *,
    share: Decimal,
    functions: int,
    tightest_rto_seconds: int | None,
    hit: Collection[str] = (),
    matrix: Sequence[Criteria] = DEFAULT_MATRIX,
) -> Severity:
    """The severity from what an incident hits: the gravest level of the matrix of which one reading holds.

    `share` is the part of the shop's revenue that stops (0..1), `hit` the short names of the functions. Hitting no
    function at all, only what stands behind one, is the mildest. The built-in matrix: half of revenue 1, a tenth or an
    RTO up to 1 h 2, any function 3.
    """
    mildest = max(matrix, key=lambda one: one.level)
    if functions == 0:
        return Severity(level=mildest.level, reason="No business function is hit")
    for criteria in sorted(matrix, key=lambda one: one.level):
        reason = _reading(criteria, share=share, rto=tightest_rto_seconds, hit=hit)
        if reason:
            return Severity(level=criteria.level, reason=reason)
    return Severity(level=mildest.level, reason=f"Nothing that makes it graver than {mildest.name} holds")


def _reading(criteria: Criteria, *, share: Decimal, rto: int | None, hit: Collection[str]) -> str:
    """Why an incident is as grave as `criteria` says; empty when it is not."""
    if criteria.revenue_share is not None and share >= criteria.revenue_share:
        return f"{share:.0%} of revenue stops"
    if criteria.rto_seconds is not None and rto is not None and rto <= criteria.rto_seconds:
        return f"A function must be back within {max(rto // 60, 1)} min"
    if named := sorted(criteria.functions.intersection(hit)):
        return f"{named[0]} is hit"
    return "A business function is hit" if criteria.any_function else ""


def words_of(criteria: Criteria) -> list[str]:
    """What makes an incident that grave, one reading a line; any one is enough."""
    words = []
    if criteria.revenue_share is not None:
        words.append(f"at least {criteria.revenue_share:.0%} of revenue stops")
    if criteria.rto_seconds is not None:
        words.append(f"a function that must be back within {max(criteria.rto_seconds // 60, 1)} min is hit")
    words += [f"{slug} is hit" for slug in sorted(criteria.functions)]
    if criteria.any_function:
        words.append("any business function is hit")
    return words or ["nothing graver holds"]


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
