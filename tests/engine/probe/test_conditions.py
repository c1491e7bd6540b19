"""Conditions and patterns: what they mean, what is refused, and that no text takes them long."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.conditions import number_of, read_condition, read_placed_condition
from stormproof.engine.probe.json_path import PathMissing, read_path, value_at
from stormproof.engine.probe.patterns import read_pattern


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("> 100", 101, True),
        ("> 100", 100, False),
        (">=100", "100", True),
        ("<= 2.5", 2.5, True),
        ("< 5 or > 100", 50, False),
        ("< 5 or > 100", 101, True),
        ("> 100", "many", False),
        ("> 1", True, False),
        ("< 1", float("nan"), False),
        ("> 1e300", float("inf"), True),
        ("== ok", "ok", True),
        ('== "ok"', "ok", True),
        ("== 7", 7.0, True),
        ("== true", True, True),
        ("== null", None, True),
        ("!= ok", "bad", True),
        ("~ ^2\\.", "2.14", True),
        ("!~ ^2\\.", "2.14", False),
        ("~ a or b", "x a or b", True),
        ("~ ^a or ~ ^b", "b", True),
        ("contains or", "this or that", True),
        ("contains word", "a word", True),
        ("length >= 3", [1, 2, 3], True),
        ("length == 0", {}, True),
        ("length > 3", "four", True),
        ("length > 0", 12, False),
    ],
)
def test_a_condition_holds_or_not(text: str, value: object, holds: bool) -> None:
    assert read_condition(text).holds(value) is holds


@pytest.mark.parametrize(
    "text", ["", ">", "100", "> many", "length ~ a", "length > x", "=> 5", "~ (", "~ (?=a)", "> 1 or", "~ " + "a" * 501]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"condition|number|pattern"):
        read_condition(text)


def test_a_plain_text_means_equal_where_that_is_said() -> None:
    assert read_condition("HIT", is_plain_equal=True).holds("HIT")
    assert not read_condition("HIT", is_plain_equal=True).holds("MISS")
    assert read_condition("~ ^H", is_plain_equal=True).holds("HIT")


def test_a_placed_condition_names_its_place() -> None:
    path, condition = read_placed_condition('data["a b"][-1].size length >= 2')
    assert (path, condition.text) == ('data["a b"][-1].size', "length >= 2")
    with pytest.raises(ValueError, match="write place, sign and value"):
        read_placed_condition("data.size")


def test_a_path_reaches_names_with_dots_and_the_last_of_a_list() -> None:
    document = {"a.b": [{"c": 1}, {"c": 2}]}
    assert value_at(document, '["a.b"][-1].c') == 2
    with pytest.raises(PathMissing):
        value_at(document, '["a.b"][-3].c')


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_value_error(text: str) -> None:
    for reading in (read_condition, read_placed_condition, read_path):
        with suppress(ValueError):
            reading(text)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_comparisons_agree_with_arithmetic(left: float, right: float) -> None:
    signs = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "==": left == right}
    for sign, holds in signs.items():
        assert read_condition(f"{sign} {right!r}").holds(left) is holds


@given(st.integers(), st.integers())
def test_a_number_beyond_the_bounds_of_a_range_is_outside(value: int, bound: int) -> None:
    assert read_condition(f"< {bound} or > {bound}").holds(value) is (value != bound)


def test_words_are_no_numbers() -> None:
    assert [number_of(value) for value in ("nan", "", "1_0x", None, True, [1])] == [None] * 6


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*a){20}", "[^a]*a[^b]{100}c", "(x+x+)+y"])
def test_no_pattern_takes_long_on_a_hostile_page(pattern: str) -> None:
    page = "ax" * (1 << 19) + "!"
    start = time.monotonic()
    read_pattern(pattern).is_in(page)
    assert time.monotonic() - start < 5
