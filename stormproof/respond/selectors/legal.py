"""Reads of legal clocks: the duties that hold, and how far each incident is with them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.respond.choices import LegalState
from stormproof.respond.models import Incident, LegalClock, LegalDuty
from stormproof.respond.rules import DEFAULT_DUTIES, Duty
from stormproof.respond.selectors.incidents import incidents_for


def legal_duties() -> tuple[Duty, ...]:
    """The duties of the installation, the built-in ones while none are set."""
    rows = tuple(
        Duty(
            key=row.key,
            law=row.law,
            name=row.name,
            basis=row.basis,
            seconds=row.seconds,
            months=row.months,
            after=row.after,
        )
        for row in LegalDuty.objects.order_by("pk")
    )
    return rows or DEFAULT_DUTIES


def are_duties_built_in() -> bool:
    """Whether nobody has set duties of their own."""
    return not LegalDuty.objects.exists()


def legal_clocks_of(incident: Incident) -> QuerySet[LegalClock]:
    """The legal clocks of an incident, the earliest deadline first."""
    return incident.legal_clocks.select_related("owner").order_by("deadline", "pk")


def legal_clocks_running(actor: Actor) -> QuerySet[LegalClock]:
    """Every clock that runs and that the actor may know of, the earliest deadline first; drills are left out."""
    visible = incidents_for(actor).filter(is_drill=False).order_by().values("pk")
    found = LegalClock.objects.select_related("incident", "owner").filter(state=LegalState.RUNNING)
    return found.filter(incident__in=visible).order_by("deadline", "pk")


def legal_clock_for(actor: Actor, incident: Incident, id: int) -> LegalClock:
    """One legal clock of an incident; raises `NotFound`."""
    found = None
    if actor.may("respond.read"):
        found = incident.legal_clocks.select_related("incident", "owner").filter(pk=id).first()
    if found is None:
        raise NotFound(f"{incident.label} has no legal clock {id}")
    return found


def is_overdue(clock: LegalClock, at: datetime) -> bool:
    """Whether it runs past its deadline."""
    return clock.is_running and at > clock.deadline
