"""How incidents went and which monitors make noise, for programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from ninja import Query, Router, Schema

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.respond import selectors
from stormproof.respond.rules import GROUPINGS, Group, Noise, grouped

router = Router(tags=["respond"])
Days = Annotated[int, Query(ge=1, le=1830)]


class SpreadOut(Schema):
    """Median and ninetieth percentile in seconds, and of how many."""

    count: int
    median_s: float | None
    p90_s: float | None


class GroupOut(Schema):
    """The measures of incidents that have one thing in common."""

    name: str
    count: int
    detect: SpreadOut
    acknowledge: SpreadOut
    mitigate: SpreadOut
    resolve: SpreadOut
    revenue: Decimal


class NoiseOut(Schema):
    """What one monitor did; the advice is settle, silence, fix or empty."""

    slug: str
    node: str
    team: str
    alerts: int
    ignored: int
    short: int
    incidents: int
    night_pages: int
    advice: str


def _period(days: int) -> tuple[datetime, datetime]:
    until = now()
    return until - timedelta(days=days), until


@router.get("/incident-metrics", response=list[GroupOut], summary="How incidents went")
def incident_metrics(request: Request, by: str = "severity", days: Days = 90) -> list[Group]:
    """Time to detect, acknowledge, mitigate and resolve by severity, function, team or month."""
    request.actor.require(selectors.READ)
    if by not in GROUPINGS:
        raise Refused(f"{by!r} is no grouping", field="by", hint=f"Choose one of {', '.join(GROUPINGS)}.")
    since, until = _period(days)
    return grouped(selectors.measured_incidents(request.actor, since=since, until=until), by=by)


@router.get("/noise", response=list[NoiseOut], summary="Which monitors make noise")
def noise(request: Request, days: Days = 30) -> list[Noise]:
    """Alerts that nobody acted on, monitors that flap, pages at night."""
    request.actor.require(selectors.READ)
    since, until = _period(days)
    return selectors.noise_report(request.actor, since=since, until=until)
