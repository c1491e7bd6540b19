"""How long until it is back: the critical path of recovery (CPM, Kelley and Walker 1959) with k-of-n needs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stormproof.engine.graph.model import Graph, GraphError, Need, stopped_by
from stormproof.engine.graph.order import find_cycle, topological_order


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """When each stopped node is back and the chain of recoveries that takes longest, first to last."""

    minutes: float
    path: tuple[int, ...]
    back_after: dict[int, float]


def recovery_critical_path(
    graph: Graph,
    down: Iterable[int],
    minutes: Mapping[int, float],
    *,
    order: Sequence[int] = (),
    until: Iterable[int] | None = None,
) -> Recovery:
    """The longest unavoidable chain from `down` to everything (or to `until`) working again.

    Recovering node n takes `minutes[n]` (0 when absent) and begins when each of its needs is met, a k-of-n need with
    its k-th member back; independent recoveries run side by side. `order` names nodes that one crew takes one after
    another. Only stopped nodes take time. Raises `GraphError` for a cycle, a negative duration, or an order that
    contradicts the needs.
    """
    stopped = stopped_by(graph, down)
    if wrong := [node for node, length in minutes.items() if length < 0]:
        raise GraphError(f"node {wrong[0]} takes {minutes[wrong[0]]} minutes to recover")
    queued = _with_crew(graph, [node for node in order if node in stopped])
    back: dict[int, float] = {}
    waits_for: dict[int, int | None] = {}
    for node in topological_order(queued):
        if node in stopped:
            begin, waits_for[node] = _begin(queued.needs[node], back)
            back[node] = begin + minutes.get(node, 0)
        else:
            back[node] = 0.0
    targets = stopped if until is None else stopped & graph.known(until)
    if not targets:
        return Recovery(minutes=0.0, path=(), back_after={})
    last = min(targets, key=lambda node: (-back[node], node))
    return Recovery(
        minutes=back[last],
        path=tuple(_chain(last, waits_for)),
        back_after={node: back[node] for node in graph.nodes if node in stopped},
    )


def _with_crew(graph: Graph, order: Sequence[int]) -> Graph:
    """The graph in which each node of `order` also waits for the one before it."""
    if not order:
        return graph
    needs = dict(graph.needs)
    for before, node in itertools.pairwise(order):
        needs[node] = (*needs[node], (1, (before,)))
    queued = Graph(graph.nodes, needs)
    if find_cycle(graph) is None and (cycle := find_cycle(queued)):
        raise GraphError(f"the order contradicts the needs: the nodes {cycle} would wait for each other")
    return queued


def _begin(needs: Sequence[Need], back: Mapping[int, float]) -> tuple[float, int | None]:
    """The moment all `needs` are met and the member that was waited for, None when none was."""
    begin, last = 0.0, None
    for at_least, members in needs:
        decisive = sorted(members, key=lambda member: (back[member], member))[at_least - 1]
        if back[decisive] > begin:
            begin, last = back[decisive], decisive
    return begin, last


def _chain(last: int, waits_for: Mapping[int, int | None]) -> list[int]:
    chain: list[int] = []
    node: int | None = last
    while node is not None:
        chain.append(node)
        node = waits_for[node]
    return chain[::-1]
