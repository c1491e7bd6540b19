"""Documents that the tests of `business` share, and who applies them."""

from __future__ import annotations

from datetime import UTC, datetime

from stormproof.business.choices import Door
from stormproof.business.services.document import Applied, apply_document
from stormproof.core.actor import Actor

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday, 10:00 in Berlin
ALICE = Actor(key="user:1", name="Alice", permissions=frozenset({"business.read", "business.write"}))
BOB = Actor(key="user:2", name="Bob", permissions=frozenset({"business.read"}))

SHOP = """\
version: 1
business:
  name: Harbour Outdoor
  currency: EUR
  time_zone: Europe/Berlin
sites:
  dc-1:
    name: Data centre 1
suppliers:
  psp-a:
    name: Provider A
    service: payment
    status_page: https://status.psp-a.example
  psp-b: {name: Provider B, service: payment}
assets:
  orders-db:
    name: Orders database
    type: database
    site: dc-1
    objectives: {rto: 15m, rpo: 0s}
    rehearsable: true
  web-a: {name: Web A, type: web, depends_on: [orders-db]}
  web-b: {name: Web B, type: web, depends_on: [orders-db]}
functions:
  payment:
    name: Payment
    depends_on:
      - {at_least: 1, of: [psp-a, psp-b], label: providers}
    revenue_share: 100%
  checkout:
    name: Checkout
    public_name: Placing orders
    depends_on:
      - payment
      - {at_least: 1, of: [web-a, web-b], label: web}
    objectives: {rto: 30m, rpo: 0s, mtpd: 4h, mbco: 50%}
    revenue_share: 100%
  search:
    name: Search
    depends_on: [{at_least: 1, of: [web-a, web-b]}]
    revenue_share: 20%
revenue:
  yearly: 1.2M
  season: {11: 1.6, 12: 1.8}
"""


def apply(text: str, *, at: datetime = AT) -> Applied:
    """Apply as Alice."""
    return apply_document(text, door=Door.COMMAND, actor=ALICE, at=at)
