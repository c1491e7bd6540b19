"""Puts nodes into the business, connects them, promises times for them, retires them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from stormproof.business.choices import Kind
from stormproof.business.facts import (
    BusinessDescribed,
    DependenciesChanged,
    NodeAdded,
    NodeChanged,
    NodeRetired,
    ObjectivesChanged,
)
from stormproof.business.models import (
    Asset,
    Business,
    Dependency,
    DependencyMember,
    Function,
    Node,
    Objective,
    Site,
    Supplier,
)
from stormproof.business.rules import changed_fields
from stormproof.business.selectors import graph_now, users_of
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.engine.graph import find_cycle

WRITE = "business.write"
_DETAILS: Mapping[str, type[Function | Asset | Supplier | Site]] = {
    Kind.FUNCTION: Function,
    Kind.ASSET: Asset,
    Kind.SUPPLIER: Supplier,
    Kind.SITE: Site,
}


class CannotRetireNode(Refused):
    """Something still needs it."""


class CannotSetDependencies(Refused):
    """The nodes would need each other in a circle, or one is unknown."""


class CannotSetObjectives(Refused):
    """The times contradict each other."""


@dataclass(frozen=True, kw_only=True)
class NodeValues:
    """What a node is: the fields all kinds share, and `details`, the fields of its kind's own table."""

    kind: str
    name: str
    description: str = ""
    team_id: int | None = None
    rehearsable: bool = False
    position: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Need:
    """One need to be set: at least `at_least` of the nodes with these slugs."""

    members: Sequence[str]
    at_least: int = 1
    label: str = ""


@transaction.atomic
def describe_business(
    *, name: str, currency: str, time_zone: str, address: str = "", actor: Actor, at: datetime
) -> Business:
    """Name the shop and say in which currency and zone it counts; tells when something changed."""
    actor.require(WRITE)
    values = {"name": name, "currency": currency, "time_zone": time_zone, "address": address}
    before = Business.objects.values(*values).first() or {}
    business, _ = Business.objects.update_or_create(id=1, defaults=values)
    if changed_fields(before, values):
        tell(BusinessDescribed(name=name, currency=currency, time_zone=time_zone), at=at, actor=actor)
    return business


@transaction.atomic
def put_node(slug: str, *, values: NodeValues, actor: Actor, at: datetime) -> Node:
    """The node with that slug as `values` say: added, changed, of another kind, or taken back into use.

    Its dependencies and objectives stay as they are.
    """
    actor.require(WRITE)
    common = {
        "kind": values.kind,
        "name": values.name,
        "description": values.description,
        "team_id": values.team_id,
        "rehearsable": values.rehearsable,
        "position": values.position,
    }
    node = Node.objects.select_for_update().filter(slug=slug).first()
    if node is None or node.retired_at is not None:
        node, _ = Node.objects.update_or_create(
            slug=slug, defaults={**common, "retired_at": None}, create_defaults={**common, "added_at": at}
        )
        _put_details(node, values)
        tell(NodeAdded(node_id=node.pk, slug=slug, kind=values.kind), at=at, actor=actor)
        return node
    changed = changed_fields({name: getattr(node, name) for name in common}, common)
    for name in changed:
        setattr(node, name, common[name])
    if changed:
        node.save(update_fields=changed)
    changed += _put_details(node, values)
    if told := [name.removesuffix("_id") for name in changed if name != "position"]:
        tell(NodeChanged(node_id=node.pk, slug=slug, changed=told), at=at, actor=actor)
    return node


def _put_details(node: Node, values: NodeValues) -> list[str]:
    """Write the row of the node's own kind, drop those of other kinds; the fields that changed."""
    for kind, model in _DETAILS.items():
        if kind != values.kind:
            model.objects.filter(node=node).delete()
    model = _DETAILS[values.kind]
    before = model.objects.filter(node=node).values().first()
    if before is None:
        model.objects.create(node=node, **values.details)
        return []
    changed = changed_fields(before, values.details)
    if changed:
        model.objects.filter(node=node).update(**{name: values.details[name] for name in changed})
    return changed


@transaction.atomic
def retire_node(node: Node, *, actor: Actor, at: datetime) -> Node:
    """Take a node out of the business; its history stays. Refused while another node in use needs it."""
    actor.require(WRITE)
    if node.retired_at is not None:
        return node
    if users := list(users_of(node.pk).values_list("name", flat=True)[:5]):
        raise CannotRetireNode(
            f"{node.name} is still needed by {', '.join(users)}", hint="take it out of their dependencies first"
        )
    if here := list(Node.objects.filter(asset__site=node, retired_at__isnull=True).values_list("name", flat=True)[:5]):
        raise CannotRetireNode(f"{', '.join(here)} still stand on {node.name}", hint="move them to another site first")
    Dependency.objects.filter(node=node).delete()
    node.retired_at = at
    node.save(update_fields=["retired_at"])
    tell(NodeRetired(node_id=node.pk, slug=node.slug), at=at, actor=actor)
    return node


@transaction.atomic
def retire_others(kind: str, *, keep: Collection[str], actor: Actor, at: datetime) -> None:
    """Retire the nodes of a kind whose slugs are not in `keep`; among themselves they may still need each other."""
    actor.require(WRITE)
    gone = Node.objects.filter(kind=kind, retired_at__isnull=True).exclude(slug__in=list(keep))
    Dependency.objects.filter(node__in=gone).delete()
    for node in gone.order_by("pk"):
        retire_node(node, actor=actor, at=at)


def needs_of(node: Node) -> list[Need]:
    """What a node needs, as it would be set."""
    rows = DependencyMember.objects.filter(dependency__node=node).order_by(
        "dependency__position", "dependency_id", "position", "pk"
    )
    found: dict[int, Need] = {}
    for key, at_least, label, slug in rows.values_list(
        "dependency_id", "dependency__at_least", "dependency__label", "on__slug"
    ):
        so_far = found[key].members if key in found else ()
        found[key] = Need(at_least=at_least, label=label, members=(*so_far, slug))
    return list(found.values())


@transaction.atomic
def set_dependencies(node: Node, *, needs: Sequence[Need], actor: Actor, at: datetime) -> None:
    """Say anew what a node needs; refused when a member is unknown or the nodes would need each other in a circle."""
    connect_nodes({node.slug: needs}, actor=actor, at=at)
    refuse_a_circle()


@transaction.atomic
def connect_nodes(wanted: Mapping[str, Sequence[Need]], *, actor: Actor, at: datetime) -> None:
    """Say anew what each of these nodes needs; circles are not looked for (`refuse_a_circle` does)."""
    actor.require(WRITE)
    slugs = set(wanted) | {slug for needs in wanted.values() for need in needs for slug in need.members}
    nodes = {node.slug: node for node in Node.objects.filter(slug__in=slugs, retired_at__isnull=True)}
    if unknown := sorted(slugs - set(nodes)):
        raise CannotSetDependencies(f"there is no node {unknown[0]!r}", field="depends_on")
    for slug, needs in wanted.items():
        asked = [Need(at_least=need.at_least, label=need.label, members=tuple(need.members)) for need in needs]
        if needs_of(nodes[slug]) == asked:
            continue
        Dependency.objects.filter(node=nodes[slug]).delete()
        for position, need in enumerate(asked):
            row = Dependency.objects.create(
                node=nodes[slug], at_least=need.at_least, label=need.label, position=position
            )
            DependencyMember.objects.bulk_create(
                DependencyMember(dependency=row, on=nodes[member], position=number)
                for number, member in enumerate(need.members)
            )
        told: list[list[object]] = [[need.at_least, list(need.members), need.label] for need in asked]
        tell(DependenciesChanged(node_id=nodes[slug].pk, slug=slug, needs=told), at=at, actor=actor)


def refuse_a_circle() -> None:
    """Raise `CannotSetDependencies` when nodes in use need each other in a circle."""
    cycle = find_cycle(graph_now())
    if cycle:
        names = dict(Node.objects.filter(pk__in=cycle).values_list("pk", "slug"))
        raise CannotSetDependencies(
            "these need each other in a circle: " + " -> ".join(names[pk] for pk in cycle),
            field="depends_on",
            hint="take one of these dependencies out",
        )


@transaction.atomic
def set_objectives(
    node: Node,
    *,
    rto_seconds: int | None = None,
    rpo_seconds: int | None = None,
    mtpd_seconds: int | None = None,
    mbco_percent: Decimal | None = None,
    actor: Actor,
    at: datetime,
) -> None:
    """Promise these times for a node (None is no promise); refused when it must be back only after the unbearable."""
    actor.require(WRITE)
    if rto_seconds is not None and mtpd_seconds is not None and rto_seconds > mtpd_seconds:
        raise CannotSetObjectives(
            f"the RTO ({rto_seconds} s) is above the MTPD ({mtpd_seconds} s)",
            field="rto",
            hint="the RTO is when it is back, the MTPD when the damage becomes unbearable: lower the RTO",
        )
    values = {
        "rto_seconds": rto_seconds,
        "rpo_seconds": rpo_seconds,
        "mtpd_seconds": mtpd_seconds,
        "mbco_percent": mbco_percent,
    }
    before = Objective.objects.filter(node=node).values(*values).first() or dict.fromkeys(values)
    if not changed_fields(before, values):
        return
    if any(value is not None for value in values.values()):
        Objective.objects.update_or_create(node=node, defaults=values)
    else:
        Objective.objects.filter(node=node).delete()
    fact = ObjectivesChanged(
        node_id=node.pk,
        slug=node.slug,
        rto_seconds=rto_seconds,
        rpo_seconds=rpo_seconds,
        mtpd_seconds=mtpd_seconds,
        mbco_percent=None if mbco_percent is None else str(mbco_percent),
    )
    tell(fact, at=at, actor=actor)
