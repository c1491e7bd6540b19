"""Handles what integrations sent: reads each delivery once, counts repeats, groups, ends, and tells people.

Deliveries are handled in the order in which they came, by one process at a time (an advisory lock, held for some tens
of milliseconds), in sets: a burst of 20,000 alerts is a few dozen statements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction

from stormproof.core.live import announce
from stormproof.respond.choices import DeliveryState
from stormproof.respond.kinds import KINDS, CannotRead, Delivery, Report
from stormproof.respond.models import AlertDelivery, Integration
from stormproof.respond.services.locking import lock_alerts
from stormproof.respond.services.settling import settle
from stormproof.respond.services.sorting import Sorted, Sorter

MOST_DELIVERIES = 1000
MOST_BYTES = 16_000_000
log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class _Read:
    """What a set of deliveries said, and what became of each."""

    reports: list[tuple[Integration, Report]] = field(default_factory=list)
    handled: list[AlertDelivery] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


def handle_deliveries(*, at: datetime) -> int:
    """Handle a set of what waits, oldest first; returns how many deliveries. Call it until it returns 0.

    What the database refuses is tried one by one, so that one delivery harms no other.
    """
    try:
        return _handle(most=MOST_DELIVERIES, at=at)
    except DatabaseError as error:
        if connection.errors_occurred or not connection.is_usable():
            raise
        log.warning("intake.set_refused", error=str(error).strip()[:300])
    try:
        return _handle(most=1, at=at)
    except DatabaseError as error:
        return _set_aside(str(error).strip().splitlines()[0], at=at)


@transaction.atomic
def _handle(*, most: int, at: datetime) -> int:
    lock_alerts()
    deliveries = _claim(most)
    if not deliveries:
        return 0
    read = _read(deliveries, at=at)
    settle(_sorted(read.reports, at=at), at=at)
    _note(read, at=at)
    return len(deliveries)


@transaction.atomic
def _set_aside(error: str, *, at: datetime) -> int:
    """Mark the oldest delivery as one that cannot be handled."""
    lock_alerts()
    deliveries = _claim(1)
    _note(_Read(handled=deliveries, errors={one.pk: f"it cannot be kept: {error}" for one in deliveries}), at=at)
    return len(deliveries)


def _claim(most: int) -> list[AlertDelivery]:
    """The oldest deliveries that wait, no more bytes than fit into a small memory."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, octet_length(body) FROM respond_alertdelivery WHERE state = 'waiting' ORDER BY id LIMIT %s",
            [most],
        )
        sizes = cursor.fetchall()
    chosen: list[int] = []
    total = 0
    for id, size in sizes:
        total += size
        if chosen and total > MOST_BYTES:
            break
        chosen.append(id)
    if not chosen:
        return []
    return list(AlertDelivery.objects.filter(pk__in=chosen).order_by("pk"))


def _read(deliveries: Iterable[AlertDelivery], *, at: datetime) -> _Read:
    read = _Read()
    integrations: dict[int, Integration] = {}
    for row in deliveries:
        integration = integrations.get(row.integration_id)
        if integration is None:
            integration = integrations[row.integration_id] = Integration.objects.get(pk=row.integration_id)
        read.handled.append(row)
        try:
            reports = KINDS[integration.kind].read(_delivery_of(row, integration))
        except CannotRead as error:
            read.errors[row.pk] = str(error)
        except Exception:
            log.exception("intake.kind_failed", kind=integration.kind, delivery=row.pk)
            read.errors[row.pk] = "it could not be read because of a fault in Stormproof, which is logged"
        else:
            row.alerts = len(reports)
            read.reports += [(integration, report) for report in reports]
    return read


def _delivery_of(row: AlertDelivery, integration: Integration) -> Delivery:
    return Delivery(
        body=bytes(row.body),
        headers=row.headers,
        received_at=row.received_at,
        fields=integration.fields,
        reference=row.reference,
    )


def _sorted(reports: list[tuple[Integration, Report]], *, at: datetime) -> list[Sorted]:
    if not reports:
        return []
    sorter = Sorter(at=at)
    return [sorter.sort(integration, report) for integration, report in reports]


def _note(read: _Read, *, at: datetime) -> None:
    """Write what became of each delivery, and what its integration last said."""
    newest: dict[int, AlertDelivery] = {}
    for row in read.handled:
        row.handled_at = at
        row.state = DeliveryState.UNREADABLE if row.pk in read.errors else DeliveryState.HANDLED
        row.reason = read.errors.get(row.pk, "")[:500]
        newest[row.integration_id] = row
    _write_states(read.handled)
    for integration_id, row in newest.items():
        changes: dict[str, Any] = {"last_received_at": row.received_at}
        wrong = [one for one in read.handled if one.integration_id == integration_id and one.reason]
        if wrong:
            changes |= {"last_error": wrong[-1].reason, "last_error_at": at}
        Integration.objects.filter(pk=integration_id).update(**changes)
        announce(f"integration:{integration_id}")


def _write_states(rows: list[AlertDelivery]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE respond_alertdelivery d SET state = n.state, reason = n.reason, alerts = n.alerts, "
            "handled_at = n.at FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::timestamptz[]) "
            "AS n(id, state, reason, alerts, at) WHERE d.id = n.id",
            [
                [row.pk for row in rows],
                [str(row.state) for row in rows],
                [row.reason for row in rows],
                [row.alerts for row in rows],
                [row.handled_at for row in rows],
            ],
        )
