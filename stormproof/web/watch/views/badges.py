"""Badges: the state of a monitor or node as a small picture or as JSON, for anybody who knows the address."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.watch import selectors
from stormproof.watch.services.badges import make_badge, withdraw_badge
from stormproof.web.requests import Request, acts, reads

COLOURS = {"up": "#2a7d3f", "degraded": "#a35c00", "down": "#b3261e", "maintenance": "#2a5d9f", "unknown": "#6b7280"}
SHIELD = {"up": "success", "degraded": "yellow", "down": "critical", "maintenance": "blue", "unknown": "lightgrey"}
LETTER_WIDTH, PADDING, LONGEST_NAME = 7, 12, 40
FRESH_S = 30


@login_not_required
@require_GET
def show_badge(request: HttpRequest, token: UUID, form: str) -> HttpResponse:
    """`.svg` for pages, `.json` for shields.io's endpoint badge; may be kept for half a minute."""
    try:
        name, state = selectors.badge_shown(token)
    except NotFound:
        return HttpResponse("there is no such badge", status=404, content_type="text/plain; charset=utf-8")
    label = name[:LONGEST_NAME]
    if form == "json":
        about = {"schemaVersion": 1, "label": label, "message": state, "color": SHIELD[state], "cacheSeconds": FRESH_S}
        answer: HttpResponse = JsonResponse(about)
    else:
        left, right = (len(text) * LETTER_WIDTH + PADDING for text in (label, state))
        context = {"label": label, "state": state, "colour": COLOURS[state], "left": left, "right": right}
        context |= {"width": left + right, "left_middle": left / 2, "right_middle": left + right / 2}
        answer = render(request, "watch/badge.svg", context, content_type="image/svg+xml")
    answer["Cache-Control"] = f"public, max-age={FRESH_S}"
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@reads("watch.read")
def show_badges(request: Request, slug: str) -> HttpResponseBase:
    """The badges of a monitor and of what it looks at, with their addresses."""
    monitor = selectors.monitor_for(request.actor, slug)
    made = selectors.badges_of(monitor)
    rows = []
    for kind, name in (("monitor", monitor.name), ("node", monitor.node.name)):
        badge = made.get(kind)
        url = request.build_absolute_uri(reverse("badge", args=[badge.token, "svg"])) if badge else ""
        rows.append(
            {"kind": kind, "name": name, "url": url, "json_url": url.removesuffix("svg") + "json" if url else ""}
        )
    context = {"monitor": monitor, "rows": rows, "may_write": request.actor.may("watch.write")}
    return render(request, "watch/badges.html", context)


@require_POST
@acts("watch.write")
def change_badge(request: Request, slug: str) -> HttpResponseBase:
    """Make a badge, or withdraw its address."""
    monitor = selectors.monitor_for(request.actor, slug)
    whole_node = request.POST.get("of") == "node"
    if request.POST.get("act") == "withdraw":
        withdraw_badge(monitor, whole_node=whole_node, actor=request.actor, at=now())
    else:
        make_badge(monitor, whole_node=whole_node, actor=request.actor, at=now())
    return redirect("monitor-badges", slug=slug)
