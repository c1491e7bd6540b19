"""The business for programs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from stormproof.business.models import Node
from tests.business.documents import SHOP, apply
from tests.business.test_pages import page_of

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/business"


def post(client: Client, path: str, text: str) -> Any:
    return client.post(f"{ROOT}/{path}", data=text, content_type="application/yaml")


def test_alice_plans_and_applies_exactly_what_she_saw() -> None:
    alice = page_of("alice")
    plan = post(alice, "document/plan", SHOP).json()
    assert (plan["add"], plan["change"], plan["remove"]) == (11, 0, 0)
    done = post(alice, f"document/apply?expecting={plan['fingerprint']}", SHOP).json()
    assert done["revision"] == 1
    stale = post(alice, f"document/apply?expecting={plan['fingerprint']}", SHOP)
    assert (stale.status_code, stale.json()["detail"]) == (422, "the business changed since this plan was shown")


def test_faults_come_as_errors_with_lines() -> None:
    answer = post(page_of("alice"), "document/apply", SHOP.replace("rto: 30m", "rto: 5h"))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["line"]) == ("functions.checkout.objectives.rto", 36)
    assert not Node.objects.exists()


def test_bob_reads_and_may_not_apply() -> None:
    apply(SHOP)
    bob = page_of("bob")
    assert bob.get(f"{ROOT}/nodes").json()["count"] == 9
    assert bob.get(f"{ROOT}/nodes/checkout").json()["objective"]["rto_seconds"] == 1800
    assert bob.get(f"{ROOT}/document").content.decode().startswith("version: 1\n")
    assert post(bob, "document/apply", SHOP).status_code == 403


def test_charlie_sees_nothing() -> None:
    apply(SHOP)
    charlie = page_of("charlie")
    assert charlie.get(f"{ROOT}/nodes/checkout").status_code == 404
    assert charlie.get(f"{ROOT}/graph").status_code == 403


def test_what_if_and_the_graph() -> None:
    apply(SHOP)
    bob = page_of("bob")
    answer = bob.get(f"{ROOT}/what-if", {"down": ["web-a", "web-b"]}).json()
    assert answer["functions"] == ["checkout", "search"]
    assert (answer["tightest_rto_seconds"], answer["tightest_rto_function"]) == (1800, "checkout")
    assert bob.get(f"{ROOT}/what-if", {"down": ["nothing"]}).status_code == 404
    graph = bob.get(f"{ROOT}/graph").json()
    assert graph["single_points_of_failure"]["orders-db"] == ["checkout", "search"]
    assert {"node": "orders-db", "at_least": 1, "of": ["dc-1"]} in graph["needs"]
