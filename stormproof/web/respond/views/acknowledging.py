"""The link in a page: works signed-out, on a phone, once."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.respond import selectors, services


@csrf_exempt  # the signed token is the secret; mail apps that keep no cookies must work too
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what it is about (mail scanners follow links); POST acknowledges."""
    at = now()
    link = selectors.ack_link_for(token)
    refusal, done = "", False
    if request.method == "POST":
        try:
            services.acknowledge_by_link(token, at=at)
            done = True
        except services.CannotAcknowledge as refused:
            refusal = f"{refused.message}. {refused.hint}"
    situation = selectors.situation_of(selectors.ack_link_for(token).incident, at)
    context = {"link": link, "situation": situation, "incident": situation.incident, "at": at}
    response = render(
        request,
        "respond/acknowledge.html",
        {**context, "refusal": refusal, "done": done, "is_late": link.expires_at <= at},
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
