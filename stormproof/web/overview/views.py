"""Pages of the frame: overview, palette, open-incident strip, settings."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from stormproof.business.selectors import functions_in_use
from stormproof.core.clock import now
from stormproof.web.glance import getting_started, glance_at, open_incidents_at
from stormproof.web.shell import actor_of, pages_for, reverse_or_none, stages, things_for


def overview(request: HttpRequest) -> HttpResponse:
    """What matters now, in one sentence, then the figures; an empty installation is asked for its shop."""
    actor = actor_of(request)
    if not actor.may("business.read"):
        return render(request, "overview/nothing.html")
    if not functions_in_use().exists():
        return _first_run(request)
    glance = glance_at(actor, now())
    shown = {
        "glance": glance,
        "here": reverse("overview"),
        "readiness_text": str(int(100 * glance.readiness)),
        "graph_title": f"What {glance.focus} needs" if glance.focus else "What hangs together",
        "checks_note": f"{glance.checks_done} of {len(glance.checks)}",
        "map_url": reverse_or_none("graph"),
        "what_if_url": reverse_or_none("graph"),
        "declare_url": reverse_or_none("declare_incident") if actor.may("respond.act") else None,
    }
    is_fragment = bool(request.headers.get("HX-Request"))
    return render(request, "overview/now.html" if is_fragment else "overview/overview.html", shown)


def _first_run(request: HttpRequest) -> HttpResponse:
    checks = getting_started()
    shown = {
        "checks": checks,
        "checks_note": f"{sum(check.is_done for check in checks)} of {len(checks)}",
        "shop_url": reverse_or_none("look-at-shop"),
        "document_url": reverse_or_none("document"),
    }
    return render(request, "overview/first.html", shown)


def palette(request: HttpRequest) -> HttpResponse:
    """What Ctrl-K finds for `?q=`."""
    actor, words = actor_of(request), request.GET.get("q", "")[:200]
    results = [*pages_for(actor, words)[:12], *things_for(actor, words)]
    return render(request, "components/palette_results.html", {"results": results})


def strip(request: HttpRequest) -> HttpResponse:
    """The open incidents, for the strip above every page."""
    return render(request, "components/strip.html", {"open_incidents": open_incidents_at(actor_of(request), now())})


def settings_home(request: HttpRequest) -> HttpResponse:
    """Everything that can be set, by stage."""
    actor = actor_of(request)
    groups = []
    for stage in stages():
        pages = [page for page in stage.settings if not page.permission or actor.may(page.permission)]
        links = [(page, url) for page in pages if (url := reverse_or_none(page.url))]
        if links:
            groups.append((stage, links))
    return render(request, "overview/settings.html", {"groups": groups})
