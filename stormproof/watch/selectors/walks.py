"""Reads of the walks of journeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.watch.models import Monitor, Walk, WalkFile
from stormproof.watch.selectors.monitors import monitor_for


@dataclass(frozen=True, kw_only=True)
class StepBar:
    """A step in a waterfall: where its bar begins and how wide it is, in hundredths of the whole."""

    name: str
    ok: bool
    ms: float
    start: float
    width: float
    status: int | None
    reason: str


def walks_of(monitor: Monitor) -> QuerySet[Walk]:
    """The kept walks of a journey, newest first."""
    names = WalkFile.objects.only("name", "walk_id").order_by("name")
    return Walk.objects.filter(monitor=monitor).order_by("-at").prefetch_related(Prefetch("files", names))


def last_walk_of(monitor: Monitor) -> Walk | None:
    """The newest walk of a journey."""
    return walks_of(monitor).first()


def last_failed_walk_of(monitor: Monitor) -> Walk | None:
    """The newest walk of a journey that failed."""
    return walks_of(monitor).filter(ok=False).first()


def waterfall_of(steps: Sequence[dict[str, Any]]) -> list[StepBar]:
    """The steps of a walk as bars along one line of time."""
    whole = max((step["start_ms"] + step["ms"] for step in steps), default=0) or 1
    return [
        StepBar(
            name=step["name"],
            ok=step["ok"],
            ms=step["ms"],
            start=round(step["start_ms"] / whole * 100, 2),
            width=max(0.5, round(step["ms"] / whole * 100, 2)),
            status=step.get("status"),
            reason=step.get("reason", ""),
        )
        for step in steps
    ]


def walk_file_for(actor: Actor, slug: str, walk_id: int, name: str) -> WalkFile:
    """A file of a failed walk; raises `NotFound`, also for one who may not read monitors."""
    monitor = monitor_for(actor, slug)
    found = WalkFile.objects.filter(walk_id=walk_id, walk__monitor=monitor, name=name).first()
    if found is None:
        raise NotFound("there is no such file; the oldest are let go of")
    return found
