"""People, roles and teams, for those who may."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.facts import history_of
from stormproof.core.refusals import Refused
from stormproof.people import selectors, services
from stormproof.people.choices import Role
from stormproof.people.models import User
from stormproof.people.rules import PERMISSIONS_OF_ROLE
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.people.forms import InviteForm, RolesForm, TeamForm, put_refusal
from stormproof.web.requests import Request, acts, reads

COLUMNS = (
    Column(name="Name", sort="name", csv=lambda person: person.name),
    Column(name="E-mail", sort="email", csv=lambda person: person.email),
    Column(name="Roles", csv=lambda person: ", ".join(person.roles)),
    Column(name="Second factor"),
    Column(name="Last seen", sort="seen_at", csv=lambda person: person.seen_at),
)
ACTIVE = Filter(key="active", name="Sign-in", choices=(("True", "On"), ("False", "Off")), lookup="is_active")


@reads("people.read")
def people(request: Request) -> HttpResponse:
    """Everybody, with roles."""
    listing = read_list(
        request,
        selectors.people_list(request.actor),
        noun="people",
        columns=COLUMNS,
        filters=(ACTIVE,),
        search=("name__icontains", "email__icontains"),
        order="name",
        csv_name="people",
    )
    if listing.wants_csv:
        return listing.as_csv()
    factors = selectors.second_factors_of(listing.rows)
    with_factor = {id for id, kinds in factors.items() if kinds}
    return render(request, "people/people.html", {"list": listing, "with_factor": with_factor})


@acts("people.write")
def invite(request: Request) -> HttpResponse:
    """Invite a person."""
    form = InviteForm(request.POST or None, actor=request.actor, initial={"roles": [Role.RESPONDER]})
    if request.method == "POST" and form.is_valid():
        try:
            person = services.invite_user(**form.cleaned_data, actor=request.actor, at=now())
        except Refused as refusal:
            put_refusal(form, refusal)
        else:
            messages.success(request, f"An invitation to {person.email} is on its way.")
            return redirect("person", person.pk)
    return render(request, "people/invite.html", {"form": form, "permissions": _permissions()})


@reads("people.read")
def person(request: Request, id: int) -> HttpResponse:
    """One person: state, roles, teams, contact points, tokens, history."""
    found = selectors.person_for(request.actor, id)
    return _show_person(request, id, form=RolesForm(initial={"roles": found.roles}))


def _show_person(request: Request, id: int, *, form: RolesForm) -> HttpResponse:
    found = selectors.person_for(request.actor, id)
    return render(
        request,
        "people/person.html",
        {
            "person": found,
            "form": form,
            "teams": selectors.teams_of(found),
            "points": selectors.contact_points_of(found),
            "factors": selectors.second_factors_of([found])[found.pk],
            "history": history_of(f"user:{id}")[:20] if _may_see_history(request, found) else [],
            "may_see_history": _may_see_history(request, found),
            "permissions": _permissions(),
            "may_write": request.actor.may("people.write"),
            "may_admin": request.actor.may("people.admin"),
        },
    )


def _may_see_history(request: Request, found: User) -> bool:
    """Sign-ins and factors are for the person, administrators and auditors."""
    return request.actor.user_id == found.pk or request.actor.may("audit.read")


def _permissions() -> list[tuple[str, str]]:
    """Each role with what it may, for the reader."""
    return [(role.label, ", ".join(sorted(PERMISSIONS_OF_ROLE[role])) or "nothing here") for role in Role]


@require_POST
@acts("people.write")
@reauthentication_required  # type: ignore[untyped-decorator]
def set_roles(request: Request, id: int) -> HttpResponse:
    """Give a person exactly the roles that are ticked."""
    found = selectors.person_for(request.actor, id)
    form = RolesForm(request.POST)
    if form.is_valid():
        try:
            services.set_roles(found, roles=form.cleaned_data["roles"], actor=request.actor, at=now())
        except Refused as refusal:
            put_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("person", id)
    return _show_person(request, id, form=form)


@acts("people.write")
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def switch_off(request: Request, id: int) -> HttpResponse:
    """Show what switching a person off means, then do it."""
    found = selectors.person_for(request.actor, id)
    if request.method == "POST" and request.POST.get("confirm_name") == found.email:
        services.deactivate_user(found, actor=request.actor, at=now())
        return redirect("person", id)
    preview = [
        ("Who", f"{found} ({found.email})"),
        ("Sign-in", "Ends at once, in every session"),
        ("API tokens", f"{selectors.tokens_of(found).filter(revoked_at=None).count()} stop working"),
        ("Pages", "No longer go to this person"),
        ("Can be undone", "Yes, with the same roles"),
    ]
    return render(
        request,
        "confirm.html",
        {
            "title": f"Switch off {found}",
            "sentence": "For somebody who left, or whose account is in the wrong hands.",
            "preview": preview,
            "confirm_name": found.email,
            "action_url": reverse("switch-off", args=[id]),
            "back_url": reverse("person", args=[id]),
            "button": "Switch off",
        },
    )


@require_POST
@acts("people.write")
@reauthentication_required  # type: ignore[untyped-decorator]
def switch_on(request: Request, id: int) -> HttpResponse:
    """Let a person in again."""
    services.reactivate_user(selectors.person_for(request.actor, id), actor=request.actor, at=now())
    return redirect("person", id)


@require_POST
@acts("people.write")
def invite_again(request: Request, id: int) -> HttpResponse:
    """Mail a new invitation."""
    services.invite_again(selectors.person_for(request.actor, id), actor=request.actor, at=now())
    messages.success(request, "A new invitation is on its way.")
    return redirect("person", id)


@require_POST
@acts("people.admin")
@reauthentication_required  # type: ignore[untyped-decorator]
def reset_factors(request: Request, id: int) -> HttpResponse:
    """Remove a person's second factors, so that new ones can be set up at the next sign-in."""
    services.reset_second_factors(selectors.person_for(request.actor, id), actor=request.actor, at=now())
    messages.success(request, "Removed. The person sets up new ones at the next sign-in.")
    return redirect("person", id)


@reads("people.read")
def teams(request: Request) -> HttpResponse:
    """The teams, with their members."""
    return render(request, "people/teams.html", {"teams": selectors.team_list(request.actor)})


@acts("people.write")
def new_team(request: Request) -> HttpResponse:
    """Make a team."""
    return _edit_team(request, form=TeamForm(request.POST or None), slug="")


@reads("people.read")
def team(request: Request, slug: str) -> HttpResponse:
    """One team, and for those who may its name and members to change."""
    found = selectors.team_for(request.actor, slug)
    if request.method == "POST":
        request.actor.require("people.write")
    said = {"name": found.name, "members": selectors.team_members(found)}
    return _edit_team(request, form=TeamForm(request.POST or None, team=found, initial=said), slug=slug)


def _edit_team(request: Request, *, form: TeamForm, slug: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        wanted = {"name": form.cleaned_data["name"], "members": list(form.cleaned_data["members"])}
        try:
            made = services.put_team(slug or form.cleaned_data["slug"], **wanted, actor=request.actor, at=now())
        except Refused as refusal:
            put_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("team", made.slug)
    found = selectors.team_for(request.actor, slug) if slug else None
    return render(
        request,
        "people/team.html",
        {
            "team": found,
            "form": form,
            "members": selectors.team_members(found) if found else [],
            "history": history_of(f"team:{found.pk}")[:20] if found else [],
            "may_write": request.actor.may("people.write"),
        },
    )


@require_POST
@acts("people.write")
def retire_team(request: Request, slug: str) -> HttpResponse:
    """Take a team out of use."""
    services.retire_team(selectors.team_for(request.actor, slug), actor=request.actor, at=now())
    return redirect("teams")
