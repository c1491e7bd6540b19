"""The parts of `continuity.yaml`: each app owns sections and registers them here; `business` reads and applies all.

The protocol lives in the core so that a stage above `business` can own a section without `business` knowing it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from stormproof.core.actor import Actor

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$")


def read_duration(value: object) -> float:
    """Seconds from `30s`, `15m`, `4h`, `2d`, `1w`, `250ms`; ValueError for anything else, a bare number included."""
    if isinstance(value, str) and (found := _DURATION.match(value.strip())):
        return float(found[1]) * UNITS[found[2]]
    if value in (0, "0"):
        return 0
    raise ValueError(f"{value!r} is not a duration: write a number with a unit, such as 30s, 15m, 4h or 2d")


def write_duration(seconds: float) -> str:
    """The shortest exact writing of `seconds` (`90s`, `15m`, `4h`, `250ms`)."""
    for unit in ("w", "d", "h", "m", "s"):
        if seconds and seconds % UNITS[unit] == 0:
            return f"{int(seconds // UNITS[unit])}{unit}"
    return "0s" if not seconds else f"{round(seconds * 1000)}ms"


def _whole_seconds(value: object) -> int:
    seconds = read_duration(value)
    if seconds != int(seconds):
        raise ValueError(f"{value!r} is not a whole number of seconds")
    return int(seconds)


_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d|w)$", "examples": ["30s", "15m", "4h"]}
)
Duration = Annotated[int, BeforeValidator(_whole_seconds), PlainSerializer(write_duration), _SCHEMA]
FineDuration = Annotated[float, BeforeValidator(read_duration), PlainSerializer(write_duration), _SCHEMA]

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"


@dataclass(frozen=True)
class Problem:
    """What is wrong at `path` in the document, and the way out. The reader of the file adds the line."""

    path: tuple[str | int, ...]
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Known:
    """What the whole document defines, for cross references: `known.has("node", "orders-db")`."""

    names: frozenset[str] = frozenset()
    document: dict[str, Any] = field(default_factory=dict)  # every section's validated value by its key

    def has(self, kind: str, name: str) -> bool:
        """Whether the document defines `name` as a `kind` (node, team, monitor, procedure ...)."""
        return f"{kind}:{name}" in self.names

    def of(self, kind: str) -> list[str]:
        """Every name of that kind, sorted: for the way out in a message."""
        return sorted(name.partition(":")[2] for name in self.names if name.startswith(f"{kind}:"))


class Section(Protocol):
    """One top-level key of the document, owned by one app."""

    key: str
    rank: int  # sections are applied in this order
    shape: Any  # the pydantic type of the section's value

    def names(self, value: Any) -> set[str]:
        """What the section defines, as `kind:name`."""

    def check(self, value: Any, known: Known) -> list[Problem]:
        """What is wrong beyond the shape: unknown names, cycles, contradictions."""

    def read(self) -> Any:
        """The section as the database has it, in plain data as the file would say it; None when there is nothing."""

    def apply(self, value: Any, *, actor: Actor, at: datetime) -> None:
        """Make it so, in the caller's transaction, telling facts."""


SECTIONS: dict[str, Section] = {}


def register_section(section: Section) -> None:
    """Add a section; called from an app's `ready()`."""
    SECTIONS[section.key] = section


def sections() -> list[Section]:
    """All sections in the order in which they are applied."""
    return sorted(SECTIONS.values(), key=lambda section: (section.rank, section.key))
