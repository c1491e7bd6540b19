"""Around every request: the health addresses, answered before anything can refuse them, and the request's id."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from stormproof.web.core.views import HEALTH

Answer = Callable[[HttpRequest], HttpResponse]
_PROPER_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger("stormproof.web")


def health(answer: Answer) -> Answer:
    """Answer `/healthz`, `/readyz` and `/metrics` first: a load balancer asks by any host name."""

    def respond(request: HttpRequest) -> HttpResponse:
        view = HEALTH.get(request.path_info)
        return view(request) if view else answer(request)

    return respond


def request_id(answer: Answer) -> Answer:
    """Give each request an id: bound to its log lines, sent back, taken over from a proxy that sent one.

    Logs name the route, not the path: a path may carry a signed link.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        identifier = sent if _PROPER_ID.fullmatch(sent) else uuid.uuid4().hex
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request=identifier):
            response = answer(request)
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "(none)",
                status=response.status_code,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
        response.headers["X-Request-ID"] = identifier
        return response

    return respond
