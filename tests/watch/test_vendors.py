"""A vendor's status page as a monitor: over real HTTP, with conditional requests, through the prober's own path."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds import KINDS, WrongSettings, read_settings
from stormproof.watch.kinds.kind import Tools
from stormproof.watch.kinds.vendor.catalogue import VENDORS
from stormproof.watch.models import Monitor
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings
from tests.engine.probe.servers import web_server
from tests.engine.probe.test_what_a_vendor_says import INCIDENT, summary
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
GUARD = Guard((ipaddress.ip_network("127.0.0.0/8"),))


class Page:
    """A status page that says what it is told and knows its own version."""

    def __init__(self, body: bytes, *, status: int = 200) -> None:
        self.body, self.status, self.asked = body, status, []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("If-None-Match", ""))
        tag = f'"{hash(self.body)}"'
        if request.path == "/moved":
            return web.Response(status=302, headers={"Location": "/summary.json"})
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(status=self.status, body=self.body, headers={"ETag": tag})


def look(page: Page, *, times: int = 1, path: str = "/summary.json", **about: Any) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with web_server(page.answer) as address:
            shape = read_settings({"kind": "vendor", "on": "x", "url": address + path, **about})
            http = HttpProber(GUARD)
            tools = Tools(guard=GUARD, http=http, deadline_s=5, at=AT)
            try:
                return [await KINDS["vendor"].look(shape, tools) for _ in range(times)]  # type: ignore[misc]
            finally:
                await http.close()

    return asyncio.run(run())


def test_a_page_that_has_not_changed_is_not_sent_again() -> None:
    page = Page(summary("major", incidents=[INCIDENT]))
    outcomes = look(page, times=3)
    assert page.asked[0] == ""
    assert page.asked[1] == page.asked[2] != ""
    assert {(each.ok, each.reason) for each in outcomes} == {
        (False, "the vendor says: Card payments fail (Approvals are down by half.)")
    }


def test_minor_is_degraded_and_maintenance_a_note() -> None:
    minor = look(Page(summary("minor")))[0]
    assert (minor.ok, minor.degraded, minor.reason) == (True, True, "the vendor says: Partial System Outage")
    planned = {"name": "Upgrade", "status": "scheduled", "scheduled_for": "a", "scheduled_until": "b"}
    calm = look(Page(summary(scheduled_maintenances=[planned])))[0]
    assert (calm.ok, calm.degraded, calm.reason) == (True, False, "maintenance: Upgrade from a to b")


@pytest.mark.parametrize(
    ("page", "about", "words"),
    [
        (Page(b"<html>", status=503), {}, "it answered 503"),
        (Page(b"<html>"), {}, "the answer is not JSON"),
        (Page(summary()), {"only": ["Shipping"]}, "no component 'shipping'"),
        (Page(b"x" * (1 << 20)), {}, "it has more than a MiB"),
    ],
)
def test_a_page_that_cannot_be_read_says_nothing_of_the_vendor(page: Page, about: dict[str, Any], words: str) -> None:
    outcome = look(page, **about)[0]
    assert (outcome.ok, outcome.refused) == (False, True)
    assert words in outcome.reason


def test_a_redirect_is_followed_and_judged() -> None:
    assert look(Page(summary()), path="/moved")[0].ok


def test_an_inner_address_is_not_asked() -> None:
    async def run() -> Outcome:
        http = HttpProber(Guard(()))
        shape = read_settings({"kind": "vendor", "on": "x", "url": "http://127.0.0.1:1/x"})
        try:
            return await KINDS["vendor"].look(shape, Tools(guard=Guard(()), http=http, deadline_s=5, at=AT))  # type: ignore[misc]
        finally:
            await http.close()

    assert asyncio.run(run()).refused


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "give either a vendor"),
        ({"vendor": "stripe", "url": "https://x.example/"}, "give either a vendor"),
        ({"vendor": "acme"}, "no vendor 'acme' in the catalogue"),
        ({"url": "ftp://x.example/"}, "this is not a web address"),
        ({"vendor": "stripe", "every": "5s"}, "30"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"kind": "vendor", "on": "x", **settings})
    assert words in wrong.value.message


def test_every_vendor_of_the_catalogue_makes_a_monitor() -> None:
    for name, vendor in VENDORS.items():
        shape = read_settings({"kind": "vendor", "on": "x", "vendor": name})
        assert (shape.address, shape.written_form) == (vendor.url, vendor.form)
        assert vendor.url.startswith("https://")


@pytest.mark.django_db
def test_the_vendor_s_words_are_the_reason_of_the_monitor() -> None:
    monitor = make_monitor("stripe", kind="vendor", config={"vendor": "stripe"}, interval_seconds=120)
    outcome = look(Page(summary("major", incidents=[INCIDENT])))[0]
    at = datetime.now(UTC)
    seen = Sighting(
        monitor_id=monitor.pk, version=1, at=at, since=at, ok=outcome.ok, confirmed=True, reason=outcome.reason
    )
    record_sightings([seen], at=at)
    monitor.refresh_from_db()
    assert (monitor.state, monitor.reason) == ("down", outcome.reason)


@pytest.mark.django_db
def test_suppliers_are_offered_the_status_page_of_their_vendor() -> None:
    make_node("stripe-payments", kind="supplier", name="Stripe")
    watched = make_node("cdn", kind="supplier", name="Cloudflare")
    make_monitor("cloudflare", kind="vendor", config={"vendor": "cloudflare"}, node=watched)
    alice = client_of("alice")
    page = alice.get("/vendors/").content.decode()
    assert "/monitors/new/vendor/?vendor=stripe&amp;on=stripe-payments" in page
    assert 'href="/monitors/cloudflare/"' in page
    assert client_of("charlie").get("/vendors/").status_code == 404
    form = alice.get("/monitors/new/vendor/?vendor=stripe&on=stripe-payments").content.decode()
    assert '<option value="stripe" selected>' in form


@pytest.mark.django_db
def test_a_vendor_monitor_is_made_in_the_form() -> None:
    make_node("stripe-payments", kind="supplier", name="Stripe")
    said = {"name": "Stripe", "on": "stripe-payments", "vendor": "stripe", "form": "statuspage", "every": "2m"}
    assert client_of("alice").post("/monitors/new/vendor/", {**said, "only": "API\nCheckout"}).status_code == 302
    assert Monitor.objects.get().config == json.loads('{"vendor": "stripe", "only": ["API", "Checkout"]}')
