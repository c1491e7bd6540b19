"""The business for programs: nodes, the graph, what-if, revenue, and continuity.yaml (plan, apply, export, schema)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router, Schema
from ninja.pagination import paginate

from stormproof.api.base import Request, problem
from stormproof.business import selectors
from stormproof.business.choices import Door
from stormproof.business.document.planning import export_document
from stormproof.business.document.schema import document_schema
from stormproof.business.models import Node, Objective, Revision
from stormproof.business.services.document import CannotApplyDocument, apply_document, plan_of
from stormproof.core.clock import now
from stormproof.watch.selectors import node_states

router = Router(tags=["business"])
READ, WRITE = "business.read", "business.write"


class ObjectiveOut(Schema):
    """What is promised; null is no promise, 0 is one."""

    rto_seconds: int | None
    rpo_seconds: int | None
    mtpd_seconds: int | None
    mbco_percent: float | None


class NodeOut(Schema):
    """A function, asset, supplier or site."""

    id: int
    slug: str
    kind: str
    name: str
    description: str
    team: str | None
    rehearsable: bool
    objective: ObjectiveOut | None

    @staticmethod
    def resolve_team(node: Node) -> str | None:
        """The team's short name."""
        return node.team.slug if node.team else None

    @staticmethod
    def resolve_objective(node: Node) -> Objective | None:
        """The promise, where there is one."""
        return getattr(node, "objective", None)


class EdgeOut(Schema):
    """A need: at least `at_least` of these."""

    node: str
    at_least: int
    of: list[str]


class GraphOut(Schema):
    """Nodes with their states, and what needs what (an asset needs its site)."""

    states: dict[str, str]
    needs: list[EdgeOut]
    single_points_of_failure: dict[str, list[str]]


class LossOut(Schema):
    """What stops, and what it costs."""

    stopped: list[str]
    functions: list[str]
    revenue_per_minute: float
    currency: str
    tightest_rto_seconds: int | None
    tightest_rto_function: str | None


class RevenueOut(Schema):
    """The revenue profile: money per hour, Monday 00:00 first, times the factor of the month."""

    currency: str
    time_zone: str
    hour_of_week: list[float]
    season: list[float]
    source: str
    note: str
    set_at: datetime


class RevisionOut(Schema):
    """A document that was applied."""

    number: int
    applied_at: datetime
    applied_by: str
    door: str
    changes: list[dict[str, Any]]


@router.get("/business/nodes", response=list[NodeOut], summary="List nodes")
@paginate
def list_nodes(request: Request, kind: str = "", search: str = "", team: str = "") -> QuerySet[Node]:
    """The nodes in use, in the order of the business."""
    request.actor.require(READ)
    return selectors.nodes_for(request.actor, kind=kind, search=search, team=team)


@router.get("/business/nodes/{slug}", response=NodeOut, summary="One node")
def get_node(request: Request, slug: str) -> Node:
    """One node, a retired one too."""
    return selectors.node_for(request.actor, slug)


@router.get("/business/graph", response=GraphOut, summary="The graph with live states")
def get_graph(request: Request) -> dict[str, Any]:
    """What needs what, now."""
    request.actor.require(READ)
    graph, states = selectors.graph_now(), node_states()
    slugs = {pk: node.slug for pk, node in selectors.nodes_by_id(graph.nodes).items()}
    return {
        "states": {slugs[pk]: states.get(pk, "unknown") for pk in graph.nodes},
        "needs": [
            {"node": slugs[pk], "at_least": at_least, "of": [slugs[member] for member in members]}
            for pk, needs in graph.needs.items()
            for at_least, members in needs
        ],
        "single_points_of_failure": {
            slugs[pk]: sorted(slugs[hit] for hit in functions)
            for pk, functions in selectors.single_points(graph=graph).items()
        },
    }


@router.get("/business/what-if", response=LossOut, summary="What stops if these go?")
def what_if(request: Request, down: Query[list[str]]) -> dict[str, Any]:
    """What stops while the nodes `down` (slugs) are down, what it costs a minute now, and the tightest RTO."""
    request.actor.require(READ)
    graph = selectors.graph_now()
    loss = selectors.loss_of([selectors.node_by_slug(slug).pk for slug in down], at=now(), graph=graph)
    slugs = {pk: node.slug for pk, node in selectors.nodes_by_id(loss.stopped).items()}
    return {
        "stopped": sorted(slugs.values()),
        "functions": [slugs[pk] for pk in loss.functions],
        "revenue_per_minute": float(loss.per_minute),
        "currency": selectors.currency(),
        "tightest_rto_seconds": loss.rto_seconds,
        "tightest_rto_function": slugs[loss.rto_node] if loss.rto_node else None,
    }


@router.get("/business/revenue", response={200: RevenueOut | None}, summary="The revenue profile")
def get_revenue(request: Request) -> dict[str, Any] | None:
    """What the shop earns and when; null while nothing was set."""
    request.actor.require(READ)
    stored = selectors.revenue_profile()
    if stored is None:
        return None
    return {
        "currency": selectors.currency(),
        "time_zone": str(selectors.shop_zone()),
        "hour_of_week": [float(value) for value in stored.hour_of_week],
        "season": [float(value) for value in stored.season],
        "source": stored.source,
        "note": stored.note,
        "set_at": stored.set_at,
    }


@router.get("/business/document", summary="Export continuity.yaml")
def export(request: Request) -> HttpResponse:
    """The whole business as YAML; applying it changes nothing."""
    request.actor.require(READ)
    return HttpResponse(export_document(), content_type="application/yaml; charset=utf-8")


@router.get("/business/document/schema", auth=None, summary="JSON Schema of continuity.yaml")
def schema(request: Request) -> dict[str, Any]:
    """For editors and checks."""
    return document_schema()


@router.post("/business/document/plan", summary="What would this continuity.yaml change?")
def plan(request: Request) -> Any:
    """The body is the YAML. Answers the difference, or 422 with every fault; nothing is changed."""
    request.actor.require(WRITE)
    try:
        return plan_of(request.body).as_data()
    except CannotApplyDocument as refused:
        return _faults(refused)


@router.post("/business/document/apply", summary="Apply this continuity.yaml")
def apply(request: Request, expecting: str = "") -> Any:
    """The body is the YAML; all of it is applied, or nothing. `expecting` is the fingerprint of the plan seen."""
    try:
        done = apply_document(request.body, door=Door.API, expecting=expecting, actor=request.actor, at=now())
    except CannotApplyDocument as refused:
        return _faults(refused)
    return {**done.plan.as_data(), "revision": done.revision.number if done.revision else None}


@router.get("/business/revisions", response=list[RevisionOut], summary="Documents applied before")
@paginate
def list_revisions(request: Request) -> QuerySet[Revision]:
    """Newest first."""
    request.actor.require(READ)
    return selectors.revisions_for(request.actor)


def _faults(refused: CannotApplyDocument) -> HttpResponse:
    return problem(
        422,
        refused.message,
        field=refused.field,
        hint=refused.hint,
        errors=[asdict(finding) for finding in refused.findings],
    )
