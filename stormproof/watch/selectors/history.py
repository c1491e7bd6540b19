"""Reads of what was observed: uptime and latency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Sum

from stormproof.watch.choices import PHASES, State
from stormproof.watch.models import (
    DayRollUp,
    HourRollUp,
    MinuteRollUp,
    Monitor,
    Observation,
    RollUp,
    StateChange,
)
from stormproof.watch.rules import (
    Uptime,
    latency_quantile,
    level_for,
    measure_uptime,
    merge_histograms,
)
from stormproof.watch.selectors.monitors import upkeep

ROLL_UPS: dict[str, type[RollUp]] = {"minute": MinuteRollUp, "hour": HourRollUp, "day": DayRollUp}
STEP_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def last_observations_of(monitor: Monitor, *, limit: int = 30) -> list[Observation]:
    """The newest observations of a monitor, newest first."""
    return list(Observation.objects.filter(monitor_id=monitor.pk).order_by("-at")[:limit])


def uptime_of(monitor: Monitor, *, start: datetime, end: datetime) -> Uptime:
    """How long the monitor was in each state between `start` and `end`, from its state changes."""
    changes = StateChange.objects.filter(monitor=monitor)
    first = changes.filter(at__lt=start).order_by("-at", "-id").values_list("to_state", flat=True).first()
    within = changes.filter(at__gte=start, at__lt=end).order_by("at", "id").values_list("at", "to_state")
    return measure_uptime(list(within), before=first or State.UNKNOWN, start=start, end=end)


def daily_uptimes(monitor: Monitor, *, days: int, at: datetime) -> list[tuple[datetime, Uptime]]:
    """The last `days` UTC days, oldest first, with the uptime of each; today up to `at`."""
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=days - 1)
    changes = StateChange.objects.filter(monitor=monitor)
    state = changes.filter(at__lt=first).order_by("-at", "-id").values_list("to_state", flat=True).first()
    rows = list(changes.filter(at__gte=first, at__lt=at).order_by("at", "id").values_list("at", "to_state"))
    found = []
    before = state or State.UNKNOWN.value
    for number in range(days):
        start = first + timedelta(days=number)
        end = min(start + timedelta(days=1), at)
        within = [(moment, to_state) for moment, to_state in rows if start <= moment < end]
        found.append((start, measure_uptime(within, before=before, start=start, end=end)))
        before = within[-1][1] if within else before
    return found


@dataclass(frozen=True, kw_only=True)
class LatencyPoint:
    """Latency in one span from `start` on; milliseconds. None where nothing was measured."""

    start: datetime
    count: int
    ok_count: int
    mean_ms: float | None
    p95_ms: float | None
    max_ms: float | None


@dataclass(frozen=True, kw_only=True)
class LatencySeries:
    """Points in order of time, and the level they were read from: raw, minute, hour or day."""

    level: str
    points: list[LatencyPoint]


def latency_series(monitor: Monitor, *, start: datetime, end: datetime, at: datetime) -> LatencySeries:
    """Latency and results between `start` and `end`, from the finest level that fits the zoom and is still kept."""
    kept = upkeep()
    ages = {"raw": kept.raw_days, "minute": kept.minute_days, "hour": kept.hour_days, "day": kept.day_days}
    level = level_for(end - start, age=at - start, kept=lambda name: timedelta(days=ages[name]))
    if level == "raw":
        rows = Observation.objects.filter(monitor_id=monitor.pk, at__gte=start, at__lt=end).order_by("at")
        return LatencySeries(level=level, points=[_raw_point(row) for row in rows])
    found = ROLL_UPS[level].objects.filter(monitor_id=monitor.pk, start__gte=start, start__lt=end).order_by("start")  # type: ignore[attr-defined]
    return LatencySeries(level=level, points=[_point(row) for row in found])


def _raw_point(row: Observation) -> LatencyPoint:
    ms = row.total_ms if row.ok else None
    return LatencyPoint(start=row.at, count=1, ok_count=int(row.ok), mean_ms=ms, p95_ms=ms, max_ms=ms)


def _point(row: RollUp) -> LatencyPoint:
    return LatencyPoint(
        start=row.start,
        count=row.count,
        ok_count=row.ok_count,
        mean_ms=row.sum_ms / row.timed_count if row.timed_count else None,
        p95_ms=latency_quantile(row.histogram, 0.95),
        max_ms=row.max_ms,
    )


def latency_summary(monitor: Monitor, *, start: datetime, end: datetime, at: datetime) -> dict[str, float | None]:
    """Median, 95th and 99th percentile and maximum between `start` and `end` in ms, by merged hour histograms."""
    level = (
        "minute"
        if end - start <= timedelta(hours=26) and at - start <= timedelta(days=upkeep().minute_days)
        else "hour"
    )
    rows = ROLL_UPS[level].objects.filter(monitor_id=monitor.pk, start__gte=start, start__lt=end)  # type: ignore[attr-defined]
    merged = merge_histograms(rows.values_list("histogram", flat=True))
    totals: dict[str, Any] = rows.aggregate(sum=Sum("sum_ms"), timed=Sum("timed_count"), max=Max("max_ms"))
    return {
        "mean_ms": totals["sum"] / totals["timed"] if totals["timed"] else None,
        "p50_ms": latency_quantile(merged, 0.5),
        "p95_ms": latency_quantile(merged, 0.95),
        "p99_ms": latency_quantile(merged, 0.99),
        "max_ms": totals["max"],
    }


def phases_of(observation: Observation) -> dict[str, float]:
    """How long each phase of a look took, in ms; phases that did not happen are left out."""
    pairs = zip(PHASES, observation.phases or (), strict=False)
    return {name: ms for name, ms in pairs if ms is not None}
