"""Looking at a shop as a visitor would: against a real server, and reading pages that are hostile or odd."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.visit import CannotVisit, visit_shop
from stormproof.engine.probe.visit.looking import whole_address
from stormproof.engine.probe.visit.page import read_page
from stormproof.engine.probe.visit.roles import basket_candidates, product_candidates, search_form
from stormproof.engine.probe.visit.vendors import known_vendors, vendor_at
from tests.engine.probe.small_shop import small_shop

AT = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Guard(allowed=(ipaddress.ip_network("127.0.0.1/32"),))


def test_a_visit_finds_every_page_and_the_third_parties() -> None:
    with small_shop() as (address, asked):
        found = visit_shop(address, guard=HERE, at=AT)
    assert {role: page.url.removeprefix(address) for role, page in found.pages.items()} == {
        "home": "",
        "product": "products/oak-table",
        "search": "search?q=table",
        "basket": "cart",
        "checkout": "pay/start",
    }
    assert (found.name, found.currency) == ("Alder & Oak", "DKK")
    assert {(one.name, one.service) for one in found.suppliers} == {
        ("Stripe", "payment"),
        ("Klarna", "payment"),
        ("Google Tag Manager", "tags"),
        ("Google Fonts", "fonts"),
        ("Cloudflare", "cdn"),
    }
    assert found.notes == ()
    assert not [path for path in asked if path.startswith("/account")]
    assert found.requests <= 15


def test_what_robots_txt_closes_is_named_but_not_opened() -> None:
    with small_shop(robots="User-agent: *\nDisallow: /cart\nDisallow: /pay\n") as (address, asked):
        found = visit_shop(address, guard=HERE, at=AT)
        assert not any("/cart" in path for path in asked)
        assert found.pages["basket"].opened is False
        again = visit_shop(address, guard=HERE, at=AT, obey_robots=False)
        assert again.pages["basket"].opened


def test_a_shop_that_asks_not_to_be_looked_at_is_left_alone() -> None:
    with small_shop(robots="User-agent: *\nDisallow: /\n") as (address, asked):
        with pytest.raises(CannotVisit, match=r"robots.txt of .* asks not to be looked at"):
            visit_shop(address, guard=HERE, at=AT)
        assert asked == ["/robots.txt"]


def test_a_private_address_is_refused_with_the_way_out() -> None:
    with small_shop() as (address, asked):
        with pytest.raises(CannotVisit, match=r"STORMPROOF_ALLOWED_NETWORKS=127\.0\.0\.1/32"):
            visit_shop(address, guard=Guard(), at=AT)
        assert asked == []


def test_a_redirect_to_cloud_metadata_is_refused() -> None:
    with small_shop() as (address, _), pytest.raises(CannotVisit, match="a cloud metadata address"):
        visit_shop(f"{address}metadata", guard=HERE, at=AT)


def test_a_shop_that_does_not_answer_is_named() -> None:
    with pytest.raises(CannotVisit, match=r"127\.0\.0\.1:1/ did not open"):
        visit_shop("http://127.0.0.1:1/", guard=HERE, at=AT)


def test_a_page_that_is_not_there_is_no_shop() -> None:
    with small_shop() as (address, _), pytest.raises(CannotVisit, match="answers 404"):
        visit_shop(f"{address}nothing", guard=HERE, at=AT)


@pytest.mark.parametrize(
    ("typed", "whole"),
    [("shop.example", "https://shop.example/"), (" HTTP://shop.example/de ", "http://shop.example/de")],
)
def test_an_address_is_completed(typed: str, whole: str) -> None:
    assert whole_address(typed) == whole


@pytest.mark.parametrize("typed", ["", "ftp://shop.example", "javascript:alert(1)", "https://a:b@shop.example", "a b"])
def test_what_is_no_web_address_is_refused(typed: str) -> None:
    with pytest.raises(CannotVisit, match="is not a web address"):
        whole_address(typed)


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_any_bytes_can_be_read_as_a_page(html: bytes | str) -> None:
    page = read_page(html, url="https://shop.example/")
    assert all(link.url.startswith("http") for link in page.links)


def test_a_broken_json_ld_and_a_deep_one_are_passed_over() -> None:
    deep = "[" * 5000
    html = f'<script type="application/ld+json">{deep}</script><script type="application/ld+json">{{</script>'
    assert read_page(html, url="https://shop.example/").types == frozenset()


def test_a_carton_is_not_a_cart() -> None:
    html = '<a href="/cartons/">Cartons</a><a href="/warenkorb/">Korb</a><a href="/basket/add/7/">+</a>'
    assert basket_candidates([read_page(html, url="https://shop.example/")]) == ["https://shop.example/warenkorb/"]


def test_products_go_before_other_pages() -> None:
    html = '<a href="/blog/2026/tents">a</a><a href="/about">b</a><a href="/products/tent">c</a>'
    page = read_page(html, url="https://shop.example/")
    assert product_candidates(page.links) == ["https://shop.example/products/tent"]


def test_a_newsletter_form_is_not_a_search() -> None:
    html = '<form action="/newsletter"><input name="mail"></form><form action="/s"><input name="q"></form>'
    found = search_form(read_page(html, url="https://shop.example/"))
    assert found is not None
    assert (found[0].action, found[1]) == ("https://shop.example/s", "q")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://js.stripe.com/v3/", "Stripe"),
        ("https://notstripe.com/", None),
        ("https://www.google.com/recaptcha/api.js", "reCAPTCHA"),
        ("https://www.google.com/maps", None),
        ("https://cdnjs.cloudflare.com/x.js", "cdnjs"),
        ("https://pay.google.com/gp/p/js/pay.js", "Google Pay"),
    ],
)
def test_a_vendor_is_recognised_by_its_hosts(url: str, name: str | None) -> None:
    vendor = vendor_at(url)
    assert (vendor.name if vendor else None) == name


def test_the_table_of_vendors_is_sound() -> None:
    vendors = known_vendors()
    assert len(vendors) >= 80
    assert len({vendor.slug for vendor in vendors}) == len(vendors)
    patterns = [pattern for vendor in vendors for pattern in vendor.hosts]
    assert len(set(patterns)) == len(patterns)
    assert all(vendor.hosts or vendor.words or vendor.headers for vendor in vendors)
