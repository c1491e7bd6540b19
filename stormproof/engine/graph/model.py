"""The graph itself and the fix point everything else is read from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

Need = tuple[int, tuple[int, ...]]


class GraphError(ValueError):
    """The graph or the question makes no sense; the message names the node."""


class Graph:
    """Nodes and what each needs: `needs[n] = [(at_least, [members]), ...]`. Immutable once made.

    Raises `GraphError` for an unknown node, a member named twice in one need, or `at_least` outside 1..len(members).
    """

    def __init__(
        self, nodes: Iterable[int], needs: Mapping[int, Sequence[tuple[int, Sequence[int]]]] | None = None
    ) -> None:
        self.nodes: tuple[int, ...] = tuple(dict.fromkeys(nodes))
        known = set(self.nodes)
        self.needs: dict[int, tuple[Need, ...]] = dict.fromkeys(self.nodes, ())
        for node, given in (needs or {}).items():
            if node not in known:
                raise GraphError(f"node {node} has needs but is not in the graph")
            self.needs[node] = tuple((at_least, tuple(members)) for at_least, members in given)
            for need in self.needs[node]:
                _check_need(node, need, known)

    @cached_property
    def used_by(self) -> dict[int, tuple[tuple[int, int], ...]]:
        """For each node, the `(user, index of the user's need)` pairs in which it is a member."""
        found: dict[int, list[tuple[int, int]]] = {node: [] for node in self.nodes}
        for node, needs in self.needs.items():
            for index, (_, members) in enumerate(needs):
                for member in members:
                    found[member].append((node, index))
        return {node: tuple(users) for node, users in found.items()}

    def members_of(self, node: int) -> tuple[int, ...]:
        """Every node that `node` needs directly, each once, in the order given."""
        return tuple(dict.fromkeys(member for _, members in self.needs[node] for member in members))

    def known(self, wanted: Iterable[int]) -> set[int]:
        """`wanted` as a set; raises `GraphError` naming the first node the graph does not have."""
        found = set(wanted)
        for node in sorted(found):
            if node not in self.needs:
                raise GraphError(f"node {node} is not in the graph")
        return found


def _check_need(node: int, need: Need, known: set[int]) -> None:
    at_least, members = need
    if not 1 <= at_least <= len(members):
        raise GraphError(f"node {node} needs {at_least} of {len(members)} nodes")
    if len(set(members)) != len(members):
        raise GraphError(f"node {node} names a node twice in one need")
    for member in members:
        if member not in known:
            raise GraphError(f"node {node} needs node {member}, which is not in the graph")


def stopped_by(graph: Graph, down: Iterable[int]) -> set[int]:
    """Everything that stops while `down` is down, `down` included: the least fix point, k-of-n respected.

    One counter per need says how many members may still be lost; linear in the edges that are touched.
    """
    stopped = graph.known(down)
    spare: dict[tuple[int, int], int] = {}
    waiting = deque(stopped)
    while waiting:
        for user, index in graph.used_by[waiting.popleft()]:
            at_least, members = graph.needs[user][index]
            left = spare.get((user, index), len(members) - at_least) - 1
            spare[user, index] = left
            if left < 0 and user not in stopped:
                stopped.add(user)
                waiting.append(user)
    return stopped
