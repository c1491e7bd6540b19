"""The API object: who is let in, how fast, and how a refusal is said (RFC 9457, problem+json)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.throttling import SimpleRateThrottle

from stormproof.core.actor import NOBODY, Actor, NotAllowed
from stormproof.core.refusals import NotFound, Refused

UNPROCESSABLE = 422


class Request(HttpRequest):
    """A request that has an actor: the person of the session or the token of the header."""

    actor: Actor
    needs_second_factor: bool


class ByToken(HttpBearer):
    """`Authorization: Bearer sp_...`: an API token."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor that the middleware found for the token, if any."""
        actor: Actor = getattr(request, "actor", NOBODY)
        return None if actor is NOBODY else actor


class BySession(APIKeyCookie):
    """The console's own cookie, with its CSRF token for everything that changes something."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        """Leaves requests with an `Authorization` header alone: a wrong token is not rescued by a cookie."""
        if "Authorization" in request.headers or getattr(request, "actor", NOBODY) is NOBODY:
            return None
        found: Actor | None = super().__call__(request)
        return found

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The actor of the session; refused while the person still owes a second factor."""
        if getattr(request, "needs_second_factor", False):
            raise NotAllowed("Your role needs a second factor: set one up in the console first")
        actor: Actor = getattr(request, "actor", NOBODY)
        return actor


class PerActor(SimpleRateThrottle):
    """So many calls a minute for one actor, or for one address while nobody is known; counted per web process."""

    scope = "api"
    THROTTLE_RATES = {"api": "1200/m"}
    cache = caches["local"]

    def get_cache_key(self, request: HttpRequest) -> str:
        """The actor's key, else the address of the connection (never a header that anyone can set)."""
        actor: Actor = getattr(request, "actor", NOBODY)
        ident = request.META.get("REMOTE_ADDR", "") if actor is NOBODY else actor.key
        return f"api:{ident}"


api = NinjaAPI(
    title="Stormproof API",
    version="1",
    description="What the console does, for programs. Make a token under Settings, API tokens.",
    urls_namespace="api",
    docs=Swagger(settings={"persistAuthorization": False, "tryItOutEnabled": False, "validatorUrl": None}),
    auth=[ByToken(), BySession()],
    throttle=[PerActor()],
)


def problem(
    status: int, detail: str, *, field: str = "", hint: str = "", errors: list[dict[str, Any]] | None = None
) -> HttpResponse:
    """An answer in the form of RFC 9457; `field`, `hint` and `errors` are left out while empty."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body |= {"detail": detail}
    body |= {key: value for key, value in (("field", field), ("hint", hint), ("errors", errors)) if value}
    return JsonResponse(body, status=status, content_type="application/problem+json")


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return problem(UNPROCESSABLE, error.message, field=error.field, hint=error.hint)


@api.exception_handler(NotAllowed)
def _not_allowed(request: HttpRequest, error: NotAllowed) -> HttpResponse:
    return problem(403, error.message, hint=error.hint)


@api.exception_handler(NotFound)
def _not_found(request: HttpRequest, error: NotFound) -> HttpResponse:
    return problem(404, str(error) or "There is no such thing")


@api.exception_handler(Http404)
def _no_such_thing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "There is no such thing")


@api.exception_handler(AuthenticationError)
def _who_are_you(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = problem(401, "Send an API token: Authorization: Bearer sp_...")
    answer["WWW-Authenticate"] = 'Bearer realm="stormproof"'
    return answer


@api.exception_handler(Throttled)
def _too_fast(request: HttpRequest, error: Throttled) -> HttpResponse:
    answer = problem(429, "Too many calls; wait a moment and go on")
    answer["Retry-After"] = str(int(error.wait or 1))
    return answer


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, error.message)


@api.exception_handler(ValidationError)
def _wrong_input(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [{"field": _field_of(each["loc"]), "message": each["msg"]} for each in error.errors]
    first = errors[0] if errors else {"field": "", "message": "The input cannot be read"}
    return problem(UNPROCESSABLE, f"{first['field']}: {first['message']}", field=first["field"], errors=errors)


def _field_of(path: tuple[str | int, ...]) -> str:
    """`("body", "new", "scopes", 0)` as `scopes.0`: without the place in the request and the argument's name."""
    return ".".join(str(part) for part in path[2:] or path[1:])
