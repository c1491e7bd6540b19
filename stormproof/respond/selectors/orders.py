"""Reads of the orders an incident hit, and of what data can be had back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.respond.models import AffectedOrder, Incident, OrderSnapshot, OrderSource, RestorePoint
from stormproof.respond.rules import DataLoss, data_loss
from stormproof.respond.selectors.incidents import root_node_ids
from stormproof.respond.selectors.money import function_ids
from stormproof.watch.models import Observation
from stormproof.watch.selectors import monitors_in_use


def order_source() -> OrderSource | None:
    """Where orders are read from; None while none is named."""
    return OrderSource.objects.first()


def order_snapshots_of(incident: Incident) -> QuerySet[OrderSnapshot]:
    """The versions of the list of orders, the newest first."""
    return incident.order_snapshots.order_by("-version")


def order_snapshot_for(actor: Actor, incident: Incident, version: int | None = None) -> OrderSnapshot:
    """One version of the list, the newest when none is named; raises `NotFound`."""
    found = order_snapshots_of(incident) if actor.may("respond.read") else OrderSnapshot.objects.none()
    one = found.first() if version is None else found.filter(version=version).first()
    if one is None:
        raise NotFound(f"{incident.label} has no such list of orders")
    return one


def orders_of(snapshot: OrderSnapshot) -> QuerySet[AffectedOrder]:
    """The orders of one version, in the order in which they were placed."""
    return snapshot.orders.order_by("placed_at", "pk")


def restore_points() -> QuerySet[RestorePoint]:
    """Which monitor says up to when the data of which node can be had back."""
    return RestorePoint.objects.select_related("node").order_by("node__slug")


@dataclass(frozen=True, kw_only=True)
class RpoClock:
    """What data is gone in an incident: the promise, whose it is, and where the knowledge comes from."""

    loss: DataLoss
    node: Node | None
    source: str


def rpo_of(incident: Incident) -> RpoClock | None:
    """The RPO of an incident; None when nothing is promised and nothing is known.

    The newest data is that of the worst restore point among the causes: its monitor's last success before the impact.
    """
    ids = [*function_ids(incident), *([incident.root_node_id] if incident.root_node_id else [])]
    nodes = business.nodes_in_use().select_related("objective").filter(pk__in=ids, objective__rpo_seconds__isnull=False)
    tightest = nodes.order_by("objective__rpo_seconds", "pk").first()
    points = list(RestorePoint.objects.filter(node_id__in=root_node_ids(incident)))
    if tightest is None and not points:
        return None
    newest, source = None, ""
    for point in points:
        monitor = monitors_in_use().filter(slug=point.monitor).first()
        seen = (
            Observation.objects.filter(monitor_id=monitor.pk, ok=True, at__lte=incident.impact_started_at)
            if monitor
            else None
        )
        last = seen.order_by("-at").values_list("at", flat=True).first() if seen is not None else None
        if last is None:
            newest, source = None, point.monitor
            break
        if newest is None or last < newest:
            newest, source = last, point.monitor
    promised = tightest.objective.rpo_seconds if tightest else None
    loss = data_loss(promised_seconds=promised, newest_at=newest, impact_started_at=incident.impact_started_at)
    return RpoClock(loss=loss, node=tightest, source=source)
