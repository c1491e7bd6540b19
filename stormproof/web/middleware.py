"""What every request passes: who acts, sign-in first, second factor first, refusals as pages, safe headers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from stormproof.core.actor import NOBODY, NotAllowed
from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.core.refusals import NotFound, Refused
from stormproof.people import selectors, services
from stormproof.people.rules import needs_second_factor
from stormproof.web.requests import Request

Next = Callable[[HttpRequest], HttpResponseBase]
API = "/api/"
ENROLLED_HERE = "second_factor_enrolled"
ALWAYS_OPEN = ("/accounts/", "/static/")


def who_acts(get_response: Next) -> Next:
    """Put `request.actor` on each request: the token of the header on the API, else the person of the session."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        asked = cast(Request, request)
        header = request.headers.get("Authorization", "")
        asked.needs_second_factor = False
        if request.path.startswith(API) and header:
            asked.actor = _actor_of_header(header)
        else:
            asked.actor = selectors.actor_for(request.user)
            asked.needs_second_factor = _owes_second_factor(request)
            if asked.needs_second_factor:
                asked.actor = replace(asked.actor, permissions=frozenset())
            if request.user.is_authenticated:
                services.note_seen(request.user, at=now())
        return get_response(request)

    return middleware


def _actor_of_header(header: str) -> Any:
    scheme, _, raw = header.partition(" ")
    if scheme.lower() != "bearer":
        return NOBODY
    at = now()
    token = selectors.token_for(raw.strip(), at=at)
    if token is None:
        return NOBODY
    services.note_token_used(token, at=at)
    return selectors.actor_of_token(token)


def _owes_second_factor(request: HttpRequest) -> bool:
    """Whether the person's role asks for a second factor that this very session has not shown."""
    if not request.user.is_authenticated:
        return False
    if not needs_second_factor(request.user.roles, settings.MFA_REQUIRED_ROLES):
        return False
    if request.session.get(ENROLLED_HERE):
        return False
    return not any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def _is_fragment(request: HttpRequest) -> bool:
    """Whether a script asks for a part of a page."""
    return "HX-Request" in request.headers or request.headers.get("X-Requested-With") == "fetch"


class SignInFirst(LoginRequiredMiddleware):
    """Every page asks for sign-in unless its view is marked `login_not_required`; the API answers by itself."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Redirect strangers to the sign-in page."""
        if request.path.startswith(API):
            return None
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is not None and _is_fragment(request):
            # A fragment of a page whose session ended: leave the page, do not put the sign-in form into it.
            return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
        return answer


class SecondFactorFirst:
    """People whose role needs a second factor can do nothing but set one up until they have shown one."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Send the person to the page where second factors are set up."""
        owes = getattr(request, "needs_second_factor", False) and getattr(view_func, "login_required", True)
        if not owes or request.path.startswith((API, *ALWAYS_OPEN)):
            return None
        if _is_fragment(request):
            return HttpResponse(status=204)
        messages.info(request, "Your role needs a second factor. Set up a passkey or an authenticator app to go on.")
        return redirect("mfa_index")


class RefusalsAsPages:
    """A refusal that no form caught becomes a page: 404 for what one may not know of, 403, or back with the reason."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for `error`, or None for errors that are bugs."""
        if isinstance(error, NotFound):
            return render(request, "404.html", {"exception": str(error)}, status=404)
        if isinstance(error, NotAllowed):
            return render(request, "403.html", {"exception": error.message}, status=403)
        if isinstance(error, Refused):
            return _refused(request, error)
        return None


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    came_from = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    if request.method == "POST" and safe and not request.headers.get("HX-Request"):
        messages.error(request, f"{error.message}. {error.hint}".rstrip(". ") + ".")
        return HttpResponseRedirect(came_from)
    return render(request, "refused.html", {"refusal": error}, status=422)


def safe_headers(get_response: Next) -> Next:
    """A strict content security policy with a nonce for inline scripts, and the other headers a browser heeds."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        asked = cast(Request, request)
        asked.csp_nonce = secrets.token_urlsafe(16)
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", content_security_policy(asked.csp_nonce))
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"
        )
        if getattr(request, "user", None) is not None and request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def content_security_policy(nonce: str) -> str:
    """Only our own files; inline scripts and styles only with `nonce`; the live stream may be listened to."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {env.live_url}",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
