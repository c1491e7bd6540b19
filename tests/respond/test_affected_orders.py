"""The orders an incident hit: read from the shop's own database or an address, frozen as rows, versions kept."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection

from stormproof.core.document import Known
from stormproof.core.env import Env
from stormproof.respond import selectors, services
from stormproof.respond.document import IncidentsSection
from stormproof.respond.document.incidents import IncidentsShape
from stormproof.respond.models import Incident, OrderSource
from stormproof.respond.services import orders
from stormproof.watch.models import Observation
from stormproof.watch.services.upkeep import make_partitions
from tests.respond.make import NOON, Shop, actor_of, make_incident, make_monitor, make_user, minutes, seconds
from tests.respond.test_incident_pages import client_of
from tests.respond.test_incidents_by_api_and_command import call

pytestmark = pytest.mark.django_db
# Two orders within the window of the incident, one of them twice, and one an hour before.
QUERY = """
SELECT number, placed_at, state, amount, customer FROM (VALUES
 ('A-1', timestamptz '2026-03-04 11:50:00+00', 'paid', 19.90, 'ann@customer.example'),
 ('A-2', timestamptz '2026-03-04 11:59:58+00', '=HYPERLINK("x")', 5.10, 'ANN@customer.example '),
 ('A-2', timestamptz '2026-03-04 11:59:58+00', 'paid', 5.10, 'ANN@customer.example '),
 ('A-0', timestamptz '2026-03-04 10:00:00+00', 'paid', 100, 'bea@customer.example')
) AS o(number, placed_at, state, amount, customer)
WHERE placed_at >= {start} AND placed_at < {end}
"""


@pytest.fixture(autouse=True)
def _this_machine_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Env(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(orders, "env", here)


def address_of_this_database() -> str:
    """The test's own server as a shop's database."""
    settings = connection.settings_dict
    parts = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"], "dbname": settings["NAME"]}
    password = {"password": settings["PASSWORD"]} if settings["PASSWORD"] else {}
    return " ".join(f"{key}={value}" for key, value in {**parts, **password}.items() if value)


def set_source(**more: Any) -> None:
    admin = actor_of(make_user("Dora", roles=("admin",)))
    plain = {"kind": "sql", "url": address_of_this_database(), "query": QUERY}
    services.set_order_source(actor=admin, **{**plain, **more})


def freeze(incident: Incident, version: int = 1) -> Any:
    return services.freeze_orders(incident, version=version, asked_by="Stormproof", at=NOON + minutes(1))


def test_the_orders_are_frozen_once_per_version_each_order_once() -> None:
    shop = Shop()
    set_source()
    incident = make_incident(shop.database)
    snapshot = freeze(incident)
    assert (snapshot.count, snapshot.total, snapshot.error) == (2, Decimal("25.00"), "")
    assert freeze(incident) is None
    rows = list(selectors.orders_of(snapshot))
    assert [(row.number, row.state, row.amount) for row in rows] == [
        ("A-1", "paid", Decimal("19.90")),
        ("A-2", "paid", Decimal("5.10")),
    ]
    assert rows[0].customer == rows[1].customer
    assert "ann" not in rows[0].customer
    assert len(rows[0].customer) == 32


def test_the_address_is_sealed_and_never_told() -> None:
    shop = Shop()
    set_source(url="postgresql://reader:hunter2@127.0.0.1:1/shop")
    assert "hunter2" not in OrderSource.objects.get().sealed_url
    snapshot = freeze(make_incident(shop.database))
    assert snapshot.count == 0
    assert "hunter2" not in snapshot.error
    assert snapshot.error != ""
    assert "hunter2" not in json.dumps(IncidentsSection().read())


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("DELETE FROM people_user", ""),
        ("SELECT 'A-1', 'soon', 'paid', 5", "row 1 of the source is no order"),
        ("SELECT 1", "row 1 of the source is no order"),
    ],
)
def test_a_query_that_writes_or_gives_no_orders_leaves_a_version_that_says_why(query: str, words: str) -> None:
    shop = Shop()
    set_source(query=query)
    snapshot = freeze(make_incident(shop.database))
    assert snapshot.count == 0
    assert words in snapshot.error
    assert snapshot.error


def test_a_source_that_cannot_be_used_is_refused_by_the_document() -> None:
    section = IncidentsSection()
    for orders_, words in (
        ({"kind": "sql", "url": "postgresql://x@y/z"}, "needs a query"),
        ({"kind": "http", "url": "ftp://x"}, "begins with https://"),
        ({"kind": "sql", "url": "env:STORMPROOF_SECRET_KEY", "query": "SELECT 1"}, "own settings"),
        ({"kind": "http", "url": "http://10.0.0.1/orders"}, "a private address"),
    ):
        value = IncidentsShape(orders=orders_)  # type: ignore[arg-type]
        [problem] = section.check(value, Known())
        assert words in problem.message


class Handler(BaseHTTPRequestHandler):
    """A shop's address that gives orders as JSON, or whatever the test wants."""

    answer: Any = ()
    status = 200

    def do_GET(self) -> None:
        body = json.dumps(self.answer).encode()
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/orders"
    server.shutdown()
    server.server_close()


def test_orders_come_from_an_address_too(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    set_source(kind="http", url=address, query="")
    order = {"number": 7, "placed_at": "2026-03-04T11:59:00Z", "state": "open", "amount": "12.5", "customer": "c9"}
    monkeypatch.setattr(Handler, "answer", [order])
    incident = make_incident(shop.database)
    assert (freeze(incident).count, freeze(incident, 2).count) == (1, 1)
    monkeypatch.setattr(Handler, "answer", {"orders": []})
    assert "list of objects" in freeze(incident, 3).error
    monkeypatch.setattr(Handler, "status", 503)
    assert "answered 503" in freeze(incident, 4).error


def test_the_list_is_paged_narrowed_and_comes_as_harmless_csv() -> None:
    shop = Shop()
    set_source(query=QUERY.replace(" ('A-2', timestamptz '2026-03-04 11:59:58+00', 'paid'", " ('A-3', now(), 'paid'"))
    incident = make_incident(shop.database)
    freeze(incident)
    url = f"/incidents/{incident.number}/orders/"
    assert client_of(shop.charlie).get(url).status_code == 404
    client = client_of(shop.alice)
    page = client.get(url).content.decode()
    assert ("A-1" in page, "2 orders placed from" in page) == (True, True)
    rows = client.get(f"{url}?format=csv").content.decode().splitlines()
    assert rows[2].startswith('A-2,2026-03-04T11:59:58+00:00,"\'=HYPERLINK(""x"")",5.10,')
    assert "A-2" not in client.get(f"{url}?q=A-1").content.decode()
    assert client.get(f"{url}?version=9").status_code == 404
    assert client.get(f"{url}?version=x").status_code == 404
    assert "Affected orders" in client.get(f"/incidents/{incident.number}/").content.decode()


def test_only_a_person_who_acts_has_them_frozen_once_more() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    with pytest.raises(services.CannotFreezeOrders, match="no source"):
        services.ask_for_orders(incident, actor=actor_of(shop.alice), at=NOON)
    set_source()
    olga = make_user("Olga", roles=("auditor",))
    assert client_of(olga).post(f"/incidents/{incident.number}/orders/freeze/").status_code == 403
    assert client_of(shop.alice).post(f"/incidents/{incident.number}/orders/freeze/").status_code == 302
    freeze(incident)
    path = f"/incidents/{incident.number}/orders"
    assert call(shop.alice, "GET", path).json()["count"] == 2
    assert [one["version"] for one in call(shop.alice, "GET", f"{path}/versions").json()] == [1]
    assert call(shop.alice, "POST", f"{path}/freeze").status_code == 202


def seen(monitor_id: int, *, before: timedelta, ok: bool = True) -> None:
    Observation.objects.create(monitor_id=monitor_id, at=NOON - seconds(6) - before, ok=ok)


def restore_point(shop: Shop) -> int:
    make_partitions(at=NOON)
    backup = make_monitor(shop.database, slug="backup", state="up")
    admin = actor_of(make_user("Mona", roles=("admin",)))
    services.set_restore_points({"orders-db": "backup"}, actor=admin)
    shop.checkout.objective.rpo_seconds = 300
    shop.checkout.objective.save()
    return backup.pk


def test_the_rpo_is_not_known_and_never_good_without_a_restore_point() -> None:
    shop = Shop()
    shop.checkout.objective.rpo_seconds = 300
    shop.checkout.objective.save()
    incident = make_incident(shop.database)
    found = selectors.rpo_of(incident)
    assert found is not None
    assert (found.loss.promised, found.loss.age, found.loss.is_kept) == (minutes(5), None, None)
    page = client_of(shop.alice).get(f"/incidents/{incident.number}/").content.decode()
    assert "not known" in page
    assert call(shop.alice, "GET", f"/incidents/{incident.number}/rpo").json()["is_kept"] is None


@pytest.mark.parametrize(("age", "kept"), [(240, True), (301, False)])
def test_the_rpo_is_the_age_of_the_last_success_before_the_impact(age: int, kept: bool) -> None:
    shop = Shop()
    monitor = restore_point(shop)
    seen(monitor, before=seconds(age))
    seen(monitor, before=seconds(5), ok=False)
    seen(monitor, before=seconds(-30))  # after the impact: tells nothing about what was lost
    found = selectors.rpo_of(make_incident(shop.database))
    assert found is not None
    assert (found.loss.age, found.loss.is_kept, found.source) == (seconds(age), kept, "backup")


def test_a_restore_point_that_never_succeeded_is_not_known() -> None:
    shop = Shop()
    restore_point(shop)
    found = selectors.rpo_of(make_incident(shop.database))
    assert found is not None
    assert (found.loss.is_kept, found.source) == (None, "backup")
