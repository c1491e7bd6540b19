"""Pictures the server draws as SVG: the small graph of neighbours, sparklines, rings. Pure: shapes in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi

COLUMN, ROW, BOX_HEIGHT, MARGIN = 60, 44, 32, 6
LETTER, PADDING = 7.4, 40


@dataclass(frozen=True, kw_only=True)
class Node:
    """One box of a small graph."""

    id: int
    label: str
    state: str = "unknown"
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A node with its place; `text_x` and `middle` are where the dot and the words stand."""

    node: Node
    x: float
    y: float
    width: float
    is_centre: bool

    @property
    def middle(self) -> float:
        """The height of the box's middle."""
        return self.y + BOX_HEIGHT / 2

    @property
    def dot_x(self) -> float:
        """Where the dot of the state stands."""
        return self.x + 15

    @property
    def text_x(self) -> float:
        """Where the label starts."""
        return self.x + 27

    @property
    def baseline(self) -> float:
        """The baseline of the label."""
        return self.middle + 4.2


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A small graph, ready for the template: boxes, curves (path, arrow head, is it broken?) and its size."""

    boxes: list[Box]
    curves: list[tuple[str, str, bool]]
    width: float
    height: float
    box_height: int = BOX_HEIGHT


def draw_graph(nodes: Sequence[Node], edges: Sequence[tuple[int, int]], *, centre: int | None = None) -> Drawing:
    """A layered drawing, from left (who needs) to right (what is needed).

    `edges` are (who needs, what is needed); an edge is broken when what is needed is down. Edges to nodes that are
    not given, and edges that close a cycle, are left out of the layering.
    """
    by_id = {node.id: node for node in nodes}
    kept = [(a, b) for a, b in edges if a in by_id and b in by_id and a != b]
    column_of = _columns([node.id for node in nodes], kept)
    columns = _ordered(column_of, kept)
    boxes = _placed(columns, by_id, centre)
    curves = [_curve(boxes[a], boxes[b], by_id[b].state == "down") for a, b in kept if column_of[a] < column_of[b]]
    height = max((box.y + BOX_HEIGHT for box in boxes.values()), default=0) + MARGIN
    width = max((box.x + box.width for box in boxes.values()), default=0) + MARGIN
    return Drawing(boxes=list(boxes.values()), curves=curves, width=width, height=height)


def _columns(ids: Sequence[int], edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """The column of each node: one past the farthest of those that need it (bounded, so that a cycle ends)."""
    column = dict.fromkeys(ids, 0)
    for _ in range(len(ids)):
        moved = False
        for a, b in edges:
            if column[b] <= column[a] < len(ids) - 1:
                column[b] = column[a] + 1
                moved = True
        if not moved:
            break
    used = {value: index for index, value in enumerate(sorted(set(column.values())))}
    return {node: used[value] for node, value in column.items()}


def _ordered(column_of: Mapping[int, int], edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The nodes of each column from top to bottom, by the mean place of their neighbours (four sweeps)."""
    columns: list[list[int]] = [[] for _ in range(max(column_of.values(), default=-1) + 1)]
    for node, column in column_of.items():
        columns[column].append(node)
    neighbours: dict[int, list[int]] = {node: [] for node in column_of}
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    for _ in range(4):
        place = {node: index / max(1, len(column)) for column in columns for index, node in enumerate(column)}
        for layer in columns:
            layer.sort(key=lambda node: _mean([place[other] for other in neighbours[node]], place[node]))
    return columns


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(columns: Sequence[Sequence[int]], by_id: Mapping[int, Node], centre: int | None) -> dict[int, Box]:
    tallest = max((len(column) for column in columns), default=0)
    boxes: dict[int, Box] = {}
    x = float(MARGIN)
    for column in columns:
        width = max(len(by_id[node].label) for node in column) * LETTER + PADDING
        top = MARGIN + (tallest - len(column)) * ROW / 2
        for index, node in enumerate(column):
            boxes[node] = Box(node=by_id[node], x=x, y=top + index * ROW, width=width, is_centre=node == centre)
        x += width + COLUMN
    return boxes


def _curve(start: Box, end: Box, broken: bool) -> tuple[str, str, bool]:
    x1, y1, x2, y2 = start.x + start.width, start.middle, end.x, end.middle
    bend = max(24.0, (x2 - x1) / 2)
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2 - 6:.0f} {y2:.0f}"
    return path, f"M{x2:.0f} {y2:.0f}l-8 -4v8z", broken


@dataclass(frozen=True, kw_only=True)
class Spark:
    """A sparkline in a box of 100 by 30: the line and the ground under it, as SVG paths."""

    line: str
    ground: str


def draw_spark(values: Sequence[float | None], *, lowest: float | None = None) -> Spark:
    """A sparkline of `values`, with gaps where a value is None; empty paths when nothing is known."""
    known = [value for value in values if value is not None]
    if not known:
        return Spark(line="", ground="")
    low = min(known) if lowest is None else lowest
    span = (max(known) - low) or 1.0
    step = 100 / max(1, len(values) - 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((index * step, 27 - 22 * (value - low) / span))
    drawn = [piece for piece in pieces if piece]
    line = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in [*piece, piece[-1]]) for piece in drawn)
    ground = "".join(
        f"M{piece[0][0]:.1f} 30L" + "L".join(f"{x:.1f} {y:.1f}" for x, y in piece) + f"L{piece[-1][0]:.1f} 30Z"
        for piece in drawn
    )
    return Spark(line=line, ground=ground)


def ring_length(share: float, *, radius: float = 50) -> str:
    """The dash pattern of a ring that is filled to `share` (0 to 1)."""
    around = 2 * pi * radius
    return f"{around * min(1.0, max(0.0, share)):.1f} {around:.1f}"
