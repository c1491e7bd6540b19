"""Sets what the shop earns: by hand, or from its own orders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from stormproof.business.choices import Source
from stormproof.business.facts import RevenueProfileChanged
from stormproof.business.models import RevenueProfile
from stormproof.business.rules import Order, Profile, changed_fields, flat_week, profile_from_orders, yearly_of
from stormproof.business.selectors import shop_zone
from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.rows import CannotReadRows, read_rows

WRITE = "business.write"
MOST_ORDERS = 500_000
LARGEST_BYTES = 50_000_000
MOST_ERRORS = 20
QUERY_SECONDS = 30


class CannotSetRevenue(Refused):
    """The figures are no revenue profile."""


@dataclass(frozen=True)
class RowError:
    """One row of an import that cannot be read, counted from 1 with the heading as row 1."""

    row: int
    message: str


class CannotImportRevenue(Refused):
    """Rows cannot be read; `rows` says which and why. Nothing was changed."""

    def __init__(self, message: str, *, rows: Sequence[RowError] = (), field: str = "", hint: str = "") -> None:
        super().__init__(message, field=field, hint=hint)
        self.rows = list(rows)


@transaction.atomic
def set_revenue(
    *,
    hour_of_week: Sequence[Decimal] | None = None,
    yearly: Decimal | None = None,
    season: Mapping[int, Decimal] | None = None,
    note: str = "",
    source: str = Source.HAND,
    actor: Actor,
    at: datetime,
) -> RevenueProfile:
    """Set the profile from 168 hourly figures or from one year, with a factor for each month that is not average."""
    actor.require(WRITE)
    months = [Decimal((season or {}).get(month, 1)) for month in range(1, 13)]
    if hour_of_week is None:
        if yearly is None:
            raise CannotSetRevenue("there are neither 168 hourly figures nor a yearly one", field="yearly")
        if not any(months):
            raise CannotSetRevenue("every month has the factor 0", field="season", hint="one must be above")
        hour_of_week = flat_week(yearly=yearly, season=months)
    if len(hour_of_week) != 168:
        raise CannotSetRevenue(f"a week has 168 hours, not {len(hour_of_week)}", field="hour_of_week")
    if any(value < 0 for value in [*hour_of_week, *months]):
        raise CannotSetRevenue("revenue is never negative", field="hour_of_week")
    values = {
        "hour_of_week": list(hour_of_week),
        "season": months,
        "yearly": yearly,
        "source": source,
        "note": note,
    }
    before = RevenueProfile.objects.values(*values).first() or {}
    profile, _ = RevenueProfile.objects.update_or_create(id=1, defaults={**values, "set_at": at})
    if changed_fields(before, values):
        year = yearly_of(Profile(hour_of_week=hour_of_week, season=months, zone=shop_zone()))
        tell(RevenueProfileChanged(source=source, yearly=f"{year:.2f}"), at=at, actor=actor)
    return profile


@transaction.atomic
def clear_revenue(*, actor: Actor, at: datetime) -> None:
    """Remove the profile; from then on nothing has a price."""
    actor.require(WRITE)
    deleted, _ = RevenueProfile.objects.all().delete()
    if deleted:
        tell(RevenueProfileChanged(source=Source.HAND, yearly=None), at=at, actor=actor)


def import_revenue(orders: Iterable[Order], *, note: str, actor: Actor, at: datetime) -> RevenueProfile:
    """Set the profile to what these orders show; refused when they span less than a week."""
    actor.require(WRITE)
    try:
        week, season = profile_from_orders(orders, zone=shop_zone())
    except ValueError as error:
        raise CannotImportRevenue(str(error), hint="export a few months of orders, a year if you can") from error
    factors = {month: factor for month, factor in enumerate(season, start=1) if factor != 1}
    return set_revenue(hour_of_week=week, season=factors, note=note, source=Source.ORDERS, actor=actor, at=at)


def orders_in_csv(source: bytes) -> list[Order]:
    """The orders of a CSV with the columns `placed_at` and `total`; raises `CannotImportRevenue` with every bad row.

    `placed_at` is ISO 8601; a time without an offset is the shop's own. `total` has a point, no thousands marks.
    """
    if len(source) > LARGEST_BYTES:
        raise CannotImportRevenue(f"the file has more than {LARGEST_BYTES:,} bytes", field="file", hint="split it")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotImportRevenue("the file is not UTF-8 text", field="file", hint="save it as UTF-8 CSV") from error
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    missing = {"placed_at", "total"} - {(name or "").strip() for name in rows.fieldnames or ()}
    if missing:
        raise CannotImportRevenue(
            f"the heading lacks {' and '.join(sorted(missing))}",
            field="file",
            hint="the first line is: placed_at,total",
        )
    numbered = ((number, (row.get("placed_at"), row.get("total"))) for number, row in enumerate(rows, start=2))
    return _read_orders(numbered, zone=shop_zone(), field="file")


def orders_in_database(dsn: str, *, query: str) -> list[Order]:
    """The orders that `query` gives in the shop's own PostgreSQL: two columns, when placed and the total.

    The query runs in a read-only transaction with a time limit of 30 s, and only where this installation may connect.
    """
    zone = shop_zone()
    try:
        guard = Guard(allowed=env.allowed_networks)
        rows = read_rows(dsn, query=query, guard=guard, seconds=QUERY_SECONDS, most=MOST_ORDERS)
    except CannotReadRows as error:
        raise CannotImportRevenue(str(error), field="query") from error
    if rows and len(rows[0]) != 2:
        raise CannotImportRevenue(
            f"the query gives {len(rows[0])} columns",
            field="query",
            hint="it must give two: when placed, and the total",
        )
    return _read_orders(enumerate(rows, start=1), zone=zone, field="query")


def _read_orders(rows: Iterable[tuple[int, Sequence[Any]]], *, zone: ZoneInfo, field: str) -> list[Order]:
    """The orders of numbered rows (when placed, total); raises `CannotImportRevenue` naming the bad ones."""
    orders: list[Order] = []
    errors: list[RowError] = []
    for number, (placed_at, total) in rows:
        try:
            orders.append(_order(placed_at, total, zone=zone))
        except ValueError as error:
            errors.append(RowError(number, str(error)))
    if errors:
        raise CannotImportRevenue(
            f"{len(errors)} of {len(orders) + len(errors)} rows cannot be read", rows=errors[:MOST_ERRORS], field=field
        )
    return orders


def _order(placed_at: Any, total: Any, *, zone: ZoneInfo) -> Order:
    if isinstance(placed_at, str):
        try:
            placed_at = datetime.fromisoformat(placed_at.strip())
        except ValueError:
            raise ValueError(f"placed_at {placed_at!r} is not a time such as 2026-11-22T14:02:00") from None
    if not isinstance(placed_at, datetime):
        raise ValueError(f"placed_at is {placed_at!r}, not a time")  # noqa: TRY004
    try:
        money = Decimal(str(total).strip())
    except InvalidOperation:
        raise ValueError(f"total {total!r} is not a number such as 59.90") from None
    if not money.is_finite() or money < 0:
        raise ValueError(f"total {total!r} is below zero or not finite")
    return Order(placed_at=placed_at if placed_at.tzinfo else placed_at.replace(tzinfo=zone), total=money)
