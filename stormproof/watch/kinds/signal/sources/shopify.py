"""Reads orders of Shopify by its GraphQL Admin API (its REST Admin API is legacy since October 2024)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

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

PER_PAGE = 250
MOST_PAGES = 400
BAD = frozenset({"VOIDED", "EXPIRED", "PENDING"})
QUERY = """
query orders($first: Int!, $after: String, $filter: String!) {
  orders(first: $first, after: $after, query: $filter, sortKey: CREATED_AT) {
    nodes {
      createdAt displayFinancialStatus paymentGatewayNames
      totalPriceSet { shopMoney { amount } } billingAddress { countryCodeV2 }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class ShopifySource(SourceShape):
    """Orders of a Shopify shop: voided, expired and unpaid ones are attempts, all others are good."""

    type: Literal["shopify"]
    url: WebAddress = Field(description="The shop, such as https://harbour.myshopify.com.")
    secret: Secret = Field(min_length=1, description="The Admin API access token, with read_orders; kept sealed.")
    version: str = Field("2026-10", pattern=r"^\d{4}-\d{2}$|^unstable$", description="The version of the Admin API.")


def _read(shape: ShopifySource, since: datetime, until: datetime, guard: Guard) -> list[Row]:
    with asking(guard, headers={"X-Shopify-Access-Token": shape.secret}) as asker:
        return rows_of(_records(asker, shape, since, until))


def _records(asker: Asker, shape: ShopifySource, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    span = f"created_at:>='{_iso(since)}' AND created_at:<'{_iso(until)}'"
    cursor: str | None = None
    for _page in range(MOST_PAGES):
        orders = _ask(asker, shape, {"first": PER_PAGE, "after": cursor, "filter": span})
        for order in orders["nodes"]:
            yield _record(order)
        if not orders["pageInfo"]["hasNextPage"]:
            return
        cursor = orders["pageInfo"]["endCursor"]
    raise SourceFailed(f"more than {MOST_PAGES * PER_PAGE:,} orders in one span; this source is too slow for the shop")


def _ask(asker: Asker, shape: ShopifySource, variables: dict[str, Any]) -> Any:
    """One page; a throttled question is asked again once the bucket has filled, as the answer's cost says."""
    address = f"{shape.url}/admin/api/{shape.version}/graphql.json"
    for _attempt in range(4):
        answer, _ = asker.ask("POST", address, json={"query": QUERY, "variables": variables})
        faults = answer.get("errors") if isinstance(answer, dict) else [{"message": "no object"}]
        if not faults:
            return answer["data"]["orders"]
        if not isinstance(faults, list) or not any(_code(fault) == "THROTTLED" for fault in faults):
            raise SourceFailed(f"Shopify says: {_message(faults)}")
        asker.pause(_seconds_until_paid(answer))
    raise SourceFailed("Shopify throttles us; it is asked again in a minute")


def _code(fault: Any) -> str:
    return str((fault.get("extensions") or {}).get("code", "")) if isinstance(fault, dict) else ""


def _message(faults: Any) -> str:
    first = faults[0] if isinstance(faults, list) else faults
    return str(first.get("message") if isinstance(first, dict) else first)[:200]


def _seconds_until_paid(answer: dict[str, Any]) -> float:
    cost = (answer.get("extensions") or {}).get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    short = float(cost.get("requestedQueryCost") or 100) - float(bucket.get("currentlyAvailable") or 0)
    return max(0.2, short / float(bucket.get("restoreRate") or 50))


def _record(order: dict[str, Any]) -> dict[str, Any]:
    is_good = order.get("displayFinancialStatus") not in BAD
    money = ((order.get("totalPriceSet") or {}).get("shopMoney") or {}).get("amount")
    gateways = order.get("paymentGatewayNames") or []
    return {
        "at": order.get("createdAt"),
        "good": is_good,
        "value": money if is_good else 0,
        "provider": gateways[-1] if gateways else None,
        "country": (order.get("billingAddress") or {}).get("countryCodeV2"),
    }


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


SOURCE = Source(
    name="shopify",
    title="Shopify orders",
    shape=ShopifySource,
    read=_read,
    chunk=timedelta(days=2),
    hosts=lambda shape: [("source.url", host_of(shape.url))],
    secrets=("secret",),
)
