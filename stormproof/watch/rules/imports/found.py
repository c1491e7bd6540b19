"""What is found in another product's file, and how plain values of it are read."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stormproof.core.document import write_duration

LONGEST_INTERVAL = 86400
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|s|m|h|d|w)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PLAIN_PATTERN = re.compile(r"^[\w\s\-/:;,@#%&='\"<>!]+$")


class UnreadableImport(Exception):
    """A file that is no export of the product it was said to be; `hint` is the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(kw_only=True)
class FoundMonitor:
    """One monitor of the other product. `settings` is in our file form without `on`; empty when `problem` says why.

    `source_id` is stable over exports of the same installation; `notes` say what of it was not taken over.
    """

    source_id: str
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    ping_key: str = ""  # a heartbeat keeps the address its job pings


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something else in the file that was not taken over, and why."""

    what: str
    name: str
    why: str


@dataclass(kw_only=True)
class Reading:
    """All that was found in a file."""

    monitors: list[FoundMonitor] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave(self, what: str, name: object, why: str) -> None:
        """Note something that is not taken over."""
        self.left_out.append(LeftOut(what=what, name=str(name or what)[:200], why=why))


def read_safely(found: FoundMonitor, read: Callable[[], None]) -> None:
    """Run `read`; an address it cannot take apart is the problem of that monitor alone."""
    try:
        read()
    except ValueError as error:
        found.problem = f"its address cannot be read: {str(error)[:200]}"


def text_of(source: Mapping[str, Any], key: str) -> str:
    """The text at `key`; "" for nothing; a number as its digits."""
    value = source.get(key)
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()


def mapping_of(source: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The mapping at `key`; an empty one when there is none."""
    value = source.get(key)
    return {str(name): said for name, said in value.items()} if isinstance(value, dict) else {}


def list_of(source: Mapping[str, Any], key: str) -> list[Any]:
    """The list at `key`; an empty one when there is none."""
    value = source.get(key)
    return list(value) if isinstance(value, list) else []


def mappings_of(source: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings of the list (or of the values of the mapping) at `key`."""
    value = source.get(key)
    rows = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def number_of(source: Mapping[str, Any], key: str, default: float) -> float:
    """The number at `key`, also when it stands there as text; `default` when it is none or not above 0."""
    try:
        value = float(source.get(key, default))
    except (TypeError, ValueError):
        return default
    return value if 0 < value < 1e12 else default


def go_seconds(text: str) -> float | None:
    """Seconds of a duration as Go writes it (`1m30s`, `250ms`, `48h`); None when it is none."""
    compact = text.replace(" ", "")
    parts = _GO_DURATION.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        return None
    return sum(float(number) * float(_SECONDS[unit]) for number, unit in parts)


def every_of(seconds: float, notes: list[str]) -> str:
    """An interval in file form, from 1 second to a day."""
    whole = max(1, min(LONGEST_INTERVAL, round(seconds)))
    if whole != seconds:
        notes.append(f"looks every {write_duration(whole)} in place of {seconds:g} s")
    return write_duration(whole)


def plain_words(pattern: str) -> str:
    """The words a regular expression looks for when it has no signs of its own; "" for a real expression."""
    bare = pattern.replace("\\.", "\x00").replace("\\/", "/")
    if bare.startswith("(?i)") or not _PLAIN_PATTERN.match(bare.replace("\x00", "")):
        return ""
    return bare.replace("\x00", ".").strip()


def basic_auth(user: str, password: str) -> str:
    """The value of an Authorization header for a user and a password."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def header_map(value: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
    """Headers as text; what cannot be sent is noted and left out."""
    headers = {}
    for name, said in value.items():
        if isinstance(said, dict | list) or said is None or any(sign in f"{name}{said}" for sign in "\r\n\x00"):
            notes.append(f"the header {name[:60]} is not taken over: it is no single line of text")
        else:
            headers[str(name)] = str(said)
    return headers
