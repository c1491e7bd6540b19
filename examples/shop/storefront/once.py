"""A repeated request takes effect once.

HAProxy repeats a request whose web instance died before it answered. It cannot know whether the act was already
committed. It marks each request with an id (`X-Request-ID`), the same on every try; here that id is written in the same
transaction as the act, the session included. The second try finds the row and gets the first one's answer.
"""

import logging
import sys
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.http import HttpRequest, HttpResponse

from storefront.models import HandledRequest

log = logging.getLogger(__name__)
SAFE = ("GET", "HEAD", "OPTIONS")
KEPT = ("Location", "Content-Type")
SORRY = """<!doctype html><title>Back in a moment</title>
<body style="font-family:system-ui;max-width:36rem;margin:15vh auto">
<h1>Back in a moment</h1><p>We cannot reach our order book right now. Please try again shortly.</p>"""


class OncePerRequestId:
    """Outermost middleware: one transaction around all a POST does; a polite 503 when the database is away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.answer(request)
        except (DatabaseError, InterfaceError) as error:
            response = sorry(request, error)
        response["X-Shop-Instance"] = settings.INSTANCE
        return response

    def answer(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("X-Request-ID", "")
        if request.method in SAFE or not key:
            return self.get_response(request)
        try:
            return self.act_once(request, key)
        except IntegrityError:
            kept = HandledRequest.objects.filter(request_id=key).first()
            if kept is None:
                raise
            log.warning("request %s was handled before: its answer is given again", key)
            return replay(kept)

    def act_once(self, request: HttpRequest, key: str) -> HttpResponse:
        with transaction.atomic():
            kept = HandledRequest(request_id=key, status=0, headers={})
            with transaction.atomic():
                kept.save(force_insert=True)
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
                return response
            keep(kept, response)
        return response


def keep(kept: HandledRequest, response: HttpResponse) -> None:
    """Write the answer down beside the act."""
    kept.status = response.status_code
    kept.headers = {name: response[name] for name in KEPT if name in response}
    kept.headers["cookies"] = [morsel.OutputString() for morsel in response.cookies.values()]
    kept.body = "" if response.streaming else response.content.decode()
    kept.save()


def replay(kept: HandledRequest) -> HttpResponse:
    """The first answer again, cookies too (an anonymous basket lives in one)."""
    headers = {name: kept.headers[name] for name in KEPT if name in kept.headers}
    response = HttpResponse(kept.body, status=kept.status, headers=headers)
    for line in kept.headers.get("cookies", []):
        response.cookies.load(line)
    return response


def sorry(request: HttpRequest, error: BaseException) -> HttpResponse:
    """A 503 a customer can read."""
    log.warning("database away during %s %s: %s", request.method, request.path, str(error).split("\n")[0])
    return HttpResponse(SORRY, status=503, headers={"Retry-After": "5"})


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a lost database is a 503, everything else an honest 500."""
    error = sys.exc_info()[1]
    if isinstance(error, DatabaseError | InterfaceError):
        return sorry(request, error)
    return HttpResponse("<!doctype html><title>Error</title><h1>Something went wrong on our side</h1>", status=500)
