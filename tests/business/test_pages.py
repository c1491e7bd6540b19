"""The business pages: Alice may change things, Bob may only read, Charlie sees nothing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from stormproof.business import selectors
from stormproof.business.models import Revision
from stormproof.people.models import User
from tests.business.documents import SHOP, apply

pytestmark = pytest.mark.django_db

ROLES = {"alice": ["continuity_manager"], "bob": ["auditor"], "charlie": ["employee"]}


def page_of(name: str) -> Client:
    user = User.objects.create_user(f"{name}@shop.example", name=name.title(), roles=ROLES[name])
    client = Client()
    client.force_login(user)
    return client


PAGES = [
    reverse("business"),
    reverse("graph"),
    reverse("what-if"),
    reverse("revenue"),
    reverse("document"),
    reverse("document-export"),
    reverse("node", args=["checkout"]),
    reverse("node-now", args=["orders-db"]),
    reverse("revision", args=[1]),
]


@pytest.mark.parametrize("page", PAGES)
def test_bob_may_read_a_page_that_charlie_does_not_find(page: str) -> None:
    apply(SHOP)
    assert page_of("bob").get(page).status_code == 200
    assert page_of("charlie").get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES[:6])
def test_pages_work_while_nothing_is_described(page: str) -> None:
    assert page_of("alice").get(page).status_code == 200


def test_the_node_page_says_what_its_loss_means() -> None:
    apply(SHOP)
    text = page_of("bob").get(reverse("node", args=["orders-db"])).content.decode()
    assert "If it goes, Checkout and Search stop" in text
    assert "to be back within 30 min" in text


def test_what_if_answers_for_every_node_that_is_ticked() -> None:
    apply(SHOP)
    bob = page_of("bob")
    assert "no function stops" in bob.get(reverse("what-if"), {"down": "web-a"}).content.decode()
    both = bob.get(reverse("what-if"), {"down": ["web-a", "web-b"]}).content.decode()
    assert "If Web A and Web B go, Checkout and Search stop" in both
    assert "too few are left" in both


def test_alice_promises_times_and_a_wrong_one_stays_in_the_field() -> None:
    apply(SHOP)
    alice, page = page_of("alice"), reverse("node-objectives", args=["search"])
    assert alice.post(page, {"rto": "45m", "rpo": "", "mtpd": "8h", "mbco": "25"}).status_code == 302
    promised = selectors.objective_of(selectors.node_by_slug("search").pk)
    assert promised is not None
    assert (promised.rto_seconds, promised.rpo_seconds, promised.mtpd_seconds, promised.mbco_percent) == (
        2700, None, 28800, 25,
    )  # fmt: skip
    refused = alice.post(page, {"rto": "9h", "mtpd": "8h"})
    assert refused.status_code == 422
    assert "is above the MTPD" in refused.content.decode()
    assert 'value="9h"' in refused.content.decode()
    assert "is not a duration" in alice.post(page, {"rto": "soon"}).content.decode()


def test_bob_may_not_promise() -> None:
    apply(SHOP)
    assert page_of("bob").post(reverse("node-objectives", args=["search"]), {"rto": "45m"}).status_code == 403


def test_a_document_is_shown_before_it_is_applied() -> None:
    alice = page_of("alice")
    shown = alice.post(reverse("document-preview"), {"text": SHOP})
    assert "11 to add" in shown.content.decode()
    assert not Revision.objects.exists()
    plan = shown.context["plan"]
    done = alice.post(reverse("document-apply"), {"text": SHOP, "expecting": plan.fingerprint})
    assert done.status_code == 302
    assert Revision.objects.get().door == "page"


def test_faults_of_a_document_are_shown_with_their_lines() -> None:
    refused = page_of("alice").post(reverse("document-preview"), {"text": SHOP.replace("rto: 30m", "rto: 30")})
    assert refused.status_code == 422
    assert "functions.checkout.objectives.rto" in refused.content.decode()


def test_orders_are_imported_and_bad_rows_are_named() -> None:
    apply(SHOP)
    alice, page = page_of("alice"), reverse("revenue-import")
    from django.core.files.uploadedfile import SimpleUploadedFile

    bad = SimpleUploadedFile("orders.csv", b"placed_at,total\n2026-01-01T10:00,12.50\nyesterday,3\n2026-01-02,x\n")
    text = alice.post(page, {"file": bad}).content.decode()
    assert "row 3: placed_at &#x27;yesterday&#x27; is not a time" in text
    assert "row 4: total &#x27;x&#x27; is not a number" in text
    rows = "\n".join(f"2026-0{month}-{day:02}T12:00:00,{day}.50" for month in (5, 6, 7) for day in range(1, 29))
    good = SimpleUploadedFile("orders.csv", f"placed_at,total\n{rows}\n".encode())
    assert alice.post(page, {"file": good}).status_code == 302
    stored = selectors.revenue_profile()
    assert stored is not None
    assert (stored.source, stored.note) == ("orders", "84 orders from orders.csv")


def test_revenue_is_set_by_hand() -> None:
    apply(SHOP.partition("revenue:")[0])
    done = page_of("alice").post(reverse("revenue-by-hand"), {"yearly": "350k", "month_12": "2"})
    assert done.status_code == 302
    stored = selectors.revenue_profile()
    assert stored is not None
    assert (stored.yearly, stored.season[11], stored.season[0]) == (350_000, 2, 1)


def test_the_schema_is_open_to_editors() -> None:
    answer = Client().get(reverse("schema"))
    assert answer.status_code == 200
    assert answer.json()["properties"]["functions"]


def test_the_list_takes_the_same_queries_for_any_number_of_nodes(django_assert_max_num_queries: object) -> None:
    apply(SHOP)
    bob = page_of("bob")
    with django_assert_max_num_queries(32):  # type: ignore[operator]
        bob.get(reverse("business"))
