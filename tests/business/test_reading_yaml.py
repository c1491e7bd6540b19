"""Reading continuity.yaml: lines remembered, hostile bytes refused quickly."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.business.document.reading import LARGEST_BYTES, Unreadable, read_tree
from stormproof.business.document.writing import write_text


def fault(source: bytes | str) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_tree(source)
    return caught.value


def test_lines_are_remembered_for_keys_and_items() -> None:
    tree = read_tree("version: 1\nassets:\n  web:\n    depends_on:\n      - a\n      - b\n")
    assert tree.data == {"version": 1, "assets": {"web": {"depends_on": ["a", "b"]}}}
    assert tree.line_of(("assets", "web")) == 3
    assert tree.line_of(("assets", "web", "depends_on", 1)) == 6
    assert tree.line_of(("assets", "web", "nothing", "deep")) == 3


def test_words_are_those_of_yaml_1_2() -> None:
    tree = read_tree("{on: yes, at: 12:30, day: 2026-11-22, n: null, t: true, i: 7, f: 1.50, q: '7', e: }")
    assert tree.data == {
        "on": "yes", "at": "12:30", "day": "2026-11-22", "n": None, "t": True, "i": 7, "f": 1.5, "q": "7", "e": None,
    }  # fmt: skip


def test_ten_megabytes_of_junk_are_refused_by_their_size() -> None:
    junk = random.Random(1).randbytes(10_000_000)
    assert fault(junk).message == "the file has more than 2,000,000 bytes"


def test_junk_below_the_limit_is_refused_with_a_line() -> None:
    assert fault(random.Random(2).randbytes(LARGEST_BYTES)).message == "the file is not UTF-8 text"
    assert "not YAML" in fault("a: 1\n" * 3 + "b: [" * 100_000).message or fault("[" * 100_000).message


def test_a_duplicate_key_is_named_with_both_lines() -> None:
    error = fault("a: 1\nb: 2\na: 3\n")
    assert (error.line, error.message) == (3, "'a' stands twice here, first on line 1")


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"
    error = fault(bomb)
    assert (error.line, error.hint) == (1, "write the value out")


def test_a_tag_cannot_name_code() -> None:
    error = fault("a: !!python/object/apply:os.system [id]\n")
    assert error.line == 1
    assert "python/object/apply:os.system" in error.message


def test_deep_nesting_and_many_values_are_refused() -> None:
    assert "nested" in fault("[" * 60 + "]" * 60).message
    assert "200,000 values" in fault("[" + "1," * 300_000 + "]").message


def test_a_syntax_fault_has_its_line() -> None:
    assert fault("a: 1\nb: [1, 2\nc: 3\n").line == 3


def test_a_second_document_is_refused() -> None:
    assert fault("a: 1\n---\nb: 2\n").line == 2


WORDS = ["on", "yes", "null", "1e5", "0x1f", "12:30", "", "~", "a\nb\n", " x ", "- a", "{", "50%", "# no"]
texts = st.text("ab :#-{}[]'\"\n\t,&*!|>%@0159.eE\u00e9\u20ac", max_size=12) | st.sampled_from(WORDS)
numbers = st.integers(-(10**17), 10**17) | st.floats(-1e9, 1e9, width=32)
leaves = st.none() | st.booleans() | numbers | texts
keys = st.text("abhon-0", min_size=1, max_size=5)
values = leaves | st.lists(leaves, max_size=10) | st.dictionaries(keys, leaves | st.lists(leaves), max_size=4)


@given(st.dictionaries(keys, values, max_size=4))
def test_what_is_written_is_read_back_equal(data: dict[str, object]) -> None:
    assert (read_tree(write_text(data)).data or {}) == data
