"""The peak calendar for programs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.business.selectors import shop_zone
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.models import Peak
from stormproof.watch.services.calendar import PeakValues, plan_peak, remove_peak

router = Router(tags=["watch"])


class PeakOut(Schema):
    """A peak or holiday: trade is `factor` times the usual."""

    slug: str
    name: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    factor: float
    has_stricter_paging: bool
    has_change_freeze: bool


class PeakIn(Schema):
    """A peak; start and end without an offset are wall-clock times of `zone` (the shop's when left out)."""

    name: str
    start: datetime
    end: datetime
    zone: str = ""
    factor: float = 1.0
    stricter_paging: bool = False
    change_freeze: bool = False


@router.get("/peaks", response=list[PeakOut], summary="Peaks and holidays")
@paginate
def list_peaks(request: Request, year: int | None = None) -> QuerySet[Peak]:
    """The calendar in order of time; `year` takes only what touches it."""
    return selectors.peaks(request.actor, year=year)


@router.put("/peaks/{slug}", response=PeakOut, summary="Plan a peak")
def put_peak(request: Request, slug: str, body: PeakIn) -> Peak:
    """Put a peak into the calendar, or change it."""
    values = PeakValues(**{**body.dict(), "zone": body.zone or str(shop_zone())})
    return plan_peak(slug, values=values, actor=request.actor, at=now())


@router.delete("/peaks/{slug}", response={204: None}, summary="Remove a peak")
def delete_peak(request: Request, slug: str) -> Status[None]:
    """Take a peak out of the calendar."""
    remove_peak(selectors.peak_for(request.actor, slug), actor=request.actor, at=now())
    return Status(204, None)
