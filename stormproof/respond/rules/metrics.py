"""How incidents went: the measures of each, and their medians, ninetieth percentiles and counts in groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The moments of one incident, and what it is grouped by; None for what never happened."""

    number: int
    severity: int
    functions: tuple[str, ...]
    team: str
    impact_started_at: datetime
    opened_at: datetime
    first_paged_at: datetime | None
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    revenue: Decimal = Decimal(0)

    @property
    def month(self) -> str:
        """The month it was detected in, 2026-03."""
        return f"{self.opened_at:%Y-%m}"

    @property
    def detect_s(self) -> float:
        """MTTD: from the impact to the alert."""
        return (self.opened_at - self.impact_started_at).total_seconds()

    @property
    def acknowledge_s(self) -> float | None:
        """MTTA: from the first page to the answer."""
        return _seconds(self.first_paged_at, self.acknowledged_at)

    @property
    def mitigate_s(self) -> float | None:
        """From the impact until nobody was hit any more."""
        return _seconds(self.impact_started_at, self.mitigated_at)

    @property
    def resolve_s(self) -> float | None:
        """MTTR: from the impact until it was over."""
        return _seconds(self.impact_started_at, self.resolved_at)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median and the ninetieth percentile of some seconds, and of how many; None of none."""

    count: int
    median_s: float | None
    p90_s: float | None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0..1) lies, interpolated linearly (Hyndman and Fan 1996, type 7); None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread_of(values: Iterable[float | None]) -> Spread:
    """The spread of those that happened."""
    known = [value for value in values if value is not None]
    return Spread(count=len(known), median_s=percentile(known, 0.5), p90_s=percentile(known, 0.9))


@dataclass(frozen=True, kw_only=True)
class Group:
    """The measures of the incidents that have one thing in common."""

    name: str
    count: int
    detect: Spread
    acknowledge: Spread
    mitigate: Spread
    resolve: Spread
    revenue: Decimal


GROUPINGS: dict[str, Callable[[Measured], Iterable[str]]] = {
    "severity": lambda one: [str(one.severity)],
    "function": lambda one: one.functions or ["none"],
    "team": lambda one: [one.team or "none"],
    "month": lambda one: [one.month],
}


def group_of(name: str, rows: Sequence[Measured]) -> Group:
    """The measures of some incidents as one group."""
    return Group(
        name=name,
        count=len(rows),
        detect=spread_of(row.detect_s for row in rows),
        acknowledge=spread_of(row.acknowledge_s for row in rows),
        mitigate=spread_of(row.mitigate_s for row in rows),
        resolve=spread_of(row.resolve_s for row in rows),
        revenue=sum((row.revenue for row in rows), Decimal(0)),
    )


def grouped(rows: Sequence[Measured], *, by: str) -> list[Group]:
    """The groups of `rows` by severity, function, team or month, in order of their names.

    An incident that hits two functions counts in both.
    """
    found: dict[str, list[Measured]] = {}
    for row in rows:
        for name in GROUPINGS[by](row):
            found.setdefault(name, []).append(row)
    return [group_of(name, found[name]) for name in sorted(found)]
