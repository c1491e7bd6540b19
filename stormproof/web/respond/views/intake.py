"""The addresses that integrations deliver to, by the web process: as the intake's, slower, for small installations."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.respond.services.deliveries import LONGEST_BODY, Incoming, keep_delivery, key_shown


@login_not_required
@csrf_exempt
@never_cache
@require_POST
def take_delivery(request: HttpRequest, key: str = "") -> HttpResponse:
    """Keep one delivery; the answer is what its kind says."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_BODY:
        return JsonResponse({"error": "the body is too long"}, status=413)
    try:
        body = request.read(LONGEST_BODY + 1)
    except (UnreadablePostError, RawPostDataException):
        return JsonResponse({"error": "the body cannot be read"}, status=400)
    if len(body) > LONGEST_BODY:
        return JsonResponse({"error": "the body is too long"}, status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    incoming = Incoming(key=key or key_shown(headers, body), body=body, headers=headers)
    reply = keep_delivery(incoming, at=now())
    answer = JsonResponse(dict(reply.json), status=reply.status)
    if reply.status == 429:
        answer["Retry-After"] = "60"
    return answer
