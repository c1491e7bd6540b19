"""The addresses that jobs ping, as the clients of Healthchecks call them: no session, no token but the address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.watch.rules import LONGEST_BODY, IncomingPing, Taken, WrongPing, read_ping
from stormproof.watch.services.heartbeats import take_pings

LONGEST_READ = 1_000_000  # more of a body is not even read
ANSWERS = {
    Taken.OK: (200, "OK"),
    Taken.CREATED: (201, "Created"),
    Taken.UNKNOWN: (404, "not found"),
    Taken.AMBIGUOUS: (409, "ambiguous slug"),
    Taken.TOO_MANY: (429, "rate limited: one ping a second is enough"),
}


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_ping(request: HttpRequest, key: UUID, signal: str = "") -> HttpResponse:
    """A ping by address: done, `/start`, `/fail`, `/log` or `/<exit status>` (0 is done); `?rid=` names the run."""
    return _take(request, signal, key=key)


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_ping_by_name(request: HttpRequest, ping_key: str, slug: str, signal: str = "") -> HttpResponse:
    """A ping by ping key and name; `?create=1` sets the heartbeat up when there is none of that name."""
    return _take(request, signal, ping_key=ping_key, slug=slug, create=request.GET.get("create") == "1")


def _take(request: HttpRequest, signal: str, **named: Any) -> HttpResponse:
    try:
        ping = _ping_of(request, signal, named)
    except WrongPing as wrong:
        return _plain(str(wrong), status=400)
    status, text = ANSWERS[take_pings([ping], at=ping.at)[0]]
    return _plain(text, status=status)


def _ping_of(request: HttpRequest, signal: str, named: dict[str, Any]) -> IncomingPing:
    return read_ping(
        signal,
        run_id=request.GET.get("rid"),
        body=request.read(LONGEST_READ) if request.method == "POST" else b"",
        size=int(request.META.get("CONTENT_LENGTH") or 0),
        method=request.method or "",
        transport=request.scheme or "http",
        address=request.META.get("REMOTE_ADDR", ""),
        agent=request.headers.get("User-Agent", ""),
        at=now(),
        **named,
    )


def _plain(text: str, *, status: int = 200) -> HttpResponse:
    answer = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Ping-Body-Limit"] = str(LONGEST_BODY)
    if status == 429:
        answer["Retry-After"] = "1"
    return answer
