"""Pages of the frame: overview, palette, open-incident strip, settings."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from stormproof.web.shell import actor_of, pages_for, reverse_or_none, stages, things_for


def overview(request: HttpRequest) -> HttpResponse:
    """What matters now, in one sentence, then the figures."""
    return render(request, "overview/overview.html")


def palette(request: HttpRequest) -> HttpResponse:
    """What Ctrl-K finds for `?q=`."""
    actor, words = actor_of(request), request.GET.get("q", "")[:200]
    results = [*pages_for(actor, words)[:12], *things_for(actor, words)]
    return render(request, "components/palette_results.html", {"results": results})


def strip(request: HttpRequest) -> HttpResponse:
    """The open incidents, for the strip above every page."""
    return render(request, "components/strip.html")


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
