"""The pages of watch: who may see and do what, and what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from stormproof.watch.models import Monitor
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db
FORM = {"name": "Checkout page", "url": "https://shop.example/checkout", "every": "5s", "method": "GET"}


def observe(monitor: Monitor) -> None:
    at = datetime.now(UTC)
    seen = [
        Sighting(
            monitor_id=monitor.pk,
            version=monitor.version,
            at=at - timedelta(seconds=10 * back),
            since=at,
            ok=back > 0,
            confirmed=True,
            reason="" if back else "answered 503, expected 200-299",
            total_ms=20.0 + back,
            phases=(1.0, 2.0, 3.0, None),
        )
        for back in range(5, -1, -1)
    ]
    record_sightings(seen, at=at)


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_who_may_look(name: str, status: int) -> None:
    monitor = make_monitor("home")
    observe(monitor)
    client = client_of(name)
    for page in ("/monitors/", "/monitors/home/", "/monitors/home/now/", "/monitors/home/chart/"):
        assert client.get(page).status_code == status, page


@pytest.mark.parametrize(("name", "status"), [("alice", 302), ("bob", 403), ("charlie", 403)])
def test_who_may_pause(name: str, status: int) -> None:
    monitor = make_monitor("home")
    assert client_of(name).post("/monitors/home/pause/").status_code == status
    monitor.refresh_from_db()
    assert monitor.enabled is (status == 403)


def test_who_may_write_is_offered_the_acts_and_the_interval() -> None:
    make_monitor("home")
    make_monitor("backup", kind="heartbeat", config={"period": "1d"})
    alice = client_of("alice")
    assert "Test now" in alice.get("/monitors/home/").content.decode()
    assert "Test now" not in alice.get("/monitors/backup/").content.decode()
    assert 'name="every"' in alice.get("/monitors/home/edit/").content.decode()
    assert 'name="every"' not in alice.get("/monitors/backup/edit/").content.decode()


def test_a_stranger_is_asked_to_sign_in() -> None:
    make_monitor("home")
    assert Client().get("/monitors/home/").status_code == 302


def test_the_list_says_what_is_wrong_first() -> None:
    observe(make_monitor("home", name="Home page"))
    page = client_of("bob").get("/monitors/").content.decode()
    assert "Of 1 monitors: 1 down; 0 up." in page
    assert "answered 503, expected 200-299" in page


def test_the_list_as_csv_and_filtered() -> None:
    make_monitor("home", name="Home page")
    make_monitor("cert", name="Certificate", kind="tls", config={"host": "shop.example"})
    client = client_of("bob")
    assert client.get("/monitors/?kind=tls&format=csv").content.decode().splitlines()[1].startswith("Certificate,")
    assert "Home page" not in client.get("/monitors/?q=certif").content.decode()


def test_the_page_says_the_state_in_one_sentence() -> None:
    monitor = make_monitor("home")
    observe(monitor)
    page = client_of("bob").get("/monitors/home/").content.decode()
    assert "Down since" in page
    assert "https://shop.example/" in page
    assert "Edit" not in page


def test_a_heartbeat_page_shows_the_address_to_ping() -> None:
    monitor = make_monitor("backup", kind="heartbeat", config={"period": "1d"})
    page = client_of("bob").get("/monitors/backup/").content.decode()
    assert f"/ping/{monitor.ping_key}" in page
    assert "Waiting for the first ping." in page


def test_the_chart_has_lines_and_the_outage_as_a_band() -> None:
    monitor = make_monitor("home")
    observe(monitor)
    data = json.loads(client_of("bob").get("/monitors/home/chart/?range=1h").content)
    assert data["level"] == "raw"
    assert [value for _, value in data["series"][0]["points"]] == [25.0, 24.0, 23.0, 22.0, 21.0, None]
    assert [band["tone"] for band in data["bands"]][-1] == "down"


def test_a_form_makes_a_monitor() -> None:
    make_node("checkout")
    answer = client_of("alice").post(
        "/monitors/new/http/", {**FORM, "on": "checkout", "expect__contains": "Basket\nPay"}
    )
    assert answer.status_code == 302
    monitor = Monitor.objects.get()
    assert (monitor.slug, monitor.name, monitor.interval_seconds) == ("checkout-page", "Checkout page", 5)
    assert monitor.config["expect"] == {"contains": ["Basket", "Pay"]}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "ftp://shop.example", "this is not a web address"),
        ("url", "http://169.254.169.254/latest", "a cloud metadata address"),
        ("url", "http://[::ffff:10.0.0.1]/", "a private address"),
        ("every", "5 minutes", "is not a duration"),
        ("expect__status", "okay", "is not a status"),
        ("expect__faster_than", "fast", "is not a duration"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_is_kept(field: str, value: str, said: str) -> None:
    make_node("checkout")
    answer = client_of("alice").post("/monitors/new/http/", {**FORM, "on": "checkout", field: value})
    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[field])
    assert "Checkout page" in answer.content.decode()
    assert not Monitor.objects.exists()


def test_a_change_can_be_undone_secrets_included() -> None:
    make_node("db")
    client = client_of("alice")
    settings = {"name": "Orders", "on": "db", "every": "5s", "url": "postgresql://r:secret@db.example/shop"}
    client.post("/monitors/new/sql/", {**settings, "query": "SELECT 1"})
    before = Monitor.objects.get()
    assert before.config["url"].startswith("sealed:")
    page = client.get("/monitors/orders/edit/").content.decode()
    assert "secret@" not in page
    assert "sealed:" not in page
    client.post("/monitors/orders/edit/", {**settings, "url": "", "query": "SELECT 2", "expect__equals": "2"})
    changed = Monitor.objects.get()
    assert (changed.config["query"], changed.config["expect"]) == ("SELECT 2", {"equals": 2})
    assert changed.config["url"] == before.config["url"]
    assert "Undo the change" in client.get("/monitors/orders/").content.decode()
    client.post("/monitors/orders/undo/")
    assert Monitor.objects.get().config == before.config


def test_retiring_asks_for_the_name() -> None:
    make_monitor("home")
    client = client_of("alice")
    client.post("/monitors/home/retire/", {"confirm_name": "something"})
    assert Monitor.objects.get().retired_at is None
    client.post("/monitors/home/retire/", {"confirm_name": "home"})
    assert Monitor.objects.get().retired_at is not None
    assert client.get("/monitors/home/").status_code == 404


def test_a_monitor_that_is_down_cannot_be_paused_away() -> None:
    observe(make_monitor("home", name="Home"))
    page = client_of("alice").post("/monitors/home/pause/", follow=True).content.decode()
    assert "Home is down: a pause would hide it" in page
    assert Monitor.objects.get().enabled


def test_testing_now_shows_what_was_seen_and_changes_nothing() -> None:
    monitor = make_monitor("home", kind="tcp", config={"host": "127.0.0.1", "port": 1})
    page = client_of("alice").post("/monitors/home/test/").content.decode()
    assert "It may not be looked at from here" in page
    monitor.refresh_from_db()
    assert (monitor.state, monitor.last_at) == ("unknown", None)
