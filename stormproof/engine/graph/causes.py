"""From what is down to why, and from one node to what it would take with it."""

from __future__ import annotations

from collections.abc import Iterable

from stormproof.engine.graph.model import Graph, stopped_by


def functions_stopped_by(graph: Graph, down: Iterable[int], functions: Iterable[int]) -> set[int]:
    """Those of `functions` that stop while `down` is down."""
    return stopped_by(graph, down) & graph.known(functions)


def root_causes(graph: Graph, down: Iterable[int]) -> list[int]:
    """The nodes of `down` that no other explains, the one that stops most first, then by number.

    A node is explained when a node it needs directly is down, or is stopped by what is down (so a node nobody watches
    passes the blame on, and a pool that still has enough members does not). One dead member of a needed pool explains a
    node that is down although the pool should carry it: a failover that did not happen has the member as its cause.
    In a cycle all of whose nodes are down and nothing outside explains, every node of it is named.
    """
    wanted = graph.known(down)
    stopped = stopped_by(graph, wanted)
    roots = {node for node in wanted if not any(member in stopped for member in graph.members_of(node))}
    roots |= wanted - _explained_from(graph, roots, stopped)
    return sorted(roots, key=lambda node: (-len(stopped_by(graph, [node])), node))


def _explained_from(graph: Graph, roots: set[int], stopped: set[int]) -> set[int]:
    """The roots and every stopped node that reaches one of them along stopped nodes."""
    reached, waiting = set(roots), list(roots)
    while waiting:
        for user, _ in graph.used_by[waiting.pop()]:
            if user in stopped and user not in reached:
                reached.add(user)
                waiting.append(user)
    return reached


def single_points_of_failure(graph: Graph, functions: Iterable[int]) -> dict[int, set[int]]:
    """The nodes whose loss alone stops a function, each with the functions it stops; most functions first.

    A function's own loss is not listed as its single point of failure, but that of another function is.
    """
    wanted = graph.known(functions)
    found = {node: (stopped_by(graph, [node]) & wanted) - {node} for node in graph.nodes}
    ranked = sorted(found, key=lambda node: (-len(found[node]), node))
    return {node: found[node] for node in ranked if found[node]}
