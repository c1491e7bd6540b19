"""Reads of `watch`: monitors, states of nodes, uptime and latency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Sum, When

from stormproof.business import selectors as business
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.core.secrets import CannotOpenSecret
from stormproof.watch.choices import PHASES, WORST_FIRST, State
from stormproof.watch.kinds import KINDS, WrongSettings, open_config, read_settings
from stormproof.watch.models import (
    DayRollUp,
    HourRollUp,
    MinuteRollUp,
    Monitor,
    Observation,
    Prober,
    RollUp,
    StateChange,
    Upkeep,
)
from stormproof.watch.rules import (
    Uptime,
    latency_quantile,
    level_for,
    measure_uptime,
    merge_histograms,
    spread_states,
    worst_of,
)

ROLL_UPS: dict[str, type[RollUp]] = {"minute": MinuteRollUp, "hour": HourRollUp, "day": DayRollUp}
STEP_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def monitors_in_use() -> QuerySet[Monitor]:
    """All monitors that are not retired, paused ones included."""
    return Monitor.objects.filter(retired_at__isnull=True).select_related("node")


def monitors(
    actor: Actor, *, state: str = "", kind: str = "", node: str = "", search: str = "", paused: bool | None = None
) -> QuerySet[Monitor]:
    """Monitors that fit all given filters, by name. `node` is a slug; `search` looks into names.

    Each has a `rank`: 0 for down, higher for better, highest for paused.
    """
    actor.require("watch.read")
    found = monitors_in_use()
    if state:
        found = found.filter(state=state, enabled=True)
    if kind:
        found = found.filter(kind=kind)
    if node:
        found = found.filter(node__slug=node)
    if paused is not None:
        found = found.filter(enabled=not paused)
    for word in search.split():
        found = found.filter(Q(name__icontains=word) | Q(slug__icontains=word) | Q(node__name__icontains=word))
    worst_first = [When(enabled=False, then=len(WORST_FIRST))]
    worst_first += [When(state=known, then=place) for place, known in enumerate(WORST_FIRST)]
    return found.annotate(rank=Case(*worst_first, output_field=IntegerField())).order_by("name", "id")


def monitor_for(actor: Actor, slug: str) -> Monitor:
    """The monitor named `slug`; raises `NotFound`, also for one who may not read monitors."""
    found = monitors_in_use().filter(slug=slug).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no monitor {slug}")
    return found


def monitors_of(node_id: int) -> list[Monitor]:
    """The monitors that look at one node themselves, by name."""
    return list(monitors_in_use().filter(node_id=node_id).order_by("name", "id"))


def monitors_by_id(ids: Iterable[int]) -> dict[int, Monitor]:
    """Monitors by their id, retired ones included: for rows that refer to the past."""
    return {monitor.pk: monitor for monitor in Monitor.objects.filter(pk__in=list(ids)).select_related("node")}


def monitor_counts() -> dict[str, int]:
    """How many enabled monitors are in each state, with "paused" and "all" beside them."""
    counts = dict.fromkeys([*State.values, "paused", "all"], 0)
    rows = monitors_in_use().order_by().values_list("enabled", "state").annotate(number=Count("id"))
    for enabled, state, number in rows:
        counts[state if enabled else "paused"] += number
        counts["all"] += number
    return counts


def own_states() -> dict[int, str]:
    """The state of each node that has monitors of its own: the worst of its enabled ones."""
    seen: dict[int, list[str]] = {}
    for node_id, state in monitors_in_use().filter(enabled=True).order_by().values_list("node_id", "state"):
        seen.setdefault(node_id, []).append(state)
    return {node_id: worst_of(states) for node_id, states in seen.items()}


def node_states() -> dict[int, str]:
    """The state of every node of the business: from its own monitors, then along what it needs."""
    graph = business.graph_now()
    return spread_states(own_states(), graph.needs, graph.nodes)


def state_changes_of(monitor: Monitor) -> QuerySet[StateChange]:
    """Every change of a monitor's state, newest first."""
    return StateChange.objects.filter(monitor=monitor).order_by("-at", "-id")


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


def upkeep() -> Upkeep:
    """How long observations and roll-ups are kept; the defaults until someone has changed them."""
    return Upkeep.objects.first() or Upkeep()


def probers_alive(at: datetime) -> list[Prober]:
    """The probers whose lease is good, by name."""
    return list(Prober.objects.filter(lease_until__gt=at).order_by("instance"))


def monitors_to_look_at() -> QuerySet[Monitor]:
    """Every monitor a prober must look at: in use, not paused, of a kind that looks by itself."""
    return monitors_in_use().filter(enabled=True).exclude(kind="heartbeat").order_by("id")


def target_of(monitor: Monitor) -> str:
    """What a monitor looks at, in words and without secrets; "" when its settings cannot be read here."""
    kind = KINDS[monitor.kind]
    try:
        shape = read_settings({"kind": monitor.kind, "on": "-", **open_config(kind, monitor.config)})
    except (WrongSettings, CannotOpenSecret):
        return ""
    return kind.target(shape)
