"""Walks of journeys: the steps of the newest, the last failure with what it left, all that are kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render

from stormproof.watch import selectors
from stormproof.watch.kinds import KINDS
from stormproof.watch.models import Monitor, Walk
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, reads

SCREENSHOT = "screenshot.jpg"


def walk_context(monitor: Monitor) -> dict[str, Any]:
    """What the page of a journey shows of its walks; nothing for other kinds."""
    if not KINDS[monitor.kind].has_steps:
        return {}
    last, failed = selectors.last_walk_of(monitor), selectors.last_failed_walk_of(monitor)
    shown = {"walk": last, "bars": selectors.waterfall_of(last.steps) if last else []}
    return {**shown, "failed": failed if failed != last else None, "failed_files": _files_of(failed)}


def _files_of(walk: Walk | None) -> list[str]:
    return [] if walk is None else sorted(file.name for file in walk.files.all())


@reads("watch.read")
def show_walks(request: Request, slug: str) -> HttpResponseBase:
    """The kept walks of a journey."""
    monitor = selectors.monitor_for(request.actor, slug)
    listed = read_list(
        request,
        selectors.walks_of(monitor),
        noun="walks",
        columns=[
            Column(name="At", sort="at", csv=lambda walk: walk.at),
            Column(name="Result", sort="ok", csv=lambda walk: "good" if walk.ok else "failed"),
            Column(name="Why", csv=lambda walk: walk.reason),
            Column(name="Steps", csv=lambda walk: len(walk.steps), end=True),
            Column(name="Took", sort="total_ms", csv=lambda walk: walk.total_ms, end=True),
        ],
        filters=[Filter(key="ok", name="Result", choices=[("False", "Failed"), ("True", "Good")])],
        search=["reason__icontains"],
        order="-at",
        csv_name=f"walks-of-{slug}",
    )
    if listed.wants_csv:
        return listed.as_csv()
    return render(request, "watch/walks.html", {"list": listed, "monitor": monitor})


@reads("watch.read")
def show_walk(request: Request, slug: str, walk_id: int) -> HttpResponseBase:
    """One walk, step by step."""
    monitor = selectors.monitor_for(request.actor, slug)
    walk = get_object_or_404(selectors.walks_of(monitor), pk=walk_id)
    context = {
        "monitor": monitor,
        "walk": walk,
        "bars": selectors.waterfall_of(walk.steps),
        "files": _files_of(walk),
        "screenshot": SCREENSHOT,
    }
    return render(request, "watch/walk.html", context)


@reads("watch.read")
def send_file(request: Request, slug: str, walk_id: int, name: str) -> HttpResponseBase:
    """A file of a failed walk: the screen is shown, everything else is downloaded."""
    file = selectors.walk_file_for(request.actor, slug, walk_id, name)
    answer = HttpResponse(bytes(file.body), content_type=file.media_type)
    kind = "inline" if file.media_type == "image/jpeg" else "attachment"
    answer["Content-Disposition"] = f'{kind}; filename="{slug}-{walk_id}-{file.name}"'
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
