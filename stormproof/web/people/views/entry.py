"""The pages behind mailed links: first set-up, invitation, verifying a contact point. Open to strangers."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.people import services
from stormproof.people.choices import LinkPurpose
from stormproof.people.models import User
from stormproof.people.services import CannotUseLink
from stormproof.web.people.forms import FirstAdminForm, PasswordForm, put_refusal
from stormproof.web.requests import Request


def _broken(request: Request, refusal: CannotUseLink) -> HttpResponse:
    return render(request, "people/link_broken.html", {"refusal": refusal}, status=410)


def _come_in(request: Request, user: User) -> HttpResponse:
    answer: HttpResponse = perform_password_login(
        request, {"email": user.email}, Login(user=user, email_verification="none")
    )
    return answer


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def set_up(request: Request, token: str) -> HttpResponse:
    """Make the first administrator."""
    try:
        services.setup_link_behind(token, at=now())
    except CannotUseLink as refusal:
        return _broken(request, refusal)
    form = FirstAdminForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("email", "name", "password")}
        try:
            return _come_in(request, services.make_first_admin(token, **chosen, at=now()))
        except Refused as refusal:
            put_refusal(form, refusal)
    return render(request, "people/set_up.html", {"form": form})


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def accept_invitation(request: Request, token: str) -> HttpResponse:
    """Choose a password."""
    try:
        link = services.invitation_behind(token, at=now())
    except CannotUseLink as refusal:
        return _broken(request, refusal)
    form = PasswordForm(request.POST or None, initial={"name": link.user.name if link.user else ""})
    if request.method == "POST" and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("name", "password")}
        try:
            return _come_in(request, services.accept_invitation(token, **chosen, at=now()))
        except Refused as refusal:
            put_refusal(form, refusal)
    return render(request, "people/invitation.html", {"form": form, "email": link.user.email if link.user else ""})


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def verify_contact(request: Request, token: str) -> HttpResponse:
    """Allow pages to a contact point; only the button does it, so that mail scanners that open links change nothing."""
    try:
        if request.method == "POST":
            point = services.verify_contact_point(token, at=now())
            return render(request, "people/contact_verified.html", {"point": point})
        link = services.link_behind(token, purpose=LinkPurpose.CONTACT, at=now())
    except CannotUseLink as refusal:
        return _broken(request, refusal)
    return render(request, "people/contact_verify.html", {"point": link.contact_point})
