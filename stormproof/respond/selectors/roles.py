"""Reads of roles: who does what in an incident, and who is trained for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.people.models import User
from stormproof.respond.choices import IncidentRole
from stormproof.respond.models import Incident, Qualification, RoleAssignment


@dataclass(frozen=True, kw_only=True)
class RoleNow:
    """One role of an incident: who holds it and who stands in, None while nobody does."""

    role: str
    label: str
    holder: RoleAssignment | None
    deputy: RoleAssignment | None


def roles_of(incident: Incident) -> QuerySet[RoleAssignment]:
    """Everybody who has or had a role in an incident, in order."""
    return incident.roles.select_related("person").order_by("assumed_at", "pk")


def roles_now(incident: Incident) -> list[RoleNow]:
    """Each role with its holder and deputy now; of a resolved incident, with the last ones."""
    last = {(one.role, one.is_deputy): one for one in roles_of(incident) if incident.is_over or one.ended_at is None}
    return [
        RoleNow(role=role, label=label, holder=last.get((role, False)), deputy=last.get((role, True)))
        for role, label in IncidentRole.choices
    ]


def role_for(actor: Actor, incident: Incident, id: int) -> RoleAssignment:
    """One assignment of an incident; raises `NotFound`."""
    found = roles_of(incident).select_related("incident").filter(pk=id).first() if actor.may("respond.read") else None
    if found is None:
        raise NotFound(f"{incident.label} has no role {id}")
    return found


def qualifications() -> QuerySet[Qualification]:
    """Who is trained for what, by role and name."""
    return Qualification.objects.select_related("person").order_by("role", "person__name", "pk")


def qualification_for(actor: Actor, id: int) -> Qualification:
    """One qualification; raises `NotFound`."""
    found = qualifications().filter(pk=id).first() if actor.may("respond.read") else None
    if found is None:
        raise NotFound(f"There is no qualification {id}")
    return found


def people_for_role(role: str, *, today: date) -> list[tuple[User, str]]:
    """Everybody who may take a role with a word about their training, the trained ones first."""
    trained = {one.person_id: one for one in qualifications().filter(role=role)}
    people = list(User.objects.filter(is_active=True).order_by("name", "email"))
    told = [(user, _training(trained.get(user.pk), today=today)) for user in people]
    return sorted(told, key=lambda one: not one[1].startswith("trained"))


def _training(qualification: Qualification | None, *, today: date) -> str:
    if qualification is None:
        return "not trained"
    if not qualification.holds_on(today):
        return f"training expired on {qualification.expires_on}"
    return f"trained until {qualification.expires_on}" if qualification.expires_on else "trained"
