"""Takes a value out of an answer, so that a later step can send it back: a token, an order number, an id."""

from __future__ import annotations

import json
import re
import re._constants as opcode  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from stormproof.engine.probe.json_path import PathMissing, read_path, value_at

LONGEST_VALUE = 4096
LONGEST_PATTERN = 300
LONGEST_TEXT = 200_000  # a pattern is searched in the beginning of a page: one with nested repeats must not take long


class NothingToTake(Exception):
    """The answer has no such value; the message says what was looked for."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """Where a value stands: exactly one of a JSON path, a regular expression (its first group), a CSS selector
    (an attribute, or the text), a header, a cookie.
    """

    json: str = ""
    regex: str = ""
    css: str = ""
    attribute: str = ""
    header: str = ""
    cookie: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is taken from: `cookies` are those the journey holds by then."""

    text: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


def fault_of(take: Take) -> str:
    """What is wrong with where a value is said to stand, or ""."""
    if [take.json, take.regex, take.css, take.header, take.cookie].count("") != 4:
        return "say one of json, regex, css, header or cookie"
    if take.attribute and not take.css:
        return "attribute belongs to css"
    if take.json:
        try:
            read_path(take.json)
        except ValueError as error:
            return str(error)
    if take.regex:
        return _fault_of_pattern(take.regex)
    return _fault_of_selector(take.css) if take.css else ""


def _fault_of_pattern(pattern: str) -> str:
    if len(pattern) > LONGEST_PATTERN:
        return f"a pattern may have {LONGEST_PATTERN} characters"
    try:
        parsed = parser.parse(pattern)
    except re.error as error:
        return f"{pattern!r} is not a regular expression: {error}"
    return "a repeat within a repeat can take for ever: write it without" if _repeats(parsed, within=False) else ""


def _repeats(parsed: Any, *, within: bool) -> bool:
    """Whether an open repeat stands within another: `(a+)+` takes exponential time on a text that does not fit."""
    for code, argument in parsed:
        is_open = code in (opcode.MAX_REPEAT, opcode.MIN_REPEAT) and argument[1] == opcode.MAXREPEAT
        if is_open and within:
            return True
        parts = argument if isinstance(argument, tuple | list) else ()
        below = [part for part in _flat(parts) if isinstance(part, parser.SubPattern)]
        if any(_repeats(part, within=within or is_open) for part in below):
            return True
    return False


def _flat(parts: Any) -> list[Any]:
    return [one for part in parts for one in (_flat(part) if isinstance(part, tuple | list) else [part])]


def _fault_of_selector(selector: str) -> str:
    try:
        LexborHTMLParser("<p></p>").css_first(selector)
    except (ValueError, SelectolaxError):
        return f"{selector!r} is not a CSS selector"
    return ""


def take_from(answer: Answer, take: Take) -> str:
    """The value; raises `NothingToTake`."""
    value = _found(answer, take)
    if value is None:
        raise NothingToTake(f"there is no {say_take(take)}")
    return value[:LONGEST_VALUE]


def say_take(take: Take) -> str:
    """Where a value stands, in words."""
    if take.css:
        return f"{take.css} with the attribute {take.attribute}" if take.attribute else take.css
    for kind in ("json", "regex", "header", "cookie"):
        if getattr(take, kind):
            return f"{'text that fits' if kind == 'regex' else kind} {getattr(take, kind)}"
    return "value"


def _found(answer: Answer, take: Take) -> str | None:
    if take.json:
        return _from_json(answer.text, take.json)
    if take.regex:
        found = re.search(take.regex, answer.text[:LONGEST_TEXT])
        return None if found is None else str(found[1] if found.re.groups else found[0])
    if take.css:
        node = LexborHTMLParser(answer.text).css_first(take.css)
        if node is None:
            return None
        return node.attributes.get(take.attribute) if take.attribute else node.text(strip=True)
    return answer.headers.get(take.header) if take.header else answer.cookies.get(take.cookie)


def _from_json(text: str, path: str) -> str | None:
    try:
        value = value_at(json.loads(text), path)
    except (ValueError, PathMissing):
        return None
    return value if isinstance(value, str) else json.dumps(value)


__all__ = ["Answer", "NothingToTake", "Take", "fault_of", "say_take", "take_from"]
