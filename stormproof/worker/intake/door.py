"""What a door is: the contract between the server, the committer and whoever takes something in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import psycopg

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request as a door sees it: the named groups of its path, lower-case header names, the whole body."""

    method: str
    path: str
    groups: Mapping[str, str]
    query: str
    headers: Mapping[str, str]
    body: bytes
    remote: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the sender is told."""

    status: int = 200
    body: bytes = b"OK\n"
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class Commit(Protocol):
    """Writes a set of asks in the transaction of `connection`; one answer for each, in order."""

    def __call__(self, connection: Connection, asks: Sequence[Ask], *, at: datetime) -> Awaitable[list[Answer]]:
        """Write all of `asks`, or raise and write none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Door:
    """A set of paths that take something in; see the package for the contract."""

    name: str
    path: re.Pattern[str]
    methods: frozenset[str]
    longest_body: int
    commit: Commit
    refuse: Callable[[Ask], Answer | None] | None = None
    committed: Callable[[Sequence[Answer]], None] | None = None


def busy(*, seconds: int = 1) -> Answer:
    """Not now: nothing was kept, try again."""
    return Answer(status=503, body=b"busy, try again\n", headers={"Retry-After": str(seconds)})
