"""What the charts of a monitor draw: latency over time with its outages as bands, and a bar for each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponseBase, JsonResponse

from stormproof.core.clock import now
from stormproof.watch.choices import State
from stormproof.watch.models import Monitor
from stormproof.watch.rules import Uptime
from stormproof.watch.selectors import LatencySeries, latency_series, monitor_for, state_changes_of
from stormproof.web.requests import Request, reads

RANGES: dict[str, tuple[str, timedelta]] = {
    "1h": ("1 hour", timedelta(hours=1)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "1y": ("1 year", timedelta(days=365)),
}
SHORTEST = timedelta(seconds=30)
BANDS = {State.DOWN: "Down", State.DEGRADED: "Degraded", State.UNKNOWN: "Unknown", State.MAINTENANCE: "Maintenance"}
MOST_BANDS = 200


@reads("watch.read")
def latency_chart(request: Request, slug: str) -> HttpResponseBase:
    """The chart as JSON, for `?range=24h` or between `?from=` and `?to=` (epoch milliseconds: a zoom)."""
    at = now()
    start, end = _span(request, at)
    monitor = monitor_for(request.actor, slug)
    series = latency_series(monitor, start=start, end=end, at=at)
    return JsonResponse(chart_of(monitor, series, start=start, end=end))


def _span(request: Request, at: datetime) -> tuple[datetime, datetime]:
    try:
        start = datetime.fromtimestamp(float(request.GET["from"]) / 1000, tz=UTC)
        end = datetime.fromtimestamp(float(request.GET["to"]) / 1000, tz=UTC)
        if SHORTEST <= end - start <= timedelta(days=3660):
            return start, end
    except (KeyError, ValueError, OverflowError, OSError):
        pass
    span = RANGES.get(request.GET.get("range", ""), RANGES["24h"])[1]
    return at - span, at


def chart_of(monitor: Monitor, series: LatencySeries, *, start: datetime, end: datetime) -> dict[str, Any]:
    """Lines and bands in the form that the console draws."""
    points = series.points
    lines = [{"name": "Latency", "tone": "accent", "points": [[_ms(p.start), _round(p.mean_ms)] for p in points]}]
    if series.level != "raw":
        lines[0]["name"] = "Mean"
        lines.append({"name": "95th percentile", "points": [[_ms(p.start), _round(p.p95_ms)] for p in points]})
    return {
        "unit": "ms",
        "level": series.level,
        "from": _ms(start),
        "to": _ms(end),
        "series": lines,
        "bands": bands_of(monitor, start=start, end=end),
    }


def bands_of(monitor: Monitor, *, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The times in which the monitor was not up, as bands."""
    changes = state_changes_of(monitor)
    before = changes.filter(at__lt=start).values_list("to_state", flat=True).first()
    within = changes.filter(at__gte=start, at__lt=end).values_list("at", "to_state")[:MOST_BANDS]
    bands, state, since = [], before or State.UNKNOWN, start
    for moment, to_state in [*reversed(list(within)), (end, "")]:
        if state in BANDS and moment > since:
            bands.append({"from": _ms(since), "to": _ms(moment), "name": "", "tone": str(state)})
        state, since = to_state, moment
    return bands


@dataclass(frozen=True, kw_only=True)
class Day:
    """One bar of the strip of days."""

    x: int
    tone: str
    title: str


def day_bars(days: list[tuple[datetime, Uptime]]) -> list[Day]:
    """A bar for each day: its worst news as the tone, the figures as the title."""
    return [
        Day(x=index * 10, tone=_tone(uptime), title=_title(day, uptime)) for index, (day, uptime) in enumerate(days)
    ]


def _tone(uptime: Uptime) -> str:
    if uptime.percent is None:
        return "unknown"
    if uptime.down_seconds == 0:
        return "up"
    return "degraded" if uptime.percent >= 99 else "down"


def _title(day: datetime, uptime: Uptime) -> str:
    if uptime.percent is None:
        return f"{day:%d %b %Y}: not known"
    down = round(uptime.down_seconds)
    return f"{day:%d %b %Y}: {uptime.percent:.3f} % up, {down} s down, {uptime.outages} outages"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
