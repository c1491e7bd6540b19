"""External alerts for programs: the list, acts on many, integrations, silences, the routing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Schema, Status

from stormproof.api.base import Request
from stormproof.business import selectors as business
from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.respond import selectors, services
from stormproof.respond.models import ExternalAlert, Integration, Silence
from stormproof.respond.rules.routing import Matcher
from stormproof.respond.selectors import AlertFilter

router = Router(tags=["alerts"])
MOST_A_PAGE = 500


class ExternalAlertOut(Schema):
    """An alert that another system reports."""

    id: int
    name: str
    service: str
    severity: int
    state: str
    action: str
    source: str
    node: str
    summary: str
    link: str
    labels: dict[str, str]
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    acknowledged_by: str
    closed_at: datetime | None
    silence: int | None
    inhibited_by: int | None

    @staticmethod
    def resolve_source(alert: ExternalAlert) -> str:
        """The short name of the integration."""
        return alert.integration.slug

    @staticmethod
    def resolve_node(alert: ExternalAlert) -> str:
        """The short name of the node."""
        return alert.node.slug

    @staticmethod
    def resolve_silence(alert: ExternalAlert) -> int | None:
        """The silence that keeps it quiet."""
        return alert.silence_id

    @staticmethod
    def resolve_inhibited_by(alert: ExternalAlert) -> int | None:
        """The alert that keeps it quiet."""
        return alert.inhibited_by_id


class AlertPageOut(Schema):
    """A page of alerts; ask with `after` for the next one."""

    items: list[ExternalAlertOut]
    after: str


class CountsOut(Schema):
    """How many alerts are not closed."""

    total: int
    waiting: int
    quiet: int
    by_severity: dict[int, int]


class IdsIn(Schema):
    """Which alerts."""

    ids: list[int]


class DoneOut(Schema):
    """How many alerts it changed."""

    changed: int


class IntegrationOut(Schema):
    """An integration; its key is not among what can be read."""

    slug: str
    name: str
    kind: str
    node: str
    is_enabled: bool
    rate_per_minute: int
    nodes: list[dict[str, str]]
    fields: dict[str, str]
    last_received_at: datetime | None
    last_error: str

    @staticmethod
    def resolve_node(integration: Integration) -> str:
        """The short name of the node its alerts are about when nothing else fits."""
        return integration.node.slug


class NodeLineIn(Schema):
    """Alerts with this label and value (a pattern with `*`) are about this node."""

    label: str
    value: str
    node: str


class IntegrationIn(Schema):
    """A new integration."""

    slug: str
    name: str
    kind: str
    node: str
    nodes: list[NodeLineIn] = []
    fields: dict[str, str] = {}
    rate_per_minute: int = 6000


class IntegrationMadeOut(Schema):
    """The new integration and its address, which is not shown again."""

    integration: IntegrationOut
    url: str


class MatcherIn(Schema):
    """A condition on a label."""

    label: str
    op: str = "="
    value: str = ""


class SilenceIn(Schema):
    """A new silence."""

    matchers: list[MatcherIn]
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime
    repeats: str = ""


class SilenceOut(Schema):
    """A silence."""

    id: int
    matchers: list[MatcherIn]
    reason: str
    author_name: str
    starts_at: datetime
    ends_at: datetime
    repeats: str
    ended_at: datetime | None


@router.get("/alerts", response=AlertPageOut, summary="List external alerts")
def list_alerts(
    request: Request,
    *,
    state: str = "",
    severity: int | None = None,
    source: str = "",
    node: str = "",
    label: str = "",
    quiet: str = "",
    q: str = "",
    after: str = "",
    limit: int = 50,
) -> Any:
    """Those that are not closed, the gravest and newest first; `after` of one answer leads to the next page."""
    request.actor.require(selectors.READ)
    asked = AlertFilter(state=state, severity=severity, source=source, node=node, label=label, quiet=quiet, words=q)
    found = selectors.alert_page(request.actor, asked, after=after, size=max(1, min(limit, MOST_A_PAGE)))
    return {"items": found.rows, "after": found.after}


@router.get("/alerts/counts", response=CountsOut, summary="Count external alerts")
def count_alerts(request: Request) -> Any:
    """How many are not closed, and how they divide."""
    request.actor.require(selectors.READ)
    return selectors.alert_counts(request.actor)


@router.post("/alerts/acknowledge", response=DoneOut, summary="Acknowledge alerts")
def acknowledge_alerts(request: Request, which: IdsIn) -> dict[str, int]:
    """Say "I have seen these"."""
    return {"changed": services.acknowledge_alerts(which.ids, actor=request.actor, at=now())}


@router.post("/alerts/end", response=DoneOut, summary="End alerts")
def end_alerts(request: Request, which: IdsIn) -> dict[str, int]:
    """End alerts by hand."""
    return {"changed": services.end_alerts(which.ids, actor=request.actor, at=now())}


@router.get("/silences", response=list[SilenceOut], summary="List silences")
def list_silences(request: Request) -> Any:
    """Those that count now or will."""
    request.actor.require(selectors.READ)
    return list(selectors.silences(request.actor))


@router.post("/silences", response={201: SilenceOut}, summary="Silence alerts")
def create_silence(request: Request, new: SilenceIn) -> Status[Silence]:
    """Keep alerts that match quiet for a time."""
    at = now()
    made = services.create_silence(
        matchers=[Matcher(**one.dict()) for one in new.matchers],
        reason=new.reason,
        starts_at=new.starts_at or at,
        ends_at=new.ends_at,
        repeats=new.repeats,
        actor=request.actor,
        at=at,
    )
    return Status(201, made)


@router.post("/silences/{int:id}/end", response={204: None}, summary="End a silence")
def end_silence(request: Request, id: int) -> Status[None]:
    """End a silence early."""
    services.end_silence(selectors.silence_for(request.actor, id), actor=request.actor, at=now())
    return Status(204, None)


@router.get("/integrations", response=list[IntegrationOut], summary="List integrations")
def list_integrations(request: Request) -> Any:
    """All, by name."""
    request.actor.require(selectors.READ)
    return list(selectors.integrations(request.actor))


@router.post("/integrations", response={201: IntegrationMadeOut}, summary="Make an integration")
def create_integration(request: Request, new: IntegrationIn) -> Status[dict[str, object]]:
    """Let another system deliver alerts."""
    request.actor.require("respond.write")
    made, key = services.create_integration(
        slug=new.slug,
        name=new.name,
        kind=new.kind,
        node=business.node_by_slug(new.node),
        nodes=[line.dict() for line in new.nodes],
        fields=new.fields,
        rate_per_minute=new.rate_per_minute,
        actor=request.actor,
        at=now(),
    )
    return Status(201, {"integration": made, "url": f"{env.taking_url}/in/{key}"})


@router.post("/integrations/{slug}/rotate", response=IntegrationMadeOut, summary="Rotate a key")
def rotate_key(request: Request, slug: str) -> Any:
    """A new address; the old one stops working."""
    integration = selectors.integration_for(request.actor, slug)
    key = services.rotate_integration_key(integration, actor=request.actor, at=now())
    return {"integration": integration, "url": f"{env.taking_url}/in/{key}"}


@router.put("/alert-routing", response={204: None}, summary="Set the routing")
def set_routing(request: Request, wanted: services.RoutingShape) -> Status[None]:
    """Replace the routes and inhibitions."""
    services.set_routing(wanted, actor=request.actor, at=now())
    return Status(204, None)


@router.get("/alert-routing", response=services.RoutingShape, summary="The routing")
def get_routing(request: Request) -> Any:
    """The routes in order, and what inhibits what."""
    request.actor.require(selectors.READ)
    return selectors.routing_data()
