"""The customers of an exercise, and what they and the shop say afterwards."""

from __future__ import annotations

import time
from typing import Any

import httpx
import psycopg

from stormproof.core.env import env
from stormproof.engine.probe.guard import AddressRefused, Guard
from stormproof.engine.probe.guarded_http import guarded_client
from stormproof.recover.kinds.contract import CannotRunStep
from stormproof.recover.kinds.databases import connect
from stormproof.recover.kinds.http import Http, HttpShape
from stormproof.recover.kinds.references import is_reference, open_reference
from stormproof.rehearse.kinds.calls import call_now
from stormproof.rehearse.kinds.shapes import CustomersShape, OrdersShape
from stormproof.rehearse.rules import Acknowledged

SECONDS = 45.0  # customers who are in the middle of an order end it first


class CannotCount(Exception):
    """The customers' program or the shop's orders could not be asked; the message says which and why."""


def send_customers(customers: CustomersShape) -> None:
    """Have the customers begin, with their counters at nothing; raises `CannotCount`."""
    if customers.reset is not None:
        _send(customers.reset, "reset the customers")
    _send(customers.start, "start the customers")


def stop_customers(customers: CustomersShape) -> None:
    """Have the customers stop; raises `CannotCount`."""
    _send(customers.stop, "stop the customers")


def acknowledged_by(customers: CustomersShape) -> list[Acknowledged]:
    """The orders whose number a customer has seen; raises `CannotCount`."""
    wanted = customers.acknowledged
    entries = _json(wanted.url).get(wanted.list_)
    if not isinstance(entries, list) or any(wanted.number not in entry for entry in entries):
        raise CannotCount(f"{wanted.url} has no list {wanted.list_!r} of entries with {wanted.number!r}")
    return [Acknowledged(number=str(entry[wanted.number]), at=_moment(entry.get(wanted.at))) for entry in entries]


def failed_requests_of(customers: CustomersShape) -> int | None:
    """How many requests failed for the customers; None when nobody counts. Raises `CannotCount`."""
    if customers.failed is None:
        return None
    found = _json(customers.failed.url).get(customers.failed.key)
    if not isinstance(found, int):
        raise CannotCount(f"{customers.failed.url} has no whole number {customers.failed.key!r}")
    return found


def stored_orders(orders: OrdersShape) -> set[str]:
    """The numbers of the orders that the shop has; raises `CannotCount`."""
    try:
        url = open_reference(orders.url) if is_reference(orders.url) else orders.url
        with connect(url, seconds=20) as connection:
            connection.read_only = True
            return {str(row[0]) for row in connection.execute(orders.query.encode())}
    except (CannotRunStep, psycopg.Error) as error:
        raise CannotCount(f"the shop's orders cannot be read: {str(error).strip()}") from error


def _send(request: HttpShape, what: str) -> None:
    try:
        outcome = Http().execute(request, call_now("customers", seconds=SECONDS, monotonic=time.monotonic()))
    except CannotRunStep as error:
        raise CannotCount(f"cannot {what}: {error}") from error
    if outcome.state != "done":
        raise CannotCount(f"cannot {what}: {outcome.output[:300]}")


def _json(url: str) -> dict[str, Any]:
    try:
        with guarded_client(Guard(env.allowed_networks)) as client:
            answer = client.get(url, timeout=10).raise_for_status().json()
    except (httpx.HTTPError, AddressRefused, ValueError) as error:
        raise CannotCount(f"{url}: {type(error).__name__} {error}") from error
    if not isinstance(answer, dict):
        raise CannotCount(f"{url} does not answer with an object")
    return answer


def _moment(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
