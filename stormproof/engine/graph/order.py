"""Order in the graph: cycles named, topological order, layers to draw."""

from __future__ import annotations

from stormproof.engine.graph.model import Graph, GraphError


def find_cycle(graph: Graph) -> list[int] | None:
    """A cycle as a path that ends where it began (`[a, b, a]`: a needs b, b needs a), or None."""
    done: set[int] = set()
    for start in graph.nodes:
        if start in done:
            continue
        path: dict[int, None] = {start: None}  # the way from `start`, in order
        members = [iter(graph.members_of(start))]
        while members:
            member = next(members[-1], None)
            if member is None:
                members.pop()
                done.add(path.popitem()[0])
            elif member in path:
                way = list(path)
                return [*way[way.index(member) :], member]
            elif member not in done:
                path[member] = None
                members.append(iter(graph.members_of(member)))
    return None


def topological_order(graph: Graph) -> list[int]:
    """Every node after all it needs; raises `GraphError` naming a cycle."""
    return [node for layer in layers(graph) for node in layer]


def layers(graph: Graph) -> list[list[int]]:
    """The nodes by depth: layer 0 needs nothing, each other node lies one above the deepest node it needs.

    Within a layer nodes keep the order of the graph. Raises `GraphError` naming a cycle.
    """
    missing = {node: len(graph.members_of(node)) for node in graph.nodes}
    users = {node: tuple(dict.fromkeys(user for user, _ in graph.used_by[node])) for node in graph.nodes}
    found: list[list[int]] = []
    layer = [node for node in graph.nodes if missing[node] == 0]
    while layer:
        found.append(layer)
        above: list[int] = []
        for node in layer:
            for user in users[node]:
                missing[user] -= 1
                if missing[user] == 0:
                    above.append(user)
        layer = above
    if sum(map(len, found)) < len(graph.nodes):
        raise GraphError(f"the nodes {find_cycle(graph)} need each other in a circle")
    return found
