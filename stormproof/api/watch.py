"""Monitors for programs: how they are, what they saw, set up, pause, test."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.kinds import read_settings
from stormproof.watch.models import Monitor, StateChange, Walk
from stormproof.watch.services.looking import look_now
from stormproof.watch.services.monitors import (
    change_monitor,
    create_monitor,
    pause_monitor,
    resume_monitor,
    retire_monitor,
)

router = Router(tags=["watch"])


class SeenFromOut(Schema):
    """What one place says: a state, "missing" when it has said nothing that still counts, or "blind"."""

    location: str
    says: str
    last_at: datetime | None = None
    reason: str = ""


class MonitorOut(Schema):
    """A monitor and its state. `state` is "unknown" for a paused one."""

    slug: str
    name: str
    on: str
    kind: str
    target: str
    interval_seconds: int
    enabled: bool
    state: str
    state_since: datetime
    reason: str
    last_at: datetime | None
    last_ms: float | None

    @staticmethod
    def resolve_on(monitor: Monitor) -> str:
        """The identifier of what it looks at."""
        return str(monitor.node.slug)

    @staticmethod
    def resolve_target(monitor: Monitor) -> str:
        """What it looks at, without secrets."""
        return selectors.target_of(monitor)


class OneMonitorOut(MonitorOut):
    """One monitor, with what each place says of it."""

    seen_from: list[SeenFromOut]

    @staticmethod
    def resolve_seen_from(monitor: Monitor) -> list[dict[str, object]]:
        """The places by name."""
        return [
            {
                "location": one.location,
                "says": one.says,
                "last_at": one.place.last_at if one.place else None,
                "reason": one.place.reason if one.place else "",
            }
            for one in selectors.seen_from(monitor, at=now())
        ]


class StateChangeOut(Schema):
    """One change of state: when it was so, and when that was known."""

    from_state: str
    to_state: str
    reason: str
    at: datetime
    decided_at: datetime


class UptimeOut(Schema):
    """Seconds in each state; `percent` counts known time only and is null when nothing is known."""

    start: datetime
    end: datetime
    percent: float | None
    up_seconds: float
    down_seconds: float
    unknown_seconds: float
    maintenance_seconds: float
    outages: int


class PointOut(Schema):
    """Latency in one span of time, in milliseconds."""

    start: datetime
    count: int
    ok_count: int
    mean_ms: float | None
    p95_ms: float | None
    max_ms: float | None


class SeriesOut(Schema):
    """Points in order, and the level they come from: raw, minute, hour or day."""

    level: str
    points: list[PointOut]


class OutcomeOut(Schema):
    """What one look found."""

    ok: bool
    degraded: bool
    refused: bool
    reason: str
    total_ms: float | None
    phases: dict[str, float]
    details: dict[str, Any]


class WalkOut(Schema):
    """One walk of a journey, step by step; `about` holds web vitals and values kept, such as an order number."""

    id: int
    at: datetime
    ok: bool
    reason: str
    total_ms: float | None
    steps: list[dict[str, Any]]
    about: dict[str, Any]
    files: list[str]

    @staticmethod
    def resolve_files(walk: Walk) -> list[str]:
        """The names of what a failed walk left, to be had from the console."""
        return sorted(file.name for file in walk.files.all())


class MonitorIn(Schema):
    """A monitor as continuity.yaml says it: `{"on": "checkout", "kind": "http", "every": "5s", "url": "..."}`."""

    slug: str
    settings: dict[str, Any]


class SettingsIn(Schema):
    """New settings of a monitor, whole, as continuity.yaml says them."""

    settings: dict[str, Any]


@router.get("/monitors", response=list[MonitorOut], summary="Monitors")
@paginate
def list_monitors(request: Request, state: str = "", kind: str = "", on: str = "", q: str = "") -> QuerySet[Monitor]:
    """All monitors that fit the filters, by name."""
    return selectors.monitors(request.actor, state=state, kind=kind, node=on, search=q)


@router.post("/monitors", response={201: MonitorOut}, summary="Set a monitor up")
def add_monitor(request: Request, body: MonitorIn) -> Status[Monitor]:
    """A new monitor; it is looked at within seconds."""
    request.actor.require("watch.write")
    settings = read_settings(body.settings)
    return Status(201, create_monitor(body.slug, settings=settings, actor=request.actor, at=now()))


@router.get("/monitors/{slug}", response=OneMonitorOut, summary="One monitor")
def show_monitor(request: Request, slug: str) -> Monitor:
    """One monitor and its state."""
    return selectors.monitor_for(request.actor, slug)


@router.put("/monitors/{slug}", response=MonitorOut, summary="Change a monitor")
def put_monitor(request: Request, slug: str, body: SettingsIn) -> Monitor:
    """Give a monitor new settings."""
    monitor = selectors.monitor_for(request.actor, slug)
    change_monitor(monitor, settings=read_settings(body.settings), actor=request.actor, at=now())
    return selectors.monitor_for(request.actor, slug)


@router.delete("/monitors/{slug}", response={204: None}, summary="Retire a monitor")
def delete_monitor(request: Request, slug: str) -> Status[None]:
    """Take a monitor out of use; its history stays."""
    retire_monitor(selectors.monitor_for(request.actor, slug), actor=request.actor, at=now())
    return Status(204, None)


@router.post("/monitors/{slug}/pause", response=MonitorOut, summary="Pause a monitor")
def pause(request: Request, slug: str) -> Monitor:
    """Stop looking; refused while it is down."""
    pause_monitor(selectors.monitor_for(request.actor, slug), actor=request.actor, at=now())
    return selectors.monitor_for(request.actor, slug)


@router.post("/monitors/{slug}/resume", response=MonitorOut, summary="Resume a monitor")
def resume(request: Request, slug: str) -> Monitor:
    """Look again."""
    resume_monitor(selectors.monitor_for(request.actor, slug), actor=request.actor, at=now())
    return selectors.monitor_for(request.actor, slug)


@router.post("/monitors/{slug}/test", response=OutcomeOut, summary="Look now")
def test_monitor_now(request: Request, slug: str) -> object:
    """One look from the web process; the state does not change."""
    return look_now(selectors.monitor_for(request.actor, slug), actor=request.actor, at=now())


@router.get("/monitors/{slug}/changes", response=list[StateChangeOut], summary="State changes")
@paginate
def list_changes(request: Request, slug: str) -> QuerySet[StateChange]:
    """Every change of state, newest first; kept for ever."""
    return selectors.state_changes_of(selectors.monitor_for(request.actor, slug))


@router.get("/monitors/{slug}/walks", response=list[WalkOut], summary="Walks of a journey")
@paginate
def list_walks(request: Request, slug: str) -> QuerySet[Walk]:
    """The kept walks of a journey, newest first."""
    return selectors.walks_of(selectors.monitor_for(request.actor, slug))


@router.get("/monitors/{slug}/uptime", response=UptimeOut, summary="Uptime")
def show_uptime(
    request: Request, slug: str, start: datetime | None = None, end: datetime | None = None
) -> dict[str, object]:
    """Uptime between two moments; the last 30 days unless said otherwise."""
    to = end or now()
    since = start or to - timedelta(days=30)
    uptime = selectors.uptime_of(selectors.monitor_for(request.actor, slug), start=since, end=to)
    return {"start": since, "end": to, "percent": uptime.percent, **uptime.__dict__}


@router.get("/monitors/{slug}/latency", response=SeriesOut, summary="Latency")
def show_latency(
    request: Request, slug: str, start: datetime | None = None, end: datetime | None = None
) -> selectors.LatencySeries:
    """Latency between two moments, at the finest level that fits; the last 24 hours unless said otherwise."""
    at = now()
    to = end or at
    monitor = selectors.monitor_for(request.actor, slug)
    return selectors.latency_series(monitor, start=start or to - timedelta(hours=24), end=to, at=at)
