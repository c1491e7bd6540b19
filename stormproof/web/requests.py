"""What a page's view gets and may ask for: the actor, and the permission to look or to act."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound

P = ParamSpec("P")


class Request(HttpRequest):
    """A request for a page: `actor` is who asks, `csp_nonce` goes on inline scripts."""

    actor: Actor
    needs_second_factor: bool
    csp_nonce: str


View = Callable[Concatenate[Request, P], HttpResponseBase]


def reads(permission: str) -> Callable[[View[P]], View[P]]:
    """A page for those who have `permission`; for everybody else there is no such page (404)."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def page(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.actor.may(permission):
                raise NotFound("There is no such page")
            return view(request, *args, **kwargs)

        return page

    return decorate


def acts(permission: str) -> Callable[[View[P]], View[P]]:
    """An act for those who have `permission`; everybody else is told that they may not (403)."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def act(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            request.actor.require(permission)
            return view(request, *args, **kwargs)

        return act

    return decorate
