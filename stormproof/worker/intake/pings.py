"""The door that jobs ping: the paths and answers of the plain view, many a second."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.db import Error, close_old_connections

from stormproof.watch.rules import LONGEST_BODY, IncomingPing, Taken, WrongPing, read_ping
from stormproof.watch.services.heartbeats import take_pings
from stormproof.worker.intake.door import Answer, Ask, Connection, Door

LONGEST_READ = 1_000_000
HEADERS = {"Access-Control-Allow-Origin": "*", "Ping-Body-Limit": str(LONGEST_BODY)}
ANSWERS = {
    Taken.OK: Answer(body=b"OK", headers=HEADERS),
    Taken.CREATED: Answer(status=201, body=b"Created", headers=HEADERS),
    Taken.UNKNOWN: Answer(status=404, body=b"not found", headers=HEADERS),
    Taken.AMBIGUOUS: Answer(status=409, body=b"ambiguous slug", headers=HEADERS),
    Taken.TOO_MANY: Answer(
        status=429, body=b"rate limited: one ping a second is enough", headers={**HEADERS, "Retry-After": "1"}
    ),
}
PATH = re.compile(
    r"/ping/(?:(?P<key>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?P<ping_key>[\w-]{1,64})/(?P<slug>[^/]{1,200}))"
    r"(?:/(?P<signal>[^/]{0,40}))?"
)
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pings")  # one, for its database connection


def ping_of(ask: Ask, *, at: datetime) -> IncomingPing:
    """The ping that a request is; raises `WrongPing`."""
    query = parse_qs(ask.query, keep_blank_values=True, max_num_fields=20)
    named: dict[str, Any] = {"key": UUID(ask.groups["key"])} if "key" in ask.groups else {}
    if not named:
        named = {"ping_key": ask.groups["ping_key"], "slug": ask.groups["slug"]}
        named["create"] = query.get("create", [""])[-1] == "1"
    return read_ping(
        ask.groups.get("signal", ""),
        at=at,
        run_id=query["rid"][-1] if "rid" in query else None,
        body=ask.body,
        size=len(ask.body),
        method=ask.method,
        transport="https" if ask.headers.get("x-forwarded-proto") == "https" else "http",
        address=ask.remote,
        agent=ask.headers.get("user-agent", ""),
        **named,
    )


def refuse_wrong(ask: Ask) -> Answer | None:
    """400 for a ping that cannot be read, before it waits."""
    try:
        ping_of(ask, at=_ANY_MOMENT)
    except WrongPing as wrong:
        return Answer(status=400, body=str(wrong).encode(), headers=HEADERS)
    except ValueError:
        return Answer(status=400, body=b"invalid url format", headers=HEADERS)
    return None


async def commit_pings(connection: Connection, asks: Sequence[Ask], *, at: datetime) -> list[Answer]:
    """Take what waits in as one batch. The service writes over Django's own connection, in a thread of its own."""
    return await asyncio.get_running_loop().run_in_executor(_thread, _commit, asks, at)


def _commit(asks: Sequence[Ask], at: datetime) -> list[Answer]:
    close_old_connections()
    try:
        return [ANSWERS[taken] for taken in take_pings([ping_of(ask, at=at) for ask in asks], at=at)]
    except Error as error:
        raise (error.__cause__ or error) from None  # the committer knows the driver's errors


DOOR = Door(
    name="ping",
    path=PATH,
    methods=frozenset({"GET", "HEAD", "POST"}),
    longest_body=LONGEST_READ,
    commit=commit_pings,
    refuse=refuse_wrong,
)
