"""`{{name}}` in the texts of a journey, and how what must stay secret is kept out of what is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

NAME = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,39})\s*\}\}")
HIDDEN = "•••"
SHORTEST_SECRET = 3  # a shorter one would blank out half of every sentence


class UnknownName(Exception):
    """A text asks for a name that nothing has given yet."""


def names_in(value: Any) -> set[str]:
    """Every `{{name}}` in a text, or in the texts of lists and mappings."""
    if isinstance(value, str):
        return set(NAME.findall(value))
    if isinstance(value, Mapping):
        return set().union(*(names_in(part) for pair in value.items() for part in pair), set())
    if isinstance(value, list | tuple):
        return set().union(*(names_in(part) for part in value), set())
    return set()


def fill_in(value: Any, known: Mapping[str, str]) -> Any:
    """`value` with each `{{name}}` replaced by what is known, in mappings and lists too; raises `UnknownName`."""
    if isinstance(value, str):
        return NAME.sub(lambda found: _known(found[1], known), value)
    if isinstance(value, Mapping):
        return {fill_in(key, known): fill_in(part, known) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [fill_in(part, known) for part in value]
    return value


def _known(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        raise UnknownName(f"nothing has given {{{{{name}}}}} yet")
    return known[name]


def known_at_start(values: Mapping[str, str], secrets: Mapping[str, str], run: str) -> dict[str, str]:
    """What a walk knows before its first step; values may use `{{run}}` and the secrets themselves."""
    given = {**secrets, "run": run}
    return {**fill_in(values, given), **given}


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`, as they are and as addresses and forms write them."""
    spellings = {
        spelling
        for secret in secrets
        if len(secret) >= SHORTEST_SECRET
        for spelling in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    }
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, HIDDEN)
    return text
