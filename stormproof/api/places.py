"""Places and probers for programs: who looks from where, and whether it can see."""

from __future__ import annotations

from datetime import datetime

from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.models import Location, Prober
from stormproof.watch.services.probers import forget_location

router = Router(tags=["watch"])


class LocationOut(Schema):
    """A place; `sight` is off, unproven (its targets never answered), green or blind."""

    name: str
    sight: str
    blind_since: datetime | None
    seen_at: datetime


class ProberOut(Schema):
    """A prober that is alive; `late_ms` is the worst lateness of a start in its last report."""

    instance: str
    location: str
    started_at: datetime
    lease_until: datetime
    monitors: int
    late_ms: float
    is_blind: bool
    is_remote: bool


@router.get("/locations", response=list[LocationOut], summary="Places")
@paginate
def list_locations(request: Request) -> list[Location]:
    """The places from which monitors are looked at, by name."""
    request.actor.require("watch.read")
    return selectors.locations_known(at=now())


@router.delete("/locations/{name}", response={204: None}, summary="Forget a place")
def delete_location(request: Request, name: str) -> Status[None]:
    """A place that is given up counts no more; refused while a prober of it is alive."""
    forget_location(selectors.location_named(request.actor, name), actor=request.actor)
    return Status(204, None)


@router.get("/probers", response=list[ProberOut], summary="Probers")
@paginate
def list_probers(request: Request) -> list[Prober]:
    """The probers that are alive, by place."""
    request.actor.require("watch.read")
    return selectors.probers_alive(now())
