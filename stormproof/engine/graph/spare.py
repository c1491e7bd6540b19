"""What remains of redundancy: how many more members each pool may lose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stormproof.engine.graph.model import Graph, stopped_by


@dataclass(frozen=True, kw_only=True)
class Spare:
    """One need and its room: `spare` more members may be lost before `node` stops; below zero it is not met."""

    node: int
    index: int
    at_least: int
    members: tuple[int, ...]
    working: tuple[int, ...]

    @property
    def spare(self) -> int:
        """How many more members may be lost; negative when the need is not met."""
        return len(self.working) - self.at_least

    @property
    def was_redundant(self) -> bool:
        """Whether the need has room when everything works."""
        return len(self.members) > self.at_least


def spare_after(graph: Graph, down: Iterable[int]) -> list[Spare]:
    """The room of each redundant need (more members than it needs) while `down` is down, the tightest first."""
    stopped = stopped_by(graph, down)
    found = [
        Spare(
            node=node,
            index=index,
            at_least=at_least,
            members=members,
            working=tuple(member for member in members if member not in stopped),
        )
        for node, needs in graph.needs.items()
        for index, (at_least, members) in enumerate(needs)
    ]
    return sorted((one for one in found if one.was_redundant), key=lambda one: (one.spare, one.node, one.index))
