"""What a kind of integration is: it reads what another system sent, and says what to answer. No clock, no rows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

CRITICAL, ERROR, WARNING, INFO = 1, 2, 3, 4
MOST_REPORTS = 10_000
MOST_LABELS = 64
WORDS_OF_SEVERITY = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "disaster", "page", "p1", "sev1", "1"), CRITICAL),
    **dict.fromkeys(("error", "err", "high", "major", "alert", "p2", "sev2", "2"), ERROR),
    **dict.fromkeys(("warning", "warn", "average", "medium", "minor", "p3", "sev3", "3"), WARNING),
    **dict.fromkeys(("info", "information", "notice", "low", "debug", "ok", "none", "p4", "p5", "sev4", "4"), INFO),
}
WORDS_OF_END = frozenset(
    {"resolved", "resolve", "recovered", "recovery", "ok", "closed", "normal", "cleared", "inactive", "up", "success"}
)


class CannotRead(Exception):
    """What was sent is not what this kind reads; the message says what is missing, and where."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What came in: the body, the headers that were kept (lower case), when, and the kind's mapping and reference."""

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One alert in what was sent. `key` is the sender's own; without one the labels tell alerts apart.

    `expires_at` is set by sources that send again and again while it fires: silence from then on is the end.
    """

    name: str
    severity: int = ERROR
    is_firing: bool = True
    is_acknowledged: bool = False
    key: str = ""
    service: str = ""
    summary: str = ""
    link: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the sender is told once its delivery is kept."""

    status: int = 200
    json: Mapping[str, Any] = field(default_factory=dict)


def _plain_reply(delivery: Delivery) -> Reply:
    return Reply(json={"status": "kept"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind: its name, what people call it, how to set up the sender, how its deliveries are read and answered."""

    name: str
    title: str
    set_up: str  # where to write the address; {url} stands for it
    read: Callable[[Delivery], list[Report]]
    sample: str
    reply: Callable[[Delivery], Reply] = _plain_reply
    reference: Callable[[bytes], str] | None = None
    has_fields: bool = False


def read_json(body: bytes) -> Any:
    """The body as JSON; raises `CannotRead` naming the fault and its place."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CannotRead(f"the body is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise CannotRead(f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise CannotRead("the body is no JSON that can be read: nested too deep, or a number too long") from error


def as_object(value: Any, what: str) -> dict[str, Any]:
    """`value` when it is an object; raises `CannotRead` naming `what`."""
    if not isinstance(value, dict):
        raise CannotRead(f"{what} should be an object, and is {_kind_of(value)}")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """`value` when it is a list that is not too long; raises `CannotRead` naming `what`."""
    if not isinstance(value, list):
        raise CannotRead(f"{what} should be a list, and is {_kind_of(value)}")
    if len(value) > MOST_REPORTS:
        raise CannotRead(f"{what} has {len(value)} alerts; {MOST_REPORTS} are the most in one delivery")
    return value


def optional_object(value: Any) -> dict[str, Any]:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def words(value: Any, *, most: int = 500) -> str:
    """`value` as clean text: no NUL, no lone surrogate, at most `most` characters; "" for lists and objects."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = value if isinstance(value, str) else _number(value)
    return text[: most * 2].replace("\x00", "").encode("utf-8", "replace").decode().strip()[:most]


def labels_of(value: Any) -> dict[str, str]:
    """A flat object as labels, sorted by name."""
    found = {words(name, most=100): words(each, most=300) for name, each in optional_object(value).items()}
    return dict(sorted((name, each) for name, each in found.items() if name and each)[:MOST_LABELS])


def severity_of(word: Any, default: int = ERROR) -> int:
    """How grave a word is, in the words of many senders."""
    return WORDS_OF_SEVERITY.get(words(word, most=40).lower(), default)


def moment_of(value: Any) -> datetime | None:
    """An ISO 8601 moment; None for none, for Go's zero time and for what is no moment."""
    text = words(value, most=40)
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return None if found.year < 1971 or found.year > 9000 else found


def first_of(values: Iterable[Any], *, most: int = 500) -> str:
    """The first that says something."""
    return next((text for each in values if (text := words(each, most=most))), "")


def _number(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    try:
        return str(value)
    except ValueError:  # more digits than Python writes
        return ""


def _kind_of(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")


FIVE_MINUTES = timedelta(minutes=5)
