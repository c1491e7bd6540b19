"""What the business is and what hangs on what: the only way to get a row of `business`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet

from stormproof.business import rules
from stormproof.business.choices import Kind
from stormproof.business.models import (
    Business,
    Dependency,
    DependencyMember,
    Function,
    Node,
    Objective,
    RevenueProfile,
    Revision,
)
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.engine.graph import Graph, Need, single_points_of_failure, stopped_by

READ = "business.read"
NOTHING = rules.Profile(hour_of_week=[Decimal(0)] * 168, season=[Decimal(1)] * 12, zone=ZoneInfo("UTC"))


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What stops while `down` is down, everything and the functions among it, in the order of the business."""

    down: frozenset[int]
    stopped: frozenset[int]
    functions: list[int] = field(default_factory=list)


# --- the shop -------------------------------------------------------------------------------------------------------


def business_now() -> Business:
    """The shop; an unsaved one without a name while none was described yet."""
    return Business.objects.first() or Business(name="")


def currency() -> str:
    """The three letters of the currency that all figures are in."""
    return business_now().currency


def shop_zone() -> ZoneInfo:
    """The time zone of the shop's own days."""
    return ZoneInfo(business_now().time_zone)


# --- nodes ----------------------------------------------------------------------------------------------------------


def nodes_in_use() -> QuerySet[Node]:
    """Every node that is not retired, in the order of the business."""
    return Node.objects.filter(retired_at__isnull=True)


def nodes_by_id(ids: Iterable[int]) -> dict[int, Node]:
    """The nodes with these ids, retired ones included; ids that do not exist are left out."""
    return Node.objects.in_bulk(list(ids))


def node_by_slug(slug: str) -> Node:
    """The node with that slug; raises `NotFound` when there is none in use."""
    node = nodes_in_use().filter(slug=slug).first()
    if node is None:
        raise NotFound(f"there is no node {slug!r}")
    return node


def node_for(actor: Actor, slug: str) -> Node:
    """The node with that slug and all its details (a retired one too), if the actor may see the business."""
    details = ("team", "function", "asset__site", "supplier", "site", "objective")
    node = Node.objects.filter(slug=slug).select_related(*details).first() if actor.may(READ) else None
    if node is None:
        raise NotFound(f"there is no node {slug!r}")
    return node


def nodes_for(actor: Actor, *, kind: str = "", search: str = "", team: str = "") -> QuerySet[Node]:
    """The nodes in use that match every filter given; none for an actor who may not see the business."""
    if not actor.may(READ):
        return Node.objects.none()
    found = nodes_in_use().select_related("team", "function", "asset", "supplier", "site", "objective")
    if kind:
        found = found.filter(kind=kind)
    if team:
        found = found.filter(team__slug=team)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(slug__icontains=search) | Q(description__icontains=search))
    return found


def functions_in_use() -> QuerySet[Node]:
    """The functions that are not retired, with their details, in the order of the business."""
    return nodes_in_use().filter(kind=Kind.FUNCTION).select_related("function", "objective")


def dependencies_of(node_id: int) -> QuerySet[Dependency]:
    """What a node needs, with the members and their nodes, in order."""
    members = Prefetch("members", queryset=DependencyMember.objects.select_related("on"))
    return Dependency.objects.filter(node_id=node_id).prefetch_related(members)


def users_of(node_id: int) -> QuerySet[Node]:
    """The nodes in use that need this node directly."""
    return nodes_in_use().filter(dependencies__members__on_id=node_id).distinct()


# --- the graph ------------------------------------------------------------------------------------------------------


def graph_now() -> Graph:
    """The graph of the nodes in use; an asset also needs the site it stands on.

    Two queries whatever the size.
    """
    nodes = dict(nodes_in_use().values_list("pk", "asset__site_id"))
    needs: dict[int, list[Need]] = {pk: [(1, (site,))] for pk, site in nodes.items() if site in nodes}
    grouped: dict[tuple[int, int, int], list[int]] = {}
    rows = DependencyMember.objects.order_by("dependency__position", "dependency_id", "position", "pk")
    for node, dependency, at_least, member in rows.values_list(
        "dependency__node_id", "dependency_id", "dependency__at_least", "on_id"
    ):
        if node in nodes and member in nodes:
            grouped.setdefault((node, dependency, at_least), []).append(member)
    for (node, _, at_least), members in grouped.items():
        needs.setdefault(node, []).append((min(at_least, len(members)), tuple(members)))
    return Graph(nodes, needs)


def impact_of(down: Iterable[int], *, graph: Graph | None = None) -> Impact:
    """What stops while these nodes are down; ids that are not in use are ignored."""
    whole = graph or graph_now()
    known = {node for node in down if node in whole.needs}
    functions = list(functions_in_use().values_list("pk", flat=True))
    stopped = stopped_by(whole, known)
    return Impact(
        down=frozenset(known), stopped=frozenset(stopped), functions=[pk for pk in functions if pk in stopped]
    )


def single_points(*, graph: Graph | None = None) -> dict[int, set[int]]:
    """The nodes whose loss alone stops a function, each with those functions; the widest first."""
    return single_points_of_failure(graph or graph_now(), functions_in_use().values_list("pk", flat=True))


# --- promises and money ---------------------------------------------------------------------------------------------


def objective_of(node_id: int) -> Objective | None:
    """What is promised for a node; None when nothing is."""
    return Objective.objects.filter(node_id=node_id).first()


def tightest_rto(function_ids: Iterable[int]) -> tuple[int, int] | None:
    """The shortest recovery time promised among these functions as (seconds, node id); None when none is."""
    promised = Objective.objects.filter(node_id__in=list(function_ids), rto_seconds__isnull=False)
    first = promised.order_by("rto_seconds", "node__position", "node_id").values_list("rto_seconds", "node_id").first()
    return (first[0], first[1]) if first and first[0] is not None else None


def revenue_profile() -> RevenueProfile | None:
    """The revenue profile as it was set; None when there is none."""
    return RevenueProfile.objects.first()


def profile_now() -> rules.Profile:
    """The revenue profile ready for arithmetic; one of zeros when none was set."""
    stored = revenue_profile()
    if stored is None:
        return NOTHING
    return rules.Profile(hour_of_week=stored.hour_of_week, season=stored.season, zone=shop_zone())


def share_of(function_ids: Iterable[int]) -> Decimal:
    """The share (0 to 1) of the shop's revenue that stops when these functions stop together."""
    shares = Function.objects.filter(node_id__in=list(function_ids)).values_list("revenue_share", flat=True)
    return rules.share_stopped(shares)


def revenue_per_minute(function_ids: Iterable[int], *, at: datetime) -> Decimal:
    """Money a minute that is not earned while these functions stand still, at that moment; not rounded."""
    return rules.rate_per_hour(profile_now(), at=at) * share_of(function_ids) / 60


def revenue_between(function_ids: Iterable[int], *, start: datetime, end: datetime) -> Decimal:
    """Money not earned when these functions stand still from `start` to `end`; exact across clock changes."""
    return rules.revenue_of(profile_now(), start=start, end=end) * share_of(function_ids)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What it means that `down` goes: what stops, the money it costs from that moment, and how soon it must be back."""

    down: frozenset[int]
    stopped: frozenset[int]
    functions: list[int]  # in the order of the business
    share: Decimal  # of the shop's revenue
    per_minute: Decimal
    rto_seconds: int | None  # the tightest among the functions
    rto_node: int | None

    @property
    def per_hour(self) -> Decimal:
        """Money an hour."""
        return self.per_minute * 60


def losses_of(cases: Iterable[Iterable[int]], *, at: datetime, graph: Graph | None = None) -> list[Loss]:
    """For each set of nodes what its going means at that moment; a few queries however many sets there are."""
    whole = graph or graph_now()
    functions = {node.pk: node for node in functions_in_use()}
    rate = rules.rate_per_hour(profile_now(), at=at) / 60
    found = []
    for case in cases:
        down = frozenset(node for node in case if node in whole.needs)
        stopped = frozenset(stopped_by(whole, down))
        hit = [node for pk, node in functions.items() if pk in stopped]
        share = rules.share_stopped(node.function.revenue_share for node in hit)
        promised = [(seconds, node.pk) for node in hit if (seconds := _rto_of(node)) is not None]
        rto, rto_node = min(promised, key=lambda one: one[0]) if promised else (None, None)
        found.append(
            Loss(
                down=down,
                stopped=stopped,
                functions=[node.pk for node in hit],
                share=share,
                per_minute=rate * share,
                rto_seconds=rto,
                rto_node=rto_node,
            )
        )
    return found


def loss_of(down: Iterable[int], *, at: datetime, graph: Graph | None = None) -> Loss:
    """What it means at that moment that these nodes go."""
    return losses_of([down], at=at, graph=graph)[0]


def _rto_of(node: Node) -> int | None:
    objective = getattr(node, "objective", None)
    return objective.rto_seconds if objective else None


# --- what was applied -----------------------------------------------------------------------------------------------


def revisions_for(actor: Actor) -> QuerySet[Revision]:
    """The documents that were applied, newest first."""
    return Revision.objects.all() if actor.may(READ) else Revision.objects.none()


def revision_for(actor: Actor, number: int) -> Revision:
    """One document that was applied; raises `NotFound`."""
    revision = revisions_for(actor).filter(number=number).first()
    if revision is None:
        raise NotFound(f"there is no revision {number}")
    return revision
