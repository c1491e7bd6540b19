"""The address that jobs ping: no session, no token but the address itself."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.watch.choices import Signal
from stormproof.watch.services.heartbeats import TooManyPings, record_ping

LONGEST_NOTE = 2000


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_ping(request: HttpRequest, key: UUID, signal: str = "") -> HttpResponse:
    """Note a ping: done, `/start`, `/fail` or `/<exit code>` (0 is done). 429 for more than one a second."""
    read = _read_signal(signal)
    if read is None:
        return _plain("use /start, /fail or an exit status from 0 to 255", status=400)
    word, note = read
    said = request.read(LONGEST_NOTE).decode(errors="replace").replace("\x00", "")
    try:
        record_ping(key, signal=word, note=" ".join(part for part in (note, said) if part), at=now())
    except NotFound:
        return _plain("there is no such heartbeat", status=404)
    except TooManyPings as refused:
        return _plain(refused.message, status=429)
    return _plain("OK")


def _read_signal(signal: str) -> tuple[Signal, str] | None:
    if signal in ("", "0"):
        return Signal.DONE, ""
    if signal in ("start", "fail"):
        return Signal(signal), ""
    if signal.isascii() and signal.isdigit() and int(signal) <= 255:
        return Signal.FAIL, f"exit status {int(signal)}"
    return None


def _plain(text: str, *, status: int = 200) -> HttpResponse:
    answer = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 429:
        answer["Retry-After"] = "1"
    return answer
