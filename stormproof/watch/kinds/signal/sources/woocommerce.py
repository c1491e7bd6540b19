"""Reads orders of WooCommerce by its REST API v3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
from pydantic import Field

from stormproof.engine.probe.guard import Guard
from stormproof.watch.kinds.signal.sources.source import (
    Row,
    Secret,
    Source,
    SourceFailed,
    SourceShape,
    WebAddress,
    rows_of,
)
from stormproof.watch.kinds.signal.sources.web import Asker, asking, host_of

PER_PAGE = 100
MOST_PAGES = 500
GOOD = frozenset({"processing", "completed", "on-hold", "refunded"})
NO_ATTEMPT = frozenset({"checkout-draft", "auto-draft", "trash"})


class WoocommerceSource(SourceShape):
    """Orders of a WooCommerce shop: paid ones are good, failed, cancelled and unpaid ones are attempts."""

    type: Literal["woocommerce"]
    url: WebAddress = Field(description="The shop, such as https://shop.example.")
    user: str = Field(min_length=1, max_length=200, description="The consumer key, ck_...; read access is enough.")
    secret: Secret = Field(min_length=1, description="The consumer secret, cs_...; kept sealed.")


def _read(shape: WoocommerceSource, since: datetime, until: datetime, guard: Guard) -> list[Row]:
    with asking(guard, auth=httpx.BasicAuth(shape.user, shape.secret)) as asker:
        return rows_of(_records(asker, shape.url, since, until))


def _records(asker: Asker, url: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    parameters: dict[str, str | int] = {
        "after": f"{since.astimezone(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}",  # `after` leaves its second out
        "before": f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        "dates_are_gmt": "true",
        "status": "any",
        "orderby": "date",
        "order": "asc",
        "per_page": PER_PAGE,
    }
    for page in range(1, MOST_PAGES + 1):
        orders, headers = asker.ask("GET", f"{url}/wp-json/wc/v3/orders", params={**parameters, "page": page})
        if not isinstance(orders, list):
            raise SourceFailed("WooCommerce did not answer with a list of orders")
        for order in orders:
            if order.get("status") not in NO_ATTEMPT:
                yield _record(order)
        if page >= int(headers.get("X-WP-TotalPages", page)):
            return
    raise SourceFailed(f"more than {MOST_PAGES * PER_PAGE:,} orders in one span; this source is too slow for the shop")


def _record(order: dict[str, Any]) -> dict[str, Any]:
    is_good = order.get("status") in GOOD
    return {
        "at": order.get("date_created_gmt"),
        "good": is_good,
        "value": order.get("total") if is_good else 0,
        "method": order.get("payment_method"),
        "country": (order.get("billing") or {}).get("country"),
    }


SOURCE = Source(
    name="woocommerce",
    title="WooCommerce orders",
    shape=WoocommerceSource,
    read=_read,
    chunk=timedelta(days=2),
    hosts=lambda shape: [("source.url", host_of(shape.url))],
    secrets=("secret",),
)
