"""What belongs together, and what caused it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from stormproof.engine.graph import Graph, root_causes

REOPEN_WITHIN = timedelta(minutes=30)
STORM = timedelta(minutes=2)  # alerts this close that share a need are taken for one trouble


def needs_beneath(graph: Graph, node: int) -> set[int]:
    """Everything `node` leans on, near or far, whether or not it could do without it; empty for an unknown node."""
    if node not in graph.needs:
        return set()
    reached: set[int] = set()
    waiting = [node]
    while waiting:
        for member in graph.members_of(waiting.pop()):
            if member not in reached:
                reached.add(member)
                waiting.append(member)
    return reached


def leans_on_any(graph: Graph, node: int, others: Collection[int]) -> bool:
    """Whether `node` is one of `others` or leans on one of them."""
    return node in others or not needs_beneath(graph, node).isdisjoint(others)


def is_connected(graph: Graph, node: int, others: Collection[int]) -> bool:
    """Whether `node` leans on one of `others`, or one of them on it."""
    return leans_on_any(graph, node, others) or any(node in needs_beneath(graph, other) for other in others)


def shares_a_need(graph: Graph, node: int, others: Iterable[int]) -> bool:
    """Whether something that `node` leans on also carries one of `others`."""
    beneath = needs_beneath(graph, node)
    return any(not beneath.isdisjoint(needs_beneath(graph, other)) for other in others)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An open incident that a new alert might belong to."""

    incident_id: int
    opened_at: datetime
    nodes: frozenset[int]


def incident_to_join(graph: Graph, *, node: int, candidates: Iterable[Candidate], at: datetime) -> int | None:
    """The oldest open incident that an alert on `node` belongs to.

    It belongs where one of the incident's nodes leans on it or it on them; during the storm of the first two minutes
    also where both lean on the same thing, because the cause often shows last.
    """
    ordered = sorted(candidates, key=lambda one: one.incident_id)
    for one in ordered:
        if is_connected(graph, node, one.nodes):
            return one.incident_id
    for one in ordered:
        if at - one.opened_at <= STORM and shares_a_need(graph, node, one.nodes):
            return one.incident_id
    return None


def deeper_root(graph: Graph, *, current: int | None, down: Iterable[int]) -> int | None:
    """The root cause among `down` when it lies deeper than `current`, else `current`.

    The cause moves only downwards: that the database is green again a few seconds before the shop does not make the
    shop the cause.
    """
    roots = root_causes(graph, [node for node in down if node in graph.needs])
    if current is None:
        return roots[0] if roots else None
    beneath = needs_beneath(graph, current)
    return next((root for root in roots if root in beneath), current)


def suppressors(graph: Graph, *, down: Iterable[int]) -> dict[int, int | None]:
    """For each down node the root cause that explains it, None for the root causes themselves."""
    nodes = [node for node in down if node in graph.needs]
    roots = root_causes(graph, nodes)
    found: dict[int, int | None] = {}
    for node in nodes:
        beneath = needs_beneath(graph, node)
        found[node] = None if node in roots else next((root for root in roots if root in beneath), None)
    return found
