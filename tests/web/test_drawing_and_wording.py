"""Figures in words, small graphs and sparklines: the same everywhere, and never prettier than the truth."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stormproof.web.drawing import Node, draw_graph, draw_spark, ring_length
from stormproof.web.listing import _harmless
from stormproof.web.words import duration_words, money_words, share_words, state_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "none"),
        (0, "0 s"),
        (0.25, "0.2 s"),
        (59, "59 s"),
        (1800, "30 min"),
        (5400, "1 h 30 min"),
        (172800, "2 d"),
    ],
)
def test_lengths_of_time_read_as_people_write_them(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words


def test_a_share_is_cut_and_never_rounded_up_to_all() -> None:
    assert share_words(0.999999) == "99.99 %"
    assert share_words(1.0) == "100.00 %"
    assert share_words(None) == "no data"


def test_money_keeps_cents_below_a_thousand_and_parts_thousands() -> None:
    assert money_words(Decimal("903.2"), "EUR") == "903.20 EUR"
    assert money_words(12400, "EUR") == "12\u202f400 EUR"


def test_a_state_nobody_has_words_for_is_never_green() -> None:
    assert state_words("half_done") == ("Half done", "unknown", "point")


def test_what_needs_stands_left_of_what_is_needed_and_edges_to_what_is_down_are_broken() -> None:
    nodes = [
        Node(id=1, label="Checkout"),
        Node(id=2, label="Orders", state="down"),
        Node(id=3, label="Mail", state="up"),
    ]
    drawing = draw_graph(nodes, [(1, 2), (2, 3), (1, 3), (3, 9)], centre=1)
    left = {box.node.id: box.x for box in drawing.boxes}
    assert left[1] < left[2] < left[3]
    assert sorted(broken for _, _, broken in drawing.curves) == [False, False, True]
    assert [box.node.id for box in drawing.boxes if box.is_centre] == [1]


def test_a_circle_ends_and_boxes_never_overlap() -> None:
    nodes = [Node(id=number, label=f"Node {number}") for number in range(12)]
    edges = [(number, (number + 1) % 12) for number in range(12)] + [(0, number) for number in range(2, 12)]
    boxes = draw_graph(nodes, edges).boxes
    assert len(boxes) == 12
    for one in boxes:
        for other in boxes:
            apart = abs(one.y - other.y) >= 32 or one.x + one.width <= other.x or other.x + other.width <= one.x
            assert one is other or apart


def test_a_sparkline_has_a_gap_where_nothing_is_known() -> None:
    spark = draw_spark([1.0, 2.0, None, 3.0])
    assert spark.line.count("M") == 2
    assert draw_spark([None, None]).line == ""


def test_a_ring_is_never_fuller_than_full() -> None:
    assert ring_length(1.7).split()[0] == ring_length(1.0).split()[0]


@pytest.mark.parametrize(
    ("cell", "written"), [("=1+1", "'=1+1"), ("@cmd", "'@cmd"), ("-5.2", "-5.2"), (None, ""), ("a", "a")]
)
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(cell: object, written: str) -> None:
    assert _harmless(cell) == written
