"""Badges: public by their address, grey when unknown, gone when withdrawn."""

from __future__ import annotations

from uuid import uuid4
from xml.etree.ElementTree import fromstring

import pytest
from django.test import Client

from stormproof.watch.models import Badge, Monitor
from tests.watch.make import make_monitor
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db


def made(monitor: Monitor, of: str = "monitor") -> str:
    assert client_of("alice").post(f"/monitors/{monitor.slug}/badges/change/", {"of": of}).status_code == 302
    return f"/badges/{Badge.objects.get().token}"


@pytest.mark.parametrize(
    ("state", "colour", "shield"), [("up", "#2a7d3f", "success"), ("unknown", "#6b7280", "lightgrey")]
)
@pytest.mark.parametrize("of", ["monitor", "node"])
def test_anybody_with_the_address_sees_the_state(state: str, colour: str, shield: str, of: str) -> None:
    base = made(make_monitor("home", name="Home <b>", state=state), of)
    picture = Client().get(f"{base}.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture["Cache-Control"] == "public, max-age=30"
    fromstring(picture.content.decode())
    assert colour in picture.content.decode()
    said = Client().get(f"{base}.json").json()
    assert (said["message"], said["color"], said["schemaVersion"]) == (state, shield, 1)


def test_a_paused_monitor_is_unknown_and_a_retired_one_not_shown() -> None:
    base = made(make_monitor("home", state="up"))
    Monitor.objects.update(enabled=False)
    assert Client().get(f"{base}.json").json()["message"] == "unknown"
    Monitor.objects.update(retired_at="2026-01-01T00:00:00Z")
    assert Client().get(f"{base}.json").status_code == 404


def test_a_withdrawn_address_shows_nothing() -> None:
    monitor = make_monitor("home", state="up")
    base = made(monitor)
    client = client_of("bob")
    assert client.get("/monitors/home/badges/").status_code == 200
    assert client.post("/monitors/home/badges/change/", {"of": "monitor", "act": "withdraw"}).status_code == 403
    Client().get(f"{base}.svg")
    Badge.objects.all().delete()
    assert Client().get(f"{base}.svg").status_code == 404
    assert Client().get(f"/badges/{uuid4()}.svg").status_code == 404


def test_withdrawing_and_making_gives_another_address() -> None:
    monitor = make_monitor("home", state="up")
    alice = client_of("alice")
    url = "/monitors/home/badges/change/"
    alice.post(url, {"of": "monitor"})
    first = Badge.objects.get().token
    alice.post(url, {"of": "monitor", "act": "withdraw"})
    alice.post(url, {"of": "monitor"})
    assert Badge.objects.get(monitor=monitor).token != first
