"""On-call schedules for programs: who is on call, shifts, stand-ins, how the load is shared."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.people import selectors as people
from stormproof.people.models import User
from stormproof.respond import selectors, services
from stormproof.respond.models import Duty, Schedule, ScheduleOverride

router = Router(tags=["on call"])
MOST_DAYS = 400


class OnCallOut(Schema):
    """Who is on call in a schedule now and next, by e-mail address; null for nobody."""

    schedule: str
    name: str
    person: str | None
    until: datetime | None
    next_person: str | None


class ShiftOut(Schema):
    """Who is on call from when until when; null for nobody."""

    starts_at: datetime
    ends_at: datetime
    person: str | None
    source: str


class DutyOut(Schema):
    """Who was on call when."""

    person: str
    starts_at: datetime
    ends_at: datetime

    @staticmethod
    def resolve_person(duty: Duty) -> str:
        """The e-mail address."""
        return duty.person.email


class OverrideIn(Schema):
    """Who is on call instead, for a while; `replaces`: only where that person would be."""

    person: str
    starts_at: datetime
    ends_at: datetime
    replaces: str | None = None


class OverrideOut(Schema):
    """A stand-in."""

    id: int
    person: str
    replaces: str | None
    starts_at: datetime
    ends_at: datetime

    @staticmethod
    def resolve_person(override: ScheduleOverride) -> str:
        """The e-mail address."""
        return override.person.email

    @staticmethod
    def resolve_replaces(override: ScheduleOverride) -> str | None:
        """The e-mail address of who is replaced."""
        return override.replaces.email if override.replaces else None


class ShareOut(Schema):
    """What one person bore, or is planned for."""

    person: str
    hours: float
    night_hours: float
    weekend_hours: float
    shifts: int
    pages: int
    is_too_much: bool


@router.get("/on-call", response=list[OnCallOut], summary="Who is on call")
def list_on_call(request: Request) -> list[dict[str, Any]]:
    """Who is on call now and next in each schedule."""
    request.actor.require(selectors.READ_ON_CALL)
    schedules = list(selectors.schedules_for(request.actor))
    return [
        {
            "schedule": one.schedule.slug,
            "name": one.schedule.name,
            "person": _email(one.person),
            "until": one.until,
            "next_person": _email(one.next_person),
        }
        for one in selectors.standings(schedules, at=now())
    ]


@router.get("/on-call/{slug}/shifts", response=list[ShiftOut], summary="Shifts between two moments")
def list_shifts(
    request: Request, slug: str, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> list[dict[str, Any]]:
    """Who is on call in a schedule, gaps included; from now for 30 days unless said."""
    schedule = _schedule(request, slug)
    start = _aware("starts_at", starts_at) or now()
    end = _aware("ends_at", ends_at) or start + timedelta(days=30)
    if not start < end <= start + timedelta(days=MOST_DAYS):
        raise Refused("The end is before the start, or too far", field="ends_at", hint=f"At most {MOST_DAYS} days.")
    turns = selectors.turns_of([schedule], start=start, end=end)
    return [
        {"starts_at": turn.start, "ends_at": turn.end, "person": _email(turn.person), "source": turn.source}
        for turn in turns
    ]


@router.get("/on-call/{slug}/history", response=list[DutyOut], summary="Who was on call when")
@paginate
def list_duties(request: Request, slug: str) -> Any:
    """Intervals in UTC, newest first."""
    return selectors.duties_of(_schedule(request, slug))


@router.get("/on-call/{slug}/overrides", response=list[OverrideOut], summary="Stand-ins ahead")
def list_overrides(request: Request, slug: str) -> Any:
    """The overrides that are not over."""
    return selectors.overrides_ahead(_schedule(request, slug), at=now())


@router.post("/on-call/{slug}/overrides", response={201: OverrideOut}, summary="Put somebody on call")
def add_override(request: Request, slug: str, new: OverrideIn) -> Status[ScheduleOverride]:
    """Put somebody on call for a while."""
    made = services.add_override(
        _schedule(request, slug),
        person=_person(new.person),
        starts_at=_aware("starts_at", new.starts_at) or now(),
        ends_at=_aware("ends_at", new.ends_at) or now(),
        replaces=_person(new.replaces) if new.replaces else None,
        actor=request.actor,
        at=now(),
    )
    return Status(201, made)


@router.delete("/on-call/{slug}/overrides/{int:id}", response={204: None}, summary="End a stand-in")
def end_override(request: Request, slug: str, id: int) -> Status[None]:
    """Take an override away, or end it now."""
    override = selectors.override_for(_schedule(request, slug), id)
    services.end_override(override, actor=request.actor, at=now())
    return Status(204, None)


@router.get("/on-call-report", response=list[ShareOut], summary="How the load is shared")
def get_report(request: Request, first: date | None = None, last: date | None = None) -> list[dict[str, Any]]:
    """Hours, nights, weekends, shifts and incidents paged per person; the last 90 days unless said."""
    request.actor.require(selectors.READ_ON_CALL)
    at = now()
    start = at.replace(year=first.year, month=first.month, day=first.day) if first else at - timedelta(days=90)
    end = at.replace(year=last.year, month=last.month, day=last.day) if last else at
    if not start <= end <= start + timedelta(days=MOST_DAYS):
        raise Refused("The last day is before the first, or too far", field="last", hint=f"At most {MOST_DAYS} days.")
    shares = selectors.shares_of(list(selectors.schedules_for(request.actor)), start=start, end=end, at=at)
    return [
        {
            "person": share.person.email,
            "hours": round(share.load.hours, 2),
            "night_hours": round(share.load.nights, 2),
            "weekend_hours": round(share.load.weekends, 2),
            "shifts": share.load.shifts,
            "pages": share.pages,
            "is_too_much": share.is_too_much,
        }
        for share in shares
    ]


def _schedule(request: Request, slug: str) -> Schedule:
    request.actor.require(selectors.READ_ON_CALL)
    return selectors.schedule_for(request.actor, slug)


def _email(user: User | None) -> str | None:
    return user.email if user else None


def _person(email: str) -> User:
    found = people.people_by_email([email]).get(email.lower())
    if found is None:
        raise NotFound(f"Nobody has the address {email}")
    return found


def _aware(field: str, moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise Refused(f"{moment} has no zone", field=field, hint="Write it with one: 2026-12-24T18:00:00Z.")
    if moment is not None and not 1980 <= moment.year <= 2200:
        raise Refused(f"{moment} is too far away", field=field)
    return moment
