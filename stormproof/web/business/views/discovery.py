"""A shop of one's own: give its address, see what was found, go on to the difference."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from stormproof.business.document.shapes import write_amount
from stormproof.business.document.starter import Wishes
from stormproof.business.services.discovery import CannotLookAtShop, propose_from_shop
from stormproof.core.clock import now
from stormproof.people.models import User
from stormproof.web.business.forms import DiscoverForm
from stormproof.web.requests import Request, acts

WRITE = "business.write"
SECONDS = 25  # a page should not take longer; what was found until then is shown
ROLES = {"home": "Home page", "product": "Product page", "basket": "Basket", "checkout": "Checkout", "search": "Search"}


@acts(WRITE)
def discover(request: Request) -> HttpResponse:
    """Look at a shop and show what was found; nothing is saved."""
    if request.method != "POST":
        return _page(request, DiscoverForm(initial=_defaults(request)))
    form = DiscoverForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    yearly = form.cleaned_data["yearly"]
    wishes = Wishes(
        mail=form.cleaned_data["mail"],
        time_zone=form.cleaned_data["time_zone"],
        yearly="" if yearly is None else str(write_amount(yearly)),
    )
    try:
        proposal = propose_from_shop(
            form.cleaned_data["address"],
            wishes=wishes,
            obey_robots=not form.cleaned_data["ignore_robots"],
            seconds=SECONDS,
            actor=request.actor,
            at=now(),
        )
    except CannotLookAtShop as refused:
        form.add_error("address", refused.message)
        return _page(request, form, status=422)
    found = proposal.findings
    pages = [(name, dict(found.pages).get(role)) for role, name in ROLES.items()]  # type: ignore[call-overload]
    return _page(request, form, found=found, pages=pages, text=proposal.text)


def _defaults(request: Request) -> dict[str, Any]:
    user = request.user
    return {"mail": user.email, "time_zone": user.time_zone} if isinstance(user, User) else {"time_zone": "UTC"}


def _page(request: Request, form: DiscoverForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": form, "back_url": reverse("business"), **more}
    return render(request, "business/discover.html", context, status=status)
