"""`stormproof init` against the sample shop: it is found, and what is written applies without a change."""

from __future__ import annotations

import ipaddress

import pytest

from stormproof.business import selectors
from stormproof.business.document.starter import Wishes
from stormproof.business.services import discovery
from stormproof.business.services.discovery import propose_from_shop
from stormproof.business.services.document import apply_document, plan_of
from stormproof.core.actor import SYSTEM
from stormproof.core.clock import now
from stormproof.core.env import Env
from tests.examples.shop import open_shop

pytestmark = [pytest.mark.parts, pytest.mark.django_db]


def test_the_sample_shop_is_found_and_put_under_care(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Env(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(discovery, "env", here)
    monkeypatch.setattr("stormproof.watch.services.monitors.env", here)
    with open_shop() as shop:
        wishes = Wishes(mail="alice@shop.example", time_zone="Europe/Berlin")
        found = propose_from_shop(shop.values["WEB_URL"], wishes=wishes, actor=SYSTEM, at=now())
    pages = {role: page.url for role, page in found.findings.pages.items()}
    assert set(pages) == {"home", "product", "basket", "checkout", "search"}
    assert "/catalogue/" in pages["product"]
    assert pages["basket"].endswith("/basket/")
    assert pages["checkout"].endswith("/checkout/")
    assert found.findings.name == "Harbour Outdoor"
    assert [(one.name, one.service) for one in found.findings.suppliers] == [("Harbour Pay", "payment")]
    apply_document(found.text, door="command", actor=SYSTEM, at=now())
    assert plan_of(found.text).entries == []
    down = selectors.impact_of([selectors.node_by_slug("harbour-pay").pk])
    names = selectors.nodes_by_id(down.functions)
    assert [names[pk].slug for pk in down.functions] == ["payments", "checkout"]
