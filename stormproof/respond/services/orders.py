"""The orders an incident hit: read from the shop's own source, frozen as rows, and never changed after that."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.db import transaction

from stormproof.business.selectors import nodes_in_use, shop_zone
from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.jobs import defer_named
from stormproof.core.refusals import Refused
from stormproof.core.secrets import CannotOpenSecret, derived_key, open_text, seal_text
from stormproof.engine.probe.guard import AddressRefused, Guard
from stormproof.engine.probe.guarded_http import guarded_client
from stormproof.engine.probe.rows import CannotReadRows, read_rows
from stormproof.engine.probe.sql import fault_of_url
from stormproof.respond.choices import EntryKind
from stormproof.respond.facts import OrdersFrozen
from stormproof.respond.models import AffectedOrder, Incident, OrderSnapshot, OrderSource, RestorePoint
from stormproof.respond.services.locking import locked
from stormproof.respond.services.timeline import write_timeline

MOST_ORDERS = 50_000
READ_SECONDS = 30
FROM_ENV = "env:"
SEALED = "sealed:"  # how the document writes out an address that it must not show


class CannotFreezeOrders(Refused):
    """There is no source of orders, or the incident was frozen by the machine already."""


class CannotSetOrderSource(Refused):
    """The source of orders cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which orders are read: those placed from `start` until `end`."""

    start: datetime
    end: datetime


def set_order_source(*, kind: str, url: str, query: str = "", lookback_seconds: int = 900, actor: Actor) -> OrderSource:
    """Say where the shop's orders are read from; the address is sealed. Raises `CannotSetOrderSource`."""
    actor.require("respond.write")
    if fault := fault_of_order_source(kind=kind, url=url, query=query):
        raise CannotSetOrderSource(fault, field="orders", hint="See the guide on legal clocks and orders.")
    source, _ = OrderSource.objects.update_or_create(
        pk=1,
        defaults={
            "kind": kind,
            "sealed_url": _sealed(url),
            "query": query.strip(),
            "lookback_seconds": lookback_seconds,
        },
    )
    return source


def fault_of_order_source(*, kind: str, url: str, query: str) -> str:
    """Why orders cannot be read from there, or ""; never repeats the address, which may hold a password."""
    if kind not in ("sql", "http"):
        return f"{kind!r} is no kind of source; choose sql or http"
    if kind == "sql" and not query.strip():
        return "a database needs a query"
    if url.startswith((SEALED, FROM_ENV)):
        return _fault_of_hidden(url)
    return fault_of_url(url) if kind == "sql" else _fault_of_web_address(url)


def _fault_of_hidden(url: str) -> str:
    """Why an address that is sealed, or taken from the environment, cannot be used."""
    if url.startswith(SEALED):
        return "" if _can_open(url.removeprefix(SEALED)) else "the sealed address was made with another key"
    is_own = url.removeprefix(FROM_ENV).upper().startswith(("STORMPROOF_", "DATABASE_URL"))
    return "Stormproof's own settings hold keys; use a variable of its own" if is_own else ""


def _fault_of_web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "an address begins with https:// and names a host"
    try:
        Guard(allowed=env.allowed_networks).require_written_host(parts.hostname)
    except AddressRefused as error:
        return str(error)
    return ""


def _can_open(sealed: str) -> bool:
    try:
        open_text(sealed)
    except CannotOpenSecret:
        return False
    return True


def _sealed(url: str) -> str:
    if url.startswith(FROM_ENV):
        return url
    return url.removeprefix(SEALED) if url.startswith(SEALED) else seal_text(url)


@transaction.atomic
def set_restore_points(points: Mapping[str, str], *, actor: Actor) -> None:
    """Say which monitor's last success is the newest restorable data of which node (short names)."""
    actor.require("respond.write")
    RestorePoint.objects.all().delete()
    nodes = {node.slug: node for node in nodes_in_use().filter(slug__in=points)}
    RestorePoint.objects.bulk_create(
        RestorePoint(node=nodes[slug], monitor=monitor) for slug, monitor in points.items()
    )


def drop_order_source(*, actor: Actor) -> None:
    """Read orders from nowhere any more; what was frozen stays."""
    actor.require("respond.write")
    OrderSource.objects.all().delete()


@transaction.atomic
def ask_for_orders(incident: Incident, *, actor: Actor, at: datetime) -> None:
    """Have the orders frozen once more, as a new version. Raises `CannotFreezeOrders`."""
    actor.require("respond.act")
    if not OrderSource.objects.exists():
        raise CannotFreezeOrders(
            "There is no source of orders", hint="Name one under incidents: orders: in continuity.yaml."
        )
    version = incident.order_snapshots.count() + 1
    defer_named("respond.freeze_orders_of_incident", incident_id=incident.pk, version=version, asked_by=actor.name)


def freeze_orders(incident: Incident, *, version: int, asked_by: str, at: datetime) -> OrderSnapshot | None:
    """Read the orders and keep them as `version`; None when that version is there already or there is no source.

    The source is read outside of any transaction. A source that does not answer leaves a version that says why.
    """
    source = OrderSource.objects.first()
    if source is None or incident.order_snapshots.filter(version=version).exists():
        return None
    window = Window(
        start=incident.impact_started_at - timedelta(seconds=source.lookback_seconds),
        end=max(min(incident.impact_ended_at or at, at), incident.impact_started_at),
    )
    try:
        rows, error = read_orders(source, window), ""
    except CannotFreezeOrders as refused:
        rows, error = [], refused.message
    return _keep(incident, rows, window=window, version=version, asked_by=asked_by, error=error, at=at)


@transaction.atomic
def _keep(
    incident: Incident,
    rows: list[AffectedOrder],
    *,
    window: Window,
    version: int,
    asked_by: str,
    error: str,
    at: datetime,
) -> OrderSnapshot | None:
    incident = locked(incident)
    if incident.order_snapshots.filter(version=version).exists():
        return None
    snapshot = OrderSnapshot.objects.create(
        incident=incident,
        version=version,
        taken_at=at,
        taken_by=asked_by[:120],
        placed_from=window.start,
        placed_until=window.end,
        count=len(rows),
        total=sum((row.amount for row in rows), Decimal(0)),
        error=error[:500],
    )
    for row in rows:
        row.snapshot = snapshot
    AffectedOrder.objects.bulk_create(rows, batch_size=2000)
    words = f"not read: {error}" if error else f"{len(rows)} frozen"
    key = f"orders:{version}"
    text = f"Orders, version {version}: {words}"
    write_timeline(incident, kind=EntryKind.ORDERS, text=text, actor=SYSTEM, at=at, key=key)
    tell(OrdersFrozen(incident_id=incident.pk, version=version, count=len(rows)), at=at)
    return snapshot


def read_orders(source: OrderSource, window: Window) -> list[AffectedOrder]:
    """The orders of the source in a window, each once; raises `CannotFreezeOrders`, which never repeats the address."""
    url = _address(source.sealed_url)
    rows = _by_sql(url, source.query, window) if source.kind == "sql" else _by_http(url, window)
    found: dict[str, AffectedOrder] = {}
    for number, row in enumerate(rows, start=1):
        try:
            order = _order(row)
        except (ValueError, IndexError, InvalidOperation) as error:
            raise CannotFreezeOrders(f"row {number} of the source is no order: {error}") from error
        found[order.number] = order
    return list(found.values())


def _address(text: str) -> str:
    if not text.startswith(FROM_ENV):
        return open_text(text)
    value = os.environ.get(text.removeprefix(FROM_ENV))
    if value is None:
        raise CannotFreezeOrders(f"the environment variable {text.removeprefix(FROM_ENV)} is not set for the worker")
    return value


def _by_sql(url: str, query: str, window: Window) -> Iterable[tuple[Any, ...]]:
    # Both are moments of ours, written as literals: the server's cursor takes no parameters of a foreign query.
    text = query.replace("{start}", _literal(window.start)).replace("{end}", _literal(window.end))
    guard = Guard(allowed=env.allowed_networks)
    try:
        return read_rows(url, query=text, guard=guard, seconds=READ_SECONDS, most=MOST_ORDERS)
    except CannotReadRows as error:
        raise CannotFreezeOrders(str(error)) from error


def _literal(moment: datetime) -> str:
    return f"'{moment.isoformat()}'::timestamptz"


def _by_http(url: str, window: Window) -> Iterable[tuple[Any, ...]]:
    guard = Guard(allowed=env.allowed_networks)
    moments = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    try:
        with guarded_client(guard, timeout_s=READ_SECONDS) as client:
            answer = client.get(url, params=moments)
            answer.raise_for_status()
            told = answer.json()
    except httpx.HTTPStatusError as error:
        raise CannotFreezeOrders(f"the source of orders answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CannotFreezeOrders(f"the source of orders did not answer with JSON ({type(error).__name__})") from error
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise CannotFreezeOrders("the source of orders did not answer with a list of objects")
    if len(told) > MOST_ORDERS:
        raise CannotFreezeOrders(f"the source gives more than {MOST_ORDERS:,} orders")
    names = ("number", "placed_at", "state", "amount", "customer")
    return [tuple(one.get(name) for name in names) for one in told]


def _order(row: tuple[Any, ...]) -> AffectedOrder:
    """One order from number, when placed, state, amount and, if there is a fifth, who."""
    number, placed_at, state, amount = row[:4]
    if isinstance(placed_at, str):
        placed_at = datetime.fromisoformat(placed_at.strip())
    if not isinstance(placed_at, datetime):
        raise ValueError(f"{placed_at!r} is no time")  # noqa: TRY004
    if placed_at.tzinfo is None:
        placed_at = placed_at.replace(tzinfo=shop_zone())
    money = Decimal(str(amount).strip())
    if not money.is_finite():
        raise ValueError(f"{amount!r} is no amount")
    if number is None or not str(number).strip():
        raise ValueError("it has no number")
    who = row[4] if len(row) > 4 else None
    return AffectedOrder(
        number=str(number).strip()[:80],
        placed_at=placed_at,
        state=str(state if state is not None else "")[:60],
        amount=round(money, 2),
        customer=hash_of_customer(str(who)) if who not in (None, "") else "",
    )


def hash_of_customer(reference: str) -> str:
    """A keyed hash of who ordered: two orders of one customer can be matched, and nobody can be read from it."""
    key = derived_key("customer references of frozen orders")
    return hmac.new(key, reference.strip().lower().encode(), hashlib.sha256).hexdigest()[:32]
