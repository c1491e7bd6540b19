"""The sections of continuity.yaml that `business` owns: the shop, sites, suppliers, assets, functions, revenue."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from stormproof.business.choices import Kind
from stormproof.business.document.shapes import (
    Assets,
    BusinessShape,
    Functions,
    GroupShape,
    NodeShape,
    ObjectivesShape,
    RevenueShape,
    Sites,
    Suppliers,
    write_amount,
    write_percent,
)
from stormproof.business.models import Business, DependencyMember, Node, Objective, RevenueProfile
from stormproof.business.services.nodes import (
    Need,
    NodeValues,
    connect_nodes,
    describe_business,
    put_node,
    retire_others,
    set_objectives,
)
from stormproof.business.services.revenue import set_revenue
from stormproof.core.actor import Actor
from stormproof.core.document import Known, Problem, write_duration
from stormproof.engine.graph import Graph, find_cycle
from stormproof.people.models import Team

Nodes: TypeAlias = Mapping[str, NodeShape]
NODE_KEYS = ("sites", "suppliers", "assets", "functions")
FIRST_PLACE = {"functions": 0, "assets": 100_000, "suppliers": 200_000, "sites": 300_000}  # the order of the business


class BusinessSection:
    """`business`: the shop itself."""

    key, rank, shape = "business", 10, BusinessShape

    def names(self, value: BusinessShape) -> set[str]:
        """It defines nothing others refer to."""
        return set()

    def check(self, value: BusinessShape, known: Known) -> list[Problem]:
        """The shape says all."""
        return []

    def read(self) -> dict[str, Any] | None:
        """The shop as it is described now."""
        shop = Business.objects.first()
        if shop is None:
            return None
        return {
            "name": shop.name,
            "currency": shop.currency,
            "time_zone": shop.time_zone,
            "address": shop.address or None,
        }

    def apply(self, value: BusinessShape, *, actor: Actor, at: datetime) -> None:
        """Describe the shop so."""
        describe_business(
            name=value.name,
            currency=value.currency,
            time_zone=value.time_zone,
            address=value.address or "",
            actor=actor,
            at=at,
        )


@dataclass
class NodeSection:
    """One kind of nodes, a map from slug to node.

    `apply` puts the nodes and their objectives; as nodes of one section may need those of another, `connect` and
    `retire` follow once all four sections have put theirs (`services/document.py` calls them in this order).
    """

    key: str
    rank: int
    kind: str
    shape: Any
    details: tuple[str, ...]
    about: str

    def names(self, value: Nodes) -> set[str]:
        """Each slug is a node, and a node of its kind."""
        return {f"node:{slug}" for slug in value} | {f"{self.kind}:{slug}" for slug in value}

    def check(self, value: Nodes, known: Known) -> list[Problem]:
        """Unknown names, slugs used twice, contradicting times; circles once, in the last of the four sections."""
        problems = [problem for slug, node in value.items() for problem in self._check_node(slug, node, known)]
        if self.key == NODE_KEYS[-1] or not any(
            known.document.get(key) for key in NODE_KEYS[NODE_KEYS.index(self.key) + 1 :]
        ):
            problems += _circles({key: known.document.get(key) or {} for key in NODE_KEYS})
        return problems

    def _check_node(self, slug: str, node: NodeShape, known: Known) -> Iterable[Problem]:
        for other in NODE_KEYS[: NODE_KEYS.index(self.key)]:
            if slug in (known.document.get(other) or {}):
                yield Problem((self.key, slug), f"{slug!r} is also one of the {other}", "every node has its own name")
        if node.team and not known.has("team", node.team):
            yield Problem(
                (self.key, slug, "team"), f"there is no team {node.team!r}", _choices("teams", known.of("team"))
            )
        site = getattr(node, "site", None)
        if site and not known.has("site", site):
            yield Problem((self.key, slug, "site"), f"there is no site {site!r}", _choices("sites", known.of("site")))
        for number, need in enumerate(node.depends_on):
            yield from _check_need((self.key, slug, "depends_on", number), slug, need, known)
        times = node.objectives
        if times.rto is not None and times.mtpd is not None and times.rto > times.mtpd:
            yield Problem(
                (self.key, slug, "objectives", "rto"),
                f"the RTO {write_duration(times.rto)} is above the MTPD {write_duration(times.mtpd)}",
                "it must be back (RTO) before the damage becomes unbearable (MTPD): lower rto or raise mtpd",
            )

    def read(self) -> dict[str, Any] | None:
        """The nodes of this kind that are in use."""
        nodes = Node.objects.filter(kind=self.kind, retired_at__isnull=True)
        needs = _needs_by_node()
        rows = nodes.select_related("team", "function", "supplier", "site", "asset__site")
        objectives = {row.node_id: row for row in Objective.objects.filter(node__in=nodes)}
        return {node.slug: self._read_node(node, needs, objectives.get(node.pk)) for node in rows} or None

    def _read_node(self, node: Node, needs: Mapping[int, list[Any]], promised: Objective | None) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": node.name,
            "description": node.description,
            "team": node.team.slug if node.team else None,
            "depends_on": needs.get(node.pk, []),
            "objectives": _objectives_in_words(promised),
            "rehearsable": node.rehearsable,
        }
        row = getattr(node, self.kind)
        for name in self.details:
            value = getattr(row, name)
            if name == "site":
                value = value.slug if value else None
            elif name == "revenue_share":
                value = write_percent(value)
            found[name] = value or (None if name == "status_page" else value)
        return found

    def apply(self, value: Nodes, *, actor: Actor, at: datetime) -> None:
        """Put every node of the section with its objectives; `connect` and `retire` do the rest."""
        teams = dict(Team.objects.filter(retired_at__isnull=True).values_list("slug", "pk"))
        sites = dict(Node.objects.filter(kind=Kind.SITE, retired_at__isnull=True).values_list("slug", "pk"))
        for position, (slug, shape) in enumerate(value.items()):
            details = {name: getattr(shape, name) for name in self.details}
            if "site" in details:
                details["site_id"] = sites[details.pop("site")] if details["site"] else None
            if "status_page" in details:
                details["status_page"] = details["status_page"] or ""
            values = NodeValues(
                kind=self.kind,
                name=shape.name,
                description=shape.description,
                team_id=teams[shape.team] if shape.team else None,
                rehearsable=shape.rehearsable,
                position=FIRST_PLACE[self.key] + position,
                details=details,
            )
            node = put_node(slug, values=values, actor=actor, at=at)
            _apply_objectives(node, shape.objectives, actor=actor, at=at)

    def connect(self, value: Nodes, *, actor: Actor, at: datetime) -> None:
        """Make each node need what the section says."""
        connect_nodes(
            {slug: [_need(one) for one in shape.depends_on] for slug, shape in value.items()}, actor=actor, at=at
        )

    def retire(self, value: Nodes, *, actor: Actor, at: datetime) -> None:
        """Retire the nodes of this kind that the section no longer has; those that need others go first."""
        retire_others(self.kind, keep=value, actor=actor, at=at)


class RevenueSection:
    """`revenue`: what the shop earns, and when."""

    key, rank, shape = "revenue", 70, RevenueShape

    def names(self, value: RevenueShape) -> set[str]:
        """It defines nothing others refer to."""
        return set()

    def check(self, value: RevenueShape, known: Known) -> list[Problem]:
        """The shape says all."""
        return []

    def read(self) -> dict[str, Any] | None:
        """The profile as it was set."""
        stored = RevenueProfile.objects.first()
        if stored is None:
            return None
        season = {month: write_amount(factor) for month, factor in enumerate(stored.season, start=1) if factor != 1}
        if stored.yearly is not None:
            return {"yearly": write_amount(stored.yearly), "season": season, "note": stored.note}
        week = [write_amount(value) for value in stored.hour_of_week]
        return {"hour_of_week": week, "season": season, "note": stored.note}

    def apply(self, value: RevenueShape, *, actor: Actor, at: datetime) -> None:
        """Set the profile so."""
        set_revenue(
            hour_of_week=value.hour_of_week,
            yearly=value.yearly,
            season=value.season,
            note=value.note,
            actor=actor,
            at=at,
        )


def _check_need(path: tuple[str | int, ...], slug: str, need: str | GroupShape, known: Known) -> Iterable[Problem]:
    for number, member in enumerate(need.of if isinstance(need, GroupShape) else [need]):
        place = (*path, "of", number) if isinstance(need, GroupShape) else path
        if member == slug:
            yield Problem(place, f"{slug!r} depends on itself", "remove it from its own depends_on")
        elif not known.has("node", member):
            yield Problem(place, f"there is no node {member!r}", _choices("nodes", known.of("node"), near=member))


def _choices(what: str, names: list[str], *, near: str = "") -> str:
    close = difflib.get_close_matches(near, names, n=1) if near else []
    if close:
        return f"did you mean {close[0]!r}?"
    if not names:
        return f"the file defines no {what}"
    return f"the {what} are: {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}"


def _circles(sections: Mapping[str, Nodes]) -> list[Problem]:
    """A problem naming a circle of nodes that need each other, at the first node of it."""
    slugs = {slug: key for key in NODE_KEYS for slug in sections[key]}
    numbers = {slug: number for number, slug in enumerate(slugs)}
    words = list(slugs)
    needs: dict[int, list[tuple[int, list[int]]]] = {}
    for slug, key in slugs.items():
        members = [
            m for need in sections[key][slug].depends_on for m in (need.of if isinstance(need, GroupShape) else [need])
        ]
        site = getattr(sections[key][slug], "site", None)
        needs[numbers[slug]] = [
            (1, [numbers[member]])
            for member in [*members, *([site] if site else [])]
            if member in numbers and member != slug
        ]
    cycle = find_cycle(Graph(numbers.values(), needs))
    if cycle is None:
        return []
    way = [words[number] for number in cycle]
    first = sections[slugs[way[0]]][way[0]]
    places = [
        number
        for number, need in enumerate(first.depends_on)
        if way[1] in (need.of if isinstance(need, GroupShape) else [need])
    ]
    path: tuple[str | int, ...] = (slugs[way[0]], way[0], *(("depends_on", places[0]) if places else ("site",)))
    return [
        Problem(path, "these need each other in a circle: " + " -> ".join(way), "take one of these dependencies out")
    ]


def _needs_by_node() -> dict[int, list[Any]]:
    grouped: dict[int, tuple[int, int, str, list[str]]] = {}
    rows = DependencyMember.objects.order_by("dependency__position", "dependency_id", "position", "pk")
    for node, key, at_least, label, slug in rows.values_list(
        "dependency__node_id", "dependency_id", "dependency__at_least", "dependency__label", "on__slug"
    ):
        grouped.setdefault(key, (node, at_least, label, []))[3].append(slug)
    found: dict[int, list[Any]] = {}
    for node, at_least, label, slugs in grouped.values():
        plain = len(slugs) == 1 and not label
        found.setdefault(node, []).append(slugs[0] if plain else {"at_least": at_least, "of": slugs, "label": label})
    return found


def _need(shape: str | GroupShape) -> Need:
    if isinstance(shape, GroupShape):
        return Need(at_least=shape.at_least, label=shape.label, members=tuple(shape.of))
    return Need(members=(shape,))


def _objectives_in_words(promised: Objective | None) -> dict[str, str]:
    if promised is None:
        return {}
    times = {"rto": promised.rto_seconds, "rpo": promised.rpo_seconds, "mtpd": promised.mtpd_seconds}
    found = {name: write_duration(seconds) for name, seconds in times.items() if seconds is not None}
    if promised.mbco_percent is not None:
        found["mbco"] = write_percent(promised.mbco_percent / 100)
    return found


def _apply_objectives(node: Node, shape: ObjectivesShape, *, actor: Actor, at: datetime) -> None:
    set_objectives(
        node,
        rto_seconds=shape.rto,
        rpo_seconds=shape.rpo,
        mtpd_seconds=shape.mtpd,
        mbco_percent=None if shape.mbco is None else (shape.mbco * 100).quantize(Decimal("0.01")),
        actor=actor,
        at=at,
    )


SECTIONS = (
    BusinessSection(),
    NodeSection("sites", 30, Kind.SITE, Sites, ("address",), "Places where assets are."),
    NodeSection(
        "suppliers", 40, Kind.SUPPLIER, Suppliers, ("service", "status_page", "contact"), "Services of others."
    ),
    NodeSection("assets", 50, Kind.ASSET, Assets, ("type", "site"), "What the shop runs on and owns."),
    NodeSection("functions", 60, Kind.FUNCTION, Functions, ("public_name", "revenue_share"), "What the shop does."),
    RevenueSection(),
)
