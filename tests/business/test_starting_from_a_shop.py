"""`stormproof init`: what is found in a shop becomes a document that applies as it is."""

from __future__ import annotations

import ipaddress

import pytest
from django.urls import reverse

from stormproof.business.choices import Service
from stormproof.business.document.planning import export_document
from stormproof.business.document.starter import Wishes
from stormproof.business.models import Node
from stormproof.business.services import discovery
from stormproof.business.services.discovery import CannotLookAtShop, propose_from_shop
from stormproof.business.services.document import apply_document, plan_of
from stormproof.core.actor import SYSTEM
from stormproof.core.env import Env
from stormproof.engine.probe.visit.vendors import known_vendors
from tests.business.documents import AT
from tests.business.test_pages import page_of
from tests.engine.probe.small_shop import small_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def _here_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Env(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(discovery, "env", here)
    monkeypatch.setattr("stormproof.watch.services.monitors.env", here)


@pytest.mark.usefixtures("_here_is_allowed")
def test_the_proposal_applies_without_a_change() -> None:
    with small_shop() as (address, _):
        wishes = Wishes(mail="alice@shop.example", time_zone="Europe/Copenhagen", yearly="350k")
        proposal = propose_from_shop(address, wishes=wishes, actor=SYSTEM, at=AT)
    apply_document(proposal.text, door="command", actor=SYSTEM, at=AT)
    assert plan_of(proposal.text).entries == []
    assert plan_of(export_document()).entries == []
    assert set(Node.objects.filter(kind="function").values_list("slug", flat=True)) == {
        "browsing", "search", "basket", "payments", "checkout",
    }  # fmt: skip
    providers = Node.objects.filter(needed_in__dependency__node__slug="payments").values_list("name", flat=True)
    assert set(providers) == {"Stripe", "Klarna"}


@pytest.mark.usefixtures("_here_is_allowed")
def test_the_page_shows_what_it_found_and_saves_nothing() -> None:
    with small_shop() as (address, _):
        answer = page_of("alice").post(reverse("discover"), {"address": address, "time_zone": "Europe/Berlin"})
    text = answer.content.decode()
    assert "products/oak-table" in text
    assert "Stripe" in text
    assert not Node.objects.exists()


def test_a_private_address_is_refused_at_the_field() -> None:
    with small_shop() as (address, asked):
        answer = page_of("alice").post(reverse("discover"), {"address": address, "time_zone": "Europe/Berlin"})
        assert asked == []
    assert answer.status_code == 422
    assert "is a loopback address" in answer.content.decode()


def test_bob_may_not_look_at_a_shop() -> None:
    assert page_of("bob").get(reverse("discover")).status_code == 403


def test_a_shop_that_is_not_there_is_refused() -> None:
    with pytest.raises(CannotLookAtShop, match="is not a web address"):
        propose_from_shop("no shop", wishes=Wishes(), actor=SYSTEM, at=AT)


def test_every_vendor_renders_a_service_that_the_business_knows() -> None:
    assert {vendor.service for vendor in known_vendors()} <= set(Service.values)
