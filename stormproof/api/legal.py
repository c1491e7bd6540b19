"""Legal clocks, affected orders and the RPO of an incident, for programs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.api.respond import incident_of, person_of
from stormproof.core.clock import now
from stormproof.respond import selectors, services
from stormproof.respond.models import AffectedOrder, LegalClock, OrderSnapshot

router = Router(tags=["respond"])


class ClockOut(Schema):
    """One legal duty of one incident."""

    id: int
    incident: int
    duty: str
    law: str
    name: str
    basis: str
    aware_at: datetime
    deadline: datetime
    owner: str | None
    state: str
    reported_at: datetime | None
    reference: str
    reason: str

    @staticmethod
    def resolve_incident(clock: LegalClock) -> int:
        """The number of the incident."""
        return clock.incident.number

    @staticmethod
    def resolve_owner(clock: LegalClock) -> str | None:
        """The e-mail address of who sees to it."""
        return clock.owner.email if clock.owner else None


class StartClocksIn(Schema):
    """Which laws' clocks run, from when somebody became aware; `owner` is an e-mail address."""

    laws: list[str]
    aware_at: datetime | None = None
    owner: str | None = None


class ReportIn(Schema):
    """When it was told, and the receipt."""

    reported_at: datetime | None = None
    reference: str = ""


class AsideIn(Schema):
    """Why it does not apply."""

    reason: str


class SnapshotOut(Schema):
    """One version of the list of affected orders."""

    version: int
    taken_at: datetime
    taken_by: str
    placed_from: datetime
    placed_until: datetime
    count: int
    total: Decimal
    error: str


class OrderOut(Schema):
    """One frozen order; the customer is a keyed hash."""

    number: str
    placed_at: datetime
    state: str
    amount: Decimal
    customer: str


class RpoOut(Schema):
    """What data is gone: seconds since the newest restorable data before the impact; null where nobody knows."""

    promised_seconds: float | None
    of: str | None
    newest_at: datetime | None
    age_seconds: float | None
    is_kept: bool | None
    source: str


def _clock(request: Request, number: int, id: int) -> LegalClock:
    return selectors.legal_clock_for(request.actor, incident_of(request, number), id)


@router.get("/legal-clocks", response=list[ClockOut], summary="Legal clocks that run")
@paginate
def list_legal_clocks(request: Request) -> QuerySet[LegalClock]:
    """Every legal clock that runs, the earliest deadline first."""
    request.actor.require(selectors.READ)
    return selectors.legal_clocks_running(request.actor)


@router.get("/incidents/{int:number}/legal", response=list[ClockOut], summary="Legal clocks of an incident")
def list_clocks_of_incident(request: Request, number: int) -> list[LegalClock]:
    """The legal clocks of one incident."""
    return list(selectors.legal_clocks_of(incident_of(request, number)).select_related("incident"))


@router.post("/incidents/{int:number}/legal", response={201: list[ClockOut]}, summary="Start legal clocks")
def start_legal_clocks(request: Request, number: int, new: StartClocksIn) -> Status[list[LegalClock]]:
    """Start the clocks of the laws named, from one moment of awareness."""
    started = services.start_legal_clocks(
        incident_of(request, number),
        laws=new.laws,
        aware_at=new.aware_at or now(),
        owner=person_of(new.owner) if new.owner else None,
        actor=request.actor,
        at=now(),
    )
    return Status(201, started)


@router.post("/incidents/{int:number}/legal/{int:id}/report", response={204: None}, summary="Duty reported")
def report_duty(request: Request, number: int, id: int, told: ReportIn) -> Status[None]:
    """Say that the authority was told."""
    at = now()
    services.report_duty(
        _clock(request, number, id),
        reported_at=told.reported_at or at,
        reference=told.reference,
        actor=request.actor,
        at=at,
    )
    return Status(204, None)


@router.post("/incidents/{int:number}/legal/{int:id}/aside", response={204: None}, summary="Duty does not apply")
def set_duty_aside(request: Request, number: int, id: int, why: AsideIn) -> Status[None]:
    """Say why a duty does not apply."""
    services.set_duty_aside(_clock(request, number, id), reason=why.reason, actor=request.actor, at=now())
    return Status(204, None)


@router.get("/incidents/{int:number}/orders", response=list[OrderOut], summary="Affected orders")
@paginate
def list_orders(request: Request, number: int, version: int | None = None) -> QuerySet[AffectedOrder]:
    """The frozen orders, of the newest version when none is named."""
    return selectors.orders_of(selectors.order_snapshot_for(request.actor, incident_of(request, number), version))


@router.get("/incidents/{int:number}/orders/versions", response=list[SnapshotOut], summary="Versions of the orders")
def list_order_versions(request: Request, number: int) -> list[OrderSnapshot]:
    """The versions of the list, the newest first."""
    return list(selectors.order_snapshots_of(incident_of(request, number)))


@router.post("/incidents/{int:number}/orders/freeze", response={202: None}, summary="Freeze the orders once more")
def freeze_orders(request: Request, number: int) -> Status[None]:
    """Have the orders read again as a new version."""
    services.ask_for_orders(incident_of(request, number), actor=request.actor, at=now())
    return Status(202, None)


@router.get("/incidents/{int:number}/rpo", response=RpoOut, summary="RPO")
def get_rpo(request: Request, number: int) -> dict[str, object]:
    """What data is gone, if anybody knows."""
    found = selectors.rpo_of(incident_of(request, number))
    loss = found.loss if found else None
    return {
        "promised_seconds": loss.promised.total_seconds() if loss and loss.promised is not None else None,
        "of": found.node.slug if found and found.node else None,
        "newest_at": loss.newest_at if loss else None,
        "age_seconds": loss.age.total_seconds() if loss and loss.age is not None else None,
        "is_kept": loss.is_kept if loss else None,
        "source": found.source if found else "",
    }
