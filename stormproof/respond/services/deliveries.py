"""Keeps what integrations send, many at once in one transaction; the sender is answered after the commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection, transaction

from stormproof.core.jobs import defer_named
from stormproof.people.selectors import digest_of
from stormproof.respond.choices import DeliveryState
from stormproof.respond.kinds import KINDS, Delivery, Reply
from stormproof.respond.models import AlertDelivery

LONGEST_BODY = 2_000_000
LONGEST_KEY = 100
KEPT_HEADERS = ("content-type", "sentry-hook-resource", "user-agent")
KEEP_HANDLED = timedelta(days=7)
KEEP_UNREADABLE = timedelta(days=30)
FIND = "SELECT digest, id, kind, rate_per_minute FROM respond_integration WHERE is_enabled AND digest = ANY(%s)"
KEEP = """
INSERT INTO respond_alertdelivery (integration_id, received_at, body, headers, reference, state, reason, alerts)
SELECT integration, %s, body, headers::jsonb, reference, 'waiting', '', 0
FROM unnest(%s::bigint[], %s::bytea[], %s::text[], %s::text[]) AS sent(integration, body, headers, reference)
"""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One request of a sender: the key it showed, the body, all headers in lower case."""

    key: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Known:
    id: int
    kind: str
    rate: int


class _Meter:
    """Counts the deliveries of each integration in the running minute; each process counts its own."""

    def __init__(self) -> None:
        self._minute: datetime | None = None
        self._counts: dict[int, int] = {}

    def allows(self, known: _Known, at: datetime) -> bool:
        """Whether one more may come in this minute; it is counted."""
        minute = at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        self._counts[known.id] = self._counts.get(known.id, 0) + 1
        return self._counts[known.id] <= known.rate


_meter = _Meter()
UNKNOWN = Reply(status=404, json={"error": "there is no integration with this key, or it is switched off"})
TOO_MANY = Reply(status=429, json={"error": "too many deliveries in this minute; try again in the next"})


def key_shown(headers: Mapping[str, str], body: bytes) -> str:
    """The key of a sender whose address has none: a bearer token, or the routing key of PagerDuty's events."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()[:LONGEST_KEY]
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = read.get("routing_key") if isinstance(read, dict) else None
    return found[:LONGEST_KEY] if isinstance(found, str) else ""


async def keep_deliveries(
    link: psycopg.AsyncConnection[Any], incoming: Sequence[Incoming], *, at: datetime
) -> list[Reply]:
    """Keep all of `incoming` that have a known key, in the caller's transaction; a reply for each, in order."""
    digests = [_digest(one.key) for one in incoming]
    found = await (await link.execute(FIND, [digests])).fetchall()
    replies, columns = _sort(incoming, digests, found, at)
    if columns[0]:
        await link.execute(KEEP, [at, *columns])
    return replies


@transaction.atomic
def keep_delivery(incoming: Incoming, *, at: datetime) -> Reply:
    """Keep one delivery, by the web process; it is handled by a job at once."""
    digests = [_digest(incoming.key)]
    with connection.cursor() as cursor:
        cursor.execute(FIND, [digests])
        replies, columns = _sort([incoming], digests, cursor.fetchall(), at)
        if columns[0]:
            cursor.execute(KEEP, [at, *columns])
            defer_named("respond.handle_what_was_delivered")
    return replies[0]


@transaction.atomic
def forget_old_deliveries(*, at: datetime) -> int:
    """Drop what was handled a week ago, and what could not be read a month ago; how many."""
    handled = AlertDelivery.objects.filter(state=DeliveryState.HANDLED, handled_at__lt=at - KEEP_HANDLED)
    unread = AlertDelivery.objects.filter(state=DeliveryState.UNREADABLE, handled_at__lt=at - KEEP_UNREADABLE)
    return handled.delete()[0] + unread.delete()[0]


def _sort(
    incoming: Sequence[Incoming], digests: Sequence[str], found: Sequence[tuple[Any, ...]], at: datetime
) -> tuple[list[Reply], tuple[list[int], list[bytes], list[str], list[str]]]:
    """A reply for each, and the columns of those that are kept."""
    known = {digest: _Known(id, kind, rate) for digest, id, kind, rate in found}
    replies: list[Reply] = []
    columns: tuple[list[int], list[bytes], list[str], list[str]] = ([], [], [], [])
    for one, digest in zip(incoming, digests, strict=True):
        sender = known.get(digest)
        if sender is None:
            replies.append(UNKNOWN)
        elif not _meter.allows(sender, at):
            replies.append(TOO_MANY)
        else:
            kind = KINDS[sender.kind]
            reference = kind.reference(one.body) if kind.reference else ""
            headers = {name: value[:300] for name, value in one.headers.items() if _is_kept(name)}
            replies.append(kind.reply(Delivery(body=one.body, headers=headers, received_at=at, reference=reference)))
            columns[0].append(sender.id)
            columns[1].append(one.body)
            columns[2].append(_written(headers))
            columns[3].append(reference)
    return replies, columns


def _digest(key: str) -> str:
    return digest_of(key.encode("utf-8", "replace").decode())


def _is_kept(name: str) -> bool:
    return name in KEPT_HEADERS or (name.startswith("ce-") and len(name) < 40)


def _written(headers: Mapping[str, str]) -> str:
    clean = {name: value.encode("utf-8", "replace").decode().replace("\x00", "") for name, value in headers.items()}
    return json.dumps(clean)
