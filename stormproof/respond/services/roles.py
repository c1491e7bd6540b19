"""Who does what in an incident, and who is trained for it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.people.models import User
from stormproof.respond.choices import EntryKind, IncidentRole
from stormproof.respond.facts import (
    IncidentHandedOver,
    IncidentRoleEnded,
    IncidentRoleTaken,
    QualificationDropped,
    QualificationRecorded,
)
from stormproof.respond.models import Incident, Qualification, RoleAssignment
from stormproof.respond.services.locking import locked
from stormproof.respond.services.timeline import write_timeline


class CannotAssignRole(Refused):
    """The incident is over, there is no such role, or the person cannot take it."""


class CannotRecordQualification(Refused):
    """There is no such role, the days make no sense, or the person left."""


@transaction.atomic
def assign_role(
    incident: Incident, *, role: str, person: User, is_deputy: bool = False, actor: Actor, at: datetime
) -> RoleAssignment:
    """Give a person a role in an incident; whoever held it before hands it over. Raises `CannotAssignRole`."""
    actor.require("respond.act")
    incident = locked(incident)
    if role not in IncidentRole.values:
        raise CannotAssignRole(
            f"{role!r} is no role", field="role", hint=f"Choose one of {', '.join(IncidentRole.values)}."
        )
    if incident.is_over:
        raise CannotAssignRole(f"{incident.label} is resolved")
    if not person.is_active:
        raise CannotAssignRole(f"{person} no longer works here", field="person", hint="Choose somebody else.")
    holder = incident.roles.filter(role=role, is_deputy=is_deputy, ended_at__isnull=True).first()
    if holder is not None and holder.person_id == person.pk:
        raise CannotAssignRole(f"{person} has this role already", field="person")
    assignment = put_in_role(incident, role=role, person=person, is_deputy=is_deputy, actor=actor, at=at)
    text = f"{person} is {assignment.label.lower()}"
    write_timeline(incident, kind=EntryKind.ROLE, text=text, actor=actor, at=at)
    if role == IncidentRole.COMMANDER and not is_deputy:
        before = incident.commander_id
        incident.commander = person
        incident.save(update_fields=["commander"])
        tell(IncidentHandedOver(incident_id=incident.pk, from_user_id=before, user_id=person.pk), at=at, actor=actor)
    return assignment


@transaction.atomic
def take_command(incident: Incident, *, actor: Actor, at: datetime) -> RoleAssignment:
    """Say "I take command": the actor commands from now on. Raises `CannotAssignRole`."""
    actor.require("respond.act")
    person = User.objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    if person is None:
        raise CannotAssignRole("Only a person can command", hint="Sign in as yourself.")
    return assign_role(incident, role=IncidentRole.COMMANDER, person=person, actor=actor, at=at)


@transaction.atomic
def end_role(assignment: RoleAssignment, *, actor: Actor, at: datetime) -> None:
    """Take a role from its holder without giving it to another. Raises `CannotAssignRole`."""
    actor.require("respond.act")
    incident = locked(assignment.incident)
    if assignment.role == IncidentRole.COMMANDER and not assignment.is_deputy:
        raise CannotAssignRole("Somebody must command", field="role", hint="Hand the command over instead.")
    if not RoleAssignment.objects.filter(pk=assignment.pk, ended_at__isnull=True).update(ended_at=at):
        raise CannotAssignRole(f"{assignment.person} handed this role over already")
    text = f"{assignment.person} is no longer {assignment.label.lower()}"
    write_timeline(incident, kind=EntryKind.ROLE, text=text, actor=actor, at=at)
    _tell_end(assignment, actor=actor, at=at)


def put_in_role(
    incident: Incident, *, role: str, person: User, is_deputy: bool = False, actor: Actor, at: datetime
) -> RoleAssignment:
    """The row of a role, and the end of the one before; inside the caller's transaction, without a line of its own."""
    for before in incident.roles.filter(role=role, is_deputy=is_deputy, ended_at__isnull=True):
        RoleAssignment.objects.filter(pk=before.pk).update(ended_at=max(at, before.assumed_at))
        _tell_end(before, actor=actor, at=at)
    assignment = RoleAssignment.objects.create(
        incident=incident, role=role, is_deputy=is_deputy, person=person, assumed_at=at
    )
    fact = IncidentRoleTaken(incident_id=incident.pk, user_id=person.pk, role=str(role), is_deputy=is_deputy)
    tell(fact, at=at, actor=actor)
    return assignment


def end_roles(incident: Incident, *, at: datetime) -> None:
    """Nobody has a role any more, because the incident is over; inside the caller's transaction."""
    RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True, assumed_at__lte=at).update(ended_at=at)


def _tell_end(assignment: RoleAssignment, *, actor: Actor, at: datetime) -> None:
    fact = IncidentRoleEnded(
        incident_id=assignment.incident_id,
        user_id=assignment.person_id,
        role=assignment.role,
        is_deputy=assignment.is_deputy,
    )
    tell(fact, at=at, actor=actor)


@transaction.atomic
def record_qualification(
    person: User, *, role: str, trained_on: date, expires_on: date | None = None, actor: Actor, at: datetime
) -> Qualification:
    """Write down that a person is trained for a role; once more renews it. Raises `CannotRecordQualification`."""
    actor.require("respond.write")
    if role not in IncidentRole.values:
        raise CannotRecordQualification(f"{role!r} is no role", field="role")
    if not person.is_active:
        raise CannotRecordQualification(f"{person} no longer works here", field="person")
    if trained_on > at.date():
        raise CannotRecordQualification(f"{trained_on} is in the future", field="trained_on")
    if expires_on is not None and expires_on <= trained_on:
        raise CannotRecordQualification(
            f"{expires_on} is not after {trained_on}", field="expires_on", hint="Leave it empty when it never expires."
        )
    found, _ = Qualification.objects.update_or_create(
        person=person, role=role, defaults={"trained_on": trained_on, "expires_on": expires_on}
    )
    until = expires_on.isoformat() if expires_on else None
    tell(QualificationRecorded(user_id=person.pk, role=str(role), expires_on=until), at=at, actor=actor)
    return found


@transaction.atomic
def drop_qualification(qualification: Qualification, *, actor: Actor, at: datetime) -> None:
    """A person no longer counts as trained for a role."""
    actor.require("respond.write")
    Qualification.objects.filter(pk=qualification.pk).delete()
    tell(QualificationDropped(user_id=qualification.person_id, role=qualification.role), at=at, actor=actor)
