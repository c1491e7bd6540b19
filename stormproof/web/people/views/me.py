"""One's own settings: profile, contact points, tokens."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.people import selectors, services
from stormproof.web.people.forms import ContactPointForm, ProfileForm, TokenForm, put_refusal
from stormproof.web.requests import Request


def profile(request: Request) -> HttpResponse:
    """Who one is, and where pages reach one."""
    user = selectors.person_for(request.actor, request.actor.user_id or 0)
    said = {"name": user.name, "phone": user.phone, "time_zone": user.time_zone}
    form = ProfileForm(request.POST or None, initial=said)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_profile(user, **form.cleaned_data, actor=request.actor, at=now())
        except Refused as refusal:
            put_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("profile")
    return _show_profile(request, form=form, contact_form=ContactPointForm())


def _show_profile(request: Request, *, form: ProfileForm, contact_form: ContactPointForm) -> HttpResponse:
    user = selectors.person_for(request.actor, request.actor.user_id or 0)
    points = selectors.contact_point_list(request.actor, user)
    return render(
        request,
        "people/profile.html",
        {"person": user, "form": form, "contact_form": contact_form, "points": points},
    )


@require_POST
def add_contact_point(request: Request) -> HttpResponse:
    """List a way to be reached; a link goes there."""
    user = selectors.person_for(request.actor, request.actor.user_id or 0)
    form = ContactPointForm(request.POST)
    if form.is_valid():
        try:
            services.add_contact_point(user, **form.cleaned_data, actor=request.actor, at=now())
        except Refused as refusal:
            put_refusal(form, refusal)
        else:
            messages.success(request, "A link is on its way there. Pages go there once it was opened.")
            return redirect("profile")
    said = {"name": user.name, "phone": user.phone, "time_zone": user.time_zone}
    return _show_profile(request, form=ProfileForm(initial=said), contact_form=form)


@require_POST
def verify_again(request: Request, id: int) -> HttpResponse:
    """Send the link again."""
    services.verify_again(selectors.contact_point_for(request.actor, id), actor=request.actor, at=now())
    messages.success(request, "A new link is on its way.")
    return redirect("profile")


@require_POST
def remove_contact_point(request: Request, id: int) -> HttpResponse:
    """Take a contact point off the list."""
    services.remove_contact_point(selectors.contact_point_for(request.actor, id), actor=request.actor, at=now())
    return redirect("profile")


@require_POST
def move_contact_point(request: Request, id: int) -> HttpResponse:
    """Move a contact point one place up."""
    point = selectors.contact_point_for(request.actor, id)
    ids = [each.pk for each in selectors.contact_point_list(request.actor, point.user)]
    place = ids.index(point.pk)
    ids.insert(max(place - 1, 0), ids.pop(place))
    services.reorder_contact_points(point.user, ids=ids, actor=request.actor, at=now())
    return redirect("profile")


def tokens(request: Request) -> HttpResponse:
    """One's tokens; everybody's for administrators."""
    return render(request, "people/tokens.html", {"tokens": selectors.token_list(request.actor), "at": now()})


@never_cache
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def new_token(request: Request) -> HttpResponse:
    """Issue a token and show its value, once."""
    owner, at = selectors.person_for(request.actor, request.actor.user_id or 0), now()
    form = TokenForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            token, raw = services.issue_token(
                owner,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at(at),
                actor=request.actor,
                at=at,
            )
        except Refused as refusal:
            put_refusal(form, refusal)
        else:
            return render(request, "people/token_made.html", {"token": token, "raw": raw})
    return render(request, "people/token_new.html", {"form": form})


@require_POST
def revoke_token(request: Request, id: int) -> HttpResponse:
    """Make a token open nothing any more."""
    services.revoke_token(selectors.api_token_for(request.actor, id), actor=request.actor, at=now())
    messages.success(request, "The token opens nothing any more.")
    return redirect("tokens")
