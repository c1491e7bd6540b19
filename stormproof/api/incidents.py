"""Incidents in depth for programs: roles, training, stages, the timeline's versions, the whole report."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Router, Schema, Status

from stormproof.api.base import Request
from stormproof.api.respond import incident_of, person_of
from stormproof.core.clock import now
from stormproof.respond import selectors, services
from stormproof.respond.models import EntryVersion, Qualification, RoleAssignment
from stormproof.respond.rules import Criteria, words_of

router = Router(tags=["respond"])


class RoleOut(Schema):
    """One person in one role, from when until when."""

    id: int
    role: str
    is_deputy: bool
    person: str
    assumed_at: datetime
    ended_at: datetime | None

    @staticmethod
    def resolve_person(assignment: RoleAssignment) -> str:
        """The e-mail address of who has it."""
        return assignment.person.email


class RoleIn(Schema):
    """A role for a person, by e-mail address."""

    role: str
    person: str
    is_deputy: bool = False


class ReasonIn(Schema):
    """Why."""

    reason: str


class EntryIn(Schema):
    """What a line should say."""

    text: str


class VersionOut(Schema):
    """What a line said before."""

    number: int
    text: str
    replaced_at: datetime
    replaced_by: str


class LevelOut(Schema):
    """One level of the severity matrix and what makes an incident that grave."""

    level: int
    name: str
    colour: str
    readings: list[str]

    @staticmethod
    def resolve_readings(criteria: Criteria) -> list[str]:
        """Its readings in words; any one is enough."""
        return words_of(criteria)


class QualificationOut(Schema):
    """Who is trained for which role."""

    id: int
    person: str
    role: str
    trained_on: date
    expires_on: date | None

    @staticmethod
    def resolve_person(qualification: Qualification) -> str:
        """The person's e-mail address."""
        return qualification.person.email


class QualificationIn(Schema):
    """A training to record."""

    person: str
    role: str
    trained_on: date
    expires_on: date | None = None


@router.get("/incidents/severities", response=list[LevelOut], summary="Severity matrix")
def list_severities(request: Request) -> list[Criteria]:
    """What makes an incident how grave, the gravest first."""
    request.actor.require(selectors.READ)
    return list(selectors.severity_matrix())


@router.get("/incidents/qualifications", response=list[QualificationOut], summary="Who is trained")
def list_qualifications(request: Request) -> list[Qualification]:
    """Who is trained for which role."""
    request.actor.require(selectors.READ)
    return list(selectors.qualifications())


@router.post("/incidents/qualifications", response={201: QualificationOut}, summary="Record a training")
def record_qualification(request: Request, new: QualificationIn) -> Status[Qualification]:
    """Write down that a person is trained for a role."""
    request.actor.require("respond.write")
    found = services.record_qualification(
        person_of(new.person),
        role=new.role,
        trained_on=new.trained_on,
        expires_on=new.expires_on,
        actor=request.actor,
        at=now(),
    )
    return Status(201, found)


@router.get("/incidents/{int:number}/roles", response=list[RoleOut], summary="Roles")
def list_roles(request: Request, number: int) -> list[RoleAssignment]:
    """Everybody who has or had a role in the incident."""
    return list(selectors.roles_of(incident_of(request, number)))


@router.post("/incidents/{int:number}/roles", response={201: RoleOut}, summary="Give a role")
def assign_role(request: Request, number: int, new: RoleIn) -> Status[RoleAssignment]:
    """Give somebody a role; whoever held it hands it over."""
    found = services.assign_role(
        incident_of(request, number),
        role=new.role,
        person=person_of(new.person),
        is_deputy=new.is_deputy,
        actor=request.actor,
        at=now(),
    )
    return Status(201, found)


@router.post("/incidents/{int:number}/command", response={201: RoleOut}, summary="Take command")
def take_command(request: Request, number: int) -> Status[RoleAssignment]:
    """Command the incident oneself."""
    return Status(201, services.take_command(incident_of(request, number), actor=request.actor, at=now()))


@router.post("/incidents/{int:number}/stable", response={204: None}, summary="Stable")
def mitigate_incident(request: Request, number: int, why: ReasonIn) -> Status[None]:
    """Say that customers are no longer hit."""
    services.mitigate_incident(incident_of(request, number), reason=why.reason, actor=request.actor, at=now())
    return Status(204, None)


@router.put("/incidents/{int:number}/timeline/{int:id}", response={204: None}, summary="Rewrite a line")
def edit_entry(request: Request, number: int, id: int, new: EntryIn) -> Status[None]:
    """Rewrite a line that a person wrote; the earlier wording is kept."""
    entry = selectors.entry_for(request.actor, incident_of(request, number), id)
    services.edit_entry(entry, text=new.text, actor=request.actor, at=now())
    return Status(204, None)


@router.get("/incidents/{int:number}/timeline/{int:id}/versions", response=list[VersionOut], summary="Earlier wordings")
def list_versions(request: Request, number: int, id: int) -> list[EntryVersion]:
    """What a line said before, the first first."""
    return list(selectors.entry_for(request.actor, incident_of(request, number), id).versions.all())


@router.get("/incidents/{int:number}/report", response=dict[str, Any], summary="The whole incident")
def get_report(request: Request, number: int) -> dict[str, Any]:
    """Everything about the incident as data."""
    return selectors.report_of(incident_of(request, number), now())


@router.get("/incidents/{int:number}/report.md", response=None, summary="The whole incident as Markdown")
def get_report_as_markdown(request: Request, number: int) -> HttpResponse:
    """Everything about the incident as Markdown."""
    text = selectors.markdown_of_incident(incident_of(request, number), now())
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")
