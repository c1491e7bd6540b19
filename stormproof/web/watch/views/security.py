"""The address that security tools report to, and the page of what they reported."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch import selectors
from stormproof.watch.rules.security import READERS, SEVERITIES
from stormproof.watch.services.security import LONGEST_REPORT, take_security_events
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, reads

DAY = timedelta(hours=24)


@login_not_required
@csrf_exempt
@never_cache
@require_POST
def take_events(request: HttpRequest, key: UUID, form: str) -> HttpResponse:
    """A report of a tool in its own form; the address is the only key."""
    text = request.read(LONGEST_REPORT + 1).decode(errors="replace").replace("\x00", "")
    try:
        count = take_security_events(key, source=form, text=text, at=now())
    except NotFound as error:
        return JsonResponse({"detail": str(error)}, status=404)
    except Refused as refused:
        return JsonResponse({"detail": refused.message, "field": refused.field}, status=422)
    return JsonResponse({"events": count})


@reads("watch.read")
def show_events(request: Request, slug: str) -> HttpResponseBase:
    """What security tools reported of a node: top addresses, and every event."""
    monitor = selectors.monitor_for(request.actor, slug)
    if monitor.kind != "security":
        raise NotFound(f"{slug} takes no security events")
    listed = read_list(
        request,
        selectors.security_events_of(request.actor, monitor),
        noun="events",
        columns=[
            Column(name="Minute", sort="minute", csv=lambda e: e.minute.isoformat()),
            Column(name="Severity", sort="severity", csv=lambda e: e.severity),
            Column(name="Rule", sort="rule", csv=lambda e: e.rule),
            Column(name="From", sort="actor", csv=lambda e: e.actor),
            Column(name="Times", sort="count", csv=lambda e: e.count, end=True),
            Column(name="Tool", sort="source", csv=lambda e: e.source),
            Column(name="Detail", csv=lambda e: e.detail),
        ],
        filters=[
            Filter(key="severity", name="Severity", choices=[(each, each) for each in SEVERITIES]),
            Filter(key="source", name="Tool", choices=[(each, each) for each in READERS]),
        ],
        search=["rule__icontains", "actor__icontains", "detail__icontains"],
        order="-minute",
        csv_name=f"security-{slug}",
    )
    if listed.wants_csv:
        return listed.as_csv()
    forms = [
        (name, request.build_absolute_uri(reverse("take-events", args=[monitor.ping_key, name]))) for name in READERS
    ]
    context = {
        "list": listed,
        "monitor": monitor,
        "top": selectors.top_actors(request.actor, monitor, since=now() - DAY),
        "forms": forms if request.actor.may("watch.write") else [],
        "topic": f"looks:{monitor.pk}",
    }
    return render(request, "watch/security.html", context)
