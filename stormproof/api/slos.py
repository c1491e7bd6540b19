"""Service levels for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from ninja import Router, Schema
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.watch import selectors
from stormproof.watch.kinds.slo import promise_of
from stormproof.watch.models import Slo

router = Router(tags=["watch"])


class SloOut(Schema):
    """A promise, how much of its error budget is left (`verdict.left`, 1 is all), and how fast it burns."""

    slug: str
    name: str
    on: str
    state: str
    reason: str
    objective: float
    period: str
    measures: str
    judged_at: datetime | None
    verdict: dict[str, Any]

    @staticmethod
    def resolve_slug(slo: Slo) -> str:
        """Its identifier."""
        return slo.monitor.slug

    @staticmethod
    def resolve_name(slo: Slo) -> str:
        """What people call it."""
        return slo.monitor.name

    @staticmethod
    def resolve_on(slo: Slo) -> str:
        """The identifier of the function."""
        return str(slo.monitor.node.slug)

    @staticmethod
    def resolve_state(slo: Slo) -> str:
        """The state of the budget, not of the function."""
        return slo.monitor.state

    @staticmethod
    def resolve_reason(slo: Slo) -> str:
        """Why it is in that state."""
        return slo.monitor.reason

    @staticmethod
    def resolve_objective(slo: Slo) -> float:
        """Percent that must be good."""
        return promise_of(slo.monitor.config).objective

    @staticmethod
    def resolve_period(slo: Slo) -> str:
        """7d, 28d, 30d or 90d."""
        return promise_of(slo.monitor.config).period

    @staticmethod
    def resolve_measures(slo: Slo) -> str:
        """Time or events."""
        return promise_of(slo.monitor.config).measures


@router.get("/slos", response=list[SloOut], summary="Service levels")
@paginate
def list_slos(request: Request) -> QuerySet[Slo]:
    """Every service level, by name. Set one up as a monitor of the kind `slo`."""
    return selectors.slos(request.actor)


@router.get("/slos/{slug}", response=SloOut, summary="One service level")
def show_slo(request: Request, slug: str) -> Slo:
    """Its budget and burn rates."""
    return selectors.slo_for(request.actor, slug)
