"""Patterns a user may write, matched in time that grows only with the text: no pattern can hold the prober up.

Python's own `re` can take for ever on a hostile page, and nothing can interrupt it. This is Rust's engine, which comes
with pydantic: the usual syntax without look-around and back-references.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LONGEST_PATTERN = 500


class Pattern:
    """A regular expression to be found anywhere in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._validator = SchemaValidator(core_schema.str_schema(pattern=text, regex_engine="rust-regex"))

    def is_in(self, text: str) -> bool:
        """Whether the pattern occurs in `text`."""
        try:
            self._validator.validate_python(text)
        except ValidationError:
            return False
        return True


@lru_cache(maxsize=4096)
def read_pattern(text: str) -> Pattern:
    """The pattern written as `text`; ValueError says what is wrong with it."""
    if not text or len(text) > LONGEST_PATTERN:
        raise ValueError(f"a pattern has 1 to {LONGEST_PATTERN} characters")
    try:
        return Pattern(text)
    except SchemaError as error:
        why = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")
        raise ValueError(f"{text!r} is not a pattern: {why}") from error
