"""Pure decisions of review: the figures of an incident, when a review is due, when an action needs a reminder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

REVIEW_WITHIN = {1: timedelta(days=5), 2: timedelta(days=5), 3: timedelta(days=10)}  # by severity; others 14 days
SOON = timedelta(days=3)
REMIND_EVERY = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """When what happened in an incident; None for what never did."""

    impact_started_at: datetime
    opened_at: datetime
    first_paged_at: datetime | None
    first_acknowledged_at: datetime | None
    impact_ended_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The measures of an incident, in seconds. None where something never happened or was never promised.

    detect: impact to alert; acknowledge: first page to first answer; mitigate: impact to no function hit; resolve:
    impact to resolved (monitoring-and-incidents 6.8: MTTD, MTTA, MTTR). human and machine: how long the procedures
    waited for people and worked by themselves.
    """

    detect_s: float
    acknowledge_s: float | None
    mitigate_s: float | None
    resolve_s: float | None
    human_s: float
    machine_s: float
    revenue_lost: str
    currency: str
    rto_s: float | None
    rto_met: bool | None
    people_paged: int
    is_drill: bool


def figures_of(
    moments: Moments,
    *,
    human_s: float,
    machine_s: float,
    revenue_lost: Decimal,
    currency: str,
    rto: timedelta | None,
    people_paged: int,
    is_drill: bool,
) -> Figures:
    """The figures from the moments; the RTO is met when the impact ended within it."""
    start = moments.impact_started_at
    mitigate = _between(start, moments.impact_ended_at)
    promised = rto.total_seconds() if rto is not None else None
    return Figures(
        detect_s=(moments.opened_at - start).total_seconds(),
        acknowledge_s=_between(moments.first_paged_at, moments.first_acknowledged_at),
        mitigate_s=mitigate,
        resolve_s=_between(start, moments.resolved_at),
        human_s=human_s,
        machine_s=machine_s,
        revenue_lost=str(revenue_lost.quantize(Decimal("0.01"))),
        currency=currency,
        rto_s=promised,
        rto_met=None if promised is None or mitigate is None else mitigate <= promised,
        people_paged=people_paged,
        is_drill=is_drill,
    )


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


def review_due_on(resolved_on: date, *, severity: int = 1) -> date:
    """The day by which a review should be signed off: the graver the sooner, as memories fade within a week."""
    return resolved_on + REVIEW_WITHIN.get(severity, timedelta(days=14))


def chase_of(*, due_on: date, chased: str, today: date) -> str:
    """Which reminder before it is overdue goes out today: "soon" (three days ahead), "today", or "" for none."""
    if today == due_on and chased != "today":
        return "today"
    if due_on - SOON <= today < due_on and not chased:
        return "soon"
    return ""


def is_for_managers(*, due_on: date, told_on: date | None, today: date) -> bool:
    """Whether the managers are told of an action today: a week after it was due, once."""
    return told_on is None and today - due_on >= REMIND_EVERY


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A wording that blames, and a better question."""

    wording: str
    better: str


BLAMING = (
    (r"human error", "What made the error easy to make, and hard to see?"),
    (r"(?:should|could|ought to) have", "What did people know at that moment, and what did they expect?"),
    (r"failed to|forgot to|neglected to", "What would have made it the easy thing to do?"),
    (r"careless\w*|negligen\w*|sloppy|lazy|stupid\w*", "Which conditions made this likely for anybody?"),
    (r"\w+'s (?:fault|mistake)|fault of|to blame|blame[ds]?", "Which part of the system allowed it?"),
)


def blameless_hints(text: str) -> list[Hint]:
    """Wordings in `text` that blame somebody, each once, with the question that leads further (after Dekker, 2006)."""
    found: dict[str, Hint] = {}
    for pattern, better in BLAMING:
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            found.setdefault(match[0].lower(), Hint(wording=match[0], better=better))
    return list(found.values())


def needs_reminder(*, due_on: date, reminded_on: date | None, today: date) -> bool:
    """Whether the owner of an open action is reminded today: the day after it was due, then weekly."""
    if due_on >= today:
        return False
    return reminded_on is None or today - reminded_on >= REMIND_EVERY


def median_of(values: list[float]) -> float | None:
    """The median of `values`; None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
