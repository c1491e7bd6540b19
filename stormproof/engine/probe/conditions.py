"""Conditions a user writes about a value: `> 100`, `== ok`, `~ ^2\\.`, `length >= 3`, `< 5 or > 100`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from stormproof.engine.probe.patterns import Pattern, read_pattern

LONGEST_CONDITION = 500
_NUMERIC = ("<", "<=", ">", ">=")
_SIGN = r"(?:length\s*)?(?:==|!=|<=|>=|<|>|!~|~|contains\b)"
_COMPARISON = re.compile(r"(length\s*)?(==|!=|<=|>=|<|>|!~|~|contains\b)\s*(.*)", re.DOTALL)
_OR = re.compile(rf"\s+or\s+(?={_SIGN})")
_PLACE = re.compile(rf"(\S.*?)\s+({_SIGN}.*)", re.DOTALL)
HELP = "write a sign and a value: == ok, != 0, > 100, <= 2.5, ~ pattern, contains word, length >= 1; several with or"


@dataclass(frozen=True)
class Comparison:
    """One sign with what is wanted, on the value or on its length."""

    sign: str
    wanted: str
    of_length: bool = False
    pattern: Pattern | None = None

    @property
    def needs_number(self) -> bool:
        """Whether only a number can be compared so."""
        return self.sign in _NUMERIC and not self.of_length

    def holds(self, value: object) -> bool:
        """Whether `value` compares so; a value that cannot be compared does not."""
        if self.of_length:
            if not isinstance(value, str | list | dict):
                return False
            value = len(value)
        if self.sign in _NUMERIC:
            return self._holds_number(number_of(value))
        text = text_of(value)
        if self.pattern is not None:
            return self.pattern.is_in(text) == (self.sign == "~")
        if self.sign == "contains":
            return self.wanted in text
        return is_equal(value, self.wanted) == (self.sign == "==")

    def _holds_number(self, left: Decimal | None) -> bool:
        right = number_of(self.wanted)
        if left is None or right is None:
            return False
        is_more, is_same = left > right, left == right
        return {"<": not (is_more or is_same), "<=": not is_more, ">": is_more, ">=": is_more or is_same}[self.sign]


@dataclass(frozen=True)
class Condition:
    """Comparisons of which one must hold; `text` is how it was written."""

    text: str
    any_of: tuple[Comparison, ...]

    @property
    def needs_number(self) -> bool:
        """Whether the value must be a number to be judged."""
        return all(comparison.needs_number for comparison in self.any_of)

    def holds(self, value: object) -> bool:
        """Whether one of the comparisons holds."""
        return any(comparison.holds(value) for comparison in self.any_of)


@lru_cache(maxsize=4096)
def read_condition(text: str, *, is_plain_equal: bool = False) -> Condition:
    """The condition written as `text`; ValueError says how to write one.

    With `is_plain_equal` a text without a sign means that the value is this text.
    """
    line = text.strip()
    if len(line) > LONGEST_CONDITION:
        raise ValueError(f"a condition has at most {LONGEST_CONDITION} characters")
    if is_plain_equal and line and not _COMPARISON.match(line):
        return Condition(line, (Comparison("==", line),))
    return Condition(line, tuple(_comparison(part) for part in _OR.split(line)))


def _comparison(text: str) -> Comparison:
    found = _COMPARISON.fullmatch(text.strip())
    if found is None or not found[3].strip():
        raise ValueError(f"{text.strip()!r} is not a condition: {HELP}")
    sign, wanted, of_length = found[2], found[3].strip(), bool(found[1])
    if (sign in _NUMERIC or of_length) and number_of(wanted) is None:
        raise ValueError(f"{wanted!r} is not a number, and {sign} compares numbers")
    if of_length and sign in ("~", "!~", "contains"):
        raise ValueError(f"a length is a number: it cannot be compared with {sign}")
    pattern = read_pattern(wanted) if sign in ("~", "!~") else None
    if len(wanted) > 1 and wanted[0] == wanted[-1] == '"' and pattern is None:
        wanted = wanted[1:-1]
    return Comparison(sign, wanted, of_length, pattern)


def read_placed_condition(text: str) -> tuple[str, Condition]:
    """A place and the condition on what is there, from `data.total >= 10`; ValueError."""
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is not a condition: write place, sign and value, like data.total > 10")
    return found[1], read_condition(found[2])


def is_equal(value: object, wanted: object) -> bool:
    """Whether both are the same number, the same truth or the same text."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return text_of(value).lower() == text_of(wanted).lower()
    left, right = number_of(value), number_of(wanted)
    return left == right if left is not None and right is not None else text_of(value) == text_of(wanted)


def number_of(value: object) -> Decimal | None:
    """`value` as a number, infinity included; None for anything else."""
    if value is None or isinstance(value, bool | list | dict):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return None if number.is_nan() else number


def text_of(value: object) -> str:
    """`value` as it is compared with words: `true`, `null`, else as it is written."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
