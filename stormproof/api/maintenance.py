"""Maintenance windows for programs: plan, change, move the end, call off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.models import MaintenanceWindow
from stormproof.watch.services.maintenance import (
    call_off_window,
    change_window,
    describe_window,
    move_end_of_window,
    plan_window,
    read_window,
)

router = Router(tags=["watch"])


class TimeOut(Schema):
    """One time at which a window happens; `planned_ends_at` is the end before anybody moved it."""

    starts_at: datetime
    ends_at: datetime
    planned_ends_at: datetime


class WindowOut(Schema):
    """A maintenance window, its settings as continuity.yaml says them, and its present and next times."""

    slug: str
    name: str
    settings: dict[str, Any]
    ahead: list[TimeOut]

    @staticmethod
    def resolve_settings(window: MaintenanceWindow) -> dict[str, Any]:
        """The settings in file form."""
        return describe_window(window)

    @staticmethod
    def resolve_ahead(window: MaintenanceWindow) -> list[Any]:
        """The next five times."""
        return list(window.ahead[:5])  # type: ignore[attr-defined]


class WindowIn(Schema):
    """A window as continuity.yaml says it: `{"at": "02:00", "days": ["sunday"], "lasts": "1h", "nodes": ["db"]}`."""

    slug: str
    settings: dict[str, Any]


class WindowSettingsIn(Schema):
    """New settings of a window, whole."""

    settings: dict[str, Any]


class EndIn(Schema):
    """Until when planned work takes; a moment that is past ends it now."""

    until: datetime


def _out(request: Request, slug: str) -> MaintenanceWindow:
    selectors.window_for(request.actor, slug)
    return selectors.windows(request.actor, at=now()).get(slug=slug)


@router.get("/maintenance", response=list[WindowOut], summary="Maintenance windows")
@paginate
def list_windows(request: Request) -> QuerySet[MaintenanceWindow]:
    """The windows in use, by name."""
    return selectors.windows(request.actor, at=now())


@router.post("/maintenance", response={201: WindowOut}, summary="Plan maintenance")
def add_window(request: Request, body: WindowIn) -> Status[MaintenanceWindow]:
    """A new window."""
    request.actor.require("watch.write")
    plan_window(body.slug, read_window(body.settings), actor=request.actor, at=now())
    return Status(201, _out(request, body.slug))


@router.get("/maintenance/{slug}", response=WindowOut, summary="One maintenance window")
def show_window(request: Request, slug: str) -> MaintenanceWindow:
    """One window and its times ahead."""
    return _out(request, slug)


@router.put("/maintenance/{slug}", response=WindowOut, summary="Change a maintenance window")
def put_window(request: Request, slug: str, body: WindowSettingsIn) -> MaintenanceWindow:
    """Give a window other times or another scope."""
    window = selectors.window_for(request.actor, slug)
    request.actor.require("watch.write")
    change_window(window, read_window(body.settings), actor=request.actor, at=now())
    return _out(request, slug)


@router.post("/maintenance/{slug}/end", response=WindowOut, summary="End early or extend")
def move_end(request: Request, slug: str, body: EndIn) -> MaintenanceWindow:
    """Move the end of the time that runs now, else of the next one."""
    window = selectors.window_for(request.actor, slug)
    request.actor.require("watch.write")
    at = now()
    move_end_of_window(selectors.occurrence_for(window, at=at), until=body.until, actor=request.actor, at=at)
    return _out(request, slug)


@router.delete("/maintenance/{slug}", response={204: None}, summary="Call a window off")
def delete_window(request: Request, slug: str) -> Status[None]:
    """The window happens no more."""
    call_off_window(selectors.window_for(request.actor, slug), actor=request.actor, at=now())
    return Status(204, None)
