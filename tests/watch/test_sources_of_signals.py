"""Sources of signals against real servers that speak their documented format, and against a real database."""

from __future__ import annotations

import base64
import ipaddress
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from stormproof.engine.probe.guard import Guard
from stormproof.watch.kinds import WrongSettings, config_of, read_settings
from stormproof.watch.kinds.signal.sources import SOURCES, Row, SourceFailed
from stormproof.watch.models import Signal
from stormproof.watch.services.signals.reading import read_signal
from tests.watch.trading import make_signal

SINCE = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)
LOOPBACK = Guard((ipaddress.ip_network("127.0.0.0/8"),))
NOWHERE = Guard(())


class Shop(BaseHTTPRequestHandler):
    """One server that speaks WooCommerce, Shopify, Prometheus and plain JSON; `asked` keeps what it was asked."""

    asked: list[tuple[str, dict[str, Any]]]
    throttled: int

    def answer(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def is_throttled(self) -> bool:
        if type(self).throttled:
            type(self).throttled -= 1
            self.answer(429, {"errors": "slow down"}, {"Retry-After": "0.1"})
            return True
        return False

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query))
        if self.is_throttled():
            return
        if parts.path == "/wp-json/wc/v3/orders":
            self.woocommerce(query)
        elif self.headers.get("Authorization") == "Bearer let-me-in":
            self.answer(
                200, {"data": {"rows": [{"at": "2026-11-24T10:05:30Z", "total": 4, "good": 3, "device": "phone"}]}}
            )
        else:
            self.answer(401, {"error": "who are you"})

    def woocommerce(self, query: dict[str, str]) -> None:
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"ck_1:cs_2").decode():
            return self.answer(401, {"code": "woocommerce_rest_cannot_view"})
        made = [
            ("2026-11-24T10:00:10", "processing", "35.00", "card", "DE"),
            ("2026-11-24T10:01:00", "failed", "80.00", "card", "DE"),
            ("2026-11-24T10:02:00", "checkout-draft", "10.00", "", ""),
        ] + [(f"2026-11-24T10:{minute:02}:00", "completed", "20.00", "paypal", "NL") for minute in range(3, 60)]
        made = made * 3
        page, size = int(query["page"]), int(query["per_page"])
        orders = [
            {
                "date_created_gmt": at,
                "status": status,
                "total": total,
                "payment_method": method,
                "billing": {"country": country},
            }
            for at, status, total, method, country in made[(page - 1) * size : page * size]
        ]
        pages = -(-len(made) // size)
        return self.answer(200, orders, {"X-WP-Total": str(len(made)), "X-WP-TotalPages": str(pages)})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/api/v1/query_range":
            form = {key: values[0] for key, values in parse_qs(body).items()}
            self.asked.append((self.path, form))
            value = "3" if "approved" in form["query"] else "5"
            series = {"metric": {"provider": "a"}, "values": [[SINCE.timestamp() + 60, value]]}
            return self.answer(200, {"status": "success", "data": {"resultType": "matrix", "result": [series]}})
        return self.shopify(json.loads(body))

    def shopify(self, body: dict[str, Any]) -> None:
        self.asked.append((self.path, body["variables"]))
        if self.headers.get("X-Shopify-Access-Token") != "shpat_1":
            return self.answer(401, {"errors": "[API] Invalid API key or access token"})
        if self.is_throttled():
            return None
        if len(self.asked) == 1:
            cost = {"requestedQueryCost": 102, "throttleStatus": {"currentlyAvailable": 100, "restoreRate": 50}}
            fault = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return self.answer(200, {"errors": [fault], "extensions": {"cost": cost}})
        is_last = body["variables"]["after"] == "next"
        node = {
            "createdAt": "2026-11-24T10:10:00Z",
            "displayFinancialStatus": "PAID" if is_last else "VOIDED",
            "paymentGatewayNames": ["shopify_payments"],
            "totalPriceSet": {"shopMoney": {"amount": "42.50"}},
            "billingAddress": {"countryCodeV2": "FR"},
        }
        page = {"hasNextPage": not is_last, "endCursor": "next"}
        return self.answer(200, {"data": {"orders": {"nodes": [node], "pageInfo": page}}})

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def shop() -> Iterator[str]:
    Shop.asked, Shop.throttled = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def read(guard: Guard = LOOPBACK, **settings: Any) -> list[Row]:
    source = SOURCES[settings["type"]]
    assert source.read is not None
    return source.read(source.shape.model_validate(settings), SINCE, UNTIL, guard)


def test_woocommerce_orders_come_page_by_page(shop: str) -> None:
    rows = read(type="woocommerce", url=shop, user="ck_1", secret="cs_2")
    assert [query["page"] for _, query in Shop.asked] == ["1", "2"]
    assert Shop.asked[0][1]["after"] == "2026-11-24T09:59:59"
    assert Shop.asked[0][1]["dates_are_gmt"] == "true"
    assert len(rows) == 3 * 59  # drafts are no attempts
    assert sum(row.good for row in rows) == 3 * 58
    assert rows[0] == Row(
        at=SINCE + timedelta(seconds=10), total=1, good=1, value=35.0, labels={"method": "card", "country": "DE"}
    )
    assert (rows[1].good, rows[1].value) == (0, 0.0)


def test_a_service_that_limits_us_is_asked_again_after_what_it_says(shop: str) -> None:
    Shop.throttled = 2
    assert read(type="woocommerce", url=shop, user="ck_1", secret="cs_2")
    assert len(Shop.asked) == 4


def test_a_wrong_key_is_said_without_the_key(shop: str) -> None:
    with pytest.raises(SourceFailed, match="HTTP 401: check the key or token") as failed:
        read(type="woocommerce", url=shop, user="ck_1", secret="wrong-secret")
    assert "wrong-secret" not in str(failed.value)


def test_shopify_orders_come_by_cursor_and_wait_for_the_bucket(shop: str) -> None:
    rows = read(type="shopify", url=shop, secret="shpat_1")
    assert [variables["after"] for _, variables in Shop.asked] == [None, None, "next"]
    assert Shop.asked[0][0] == "/admin/api/2026-10/graphql.json"
    span = "created_at:>='2026-11-24T10:00:00Z' AND created_at:<'2026-11-24T11:00:00Z'"
    assert Shop.asked[0][1]["filter"] == span
    assert [(row.good, row.value, row.labels["provider"], row.labels["country"]) for row in rows] == [
        (0, 0.0, "shopify_payments", "FR"),
        (1, 42.5, "shopify_payments", "FR"),
    ]


def test_prometheus_tells_of_the_minute_before(shop: str) -> None:
    rows = read(type="promql", url=shop, query="increase(pays[1m])", good_query="increase(approved[1m])")
    assert rows == [Row(at=SINCE, total=5, good=3, labels={"provider": "a"})]
    assert float(Shop.asked[0][1]["start"]) == SINCE.timestamp() + 60


def test_plain_json_rows(shop: str) -> None:
    rows = read(type="http", url=f"{shop}/counts", secret="let-me-in", rows="data.rows")
    assert [(row.total, row.good, row.labels) for row in rows] == [(4, 3, {"device": "phone"})]
    with pytest.raises(SourceFailed, match="the answer has no list at rows"):
        read(type="http", url=f"{shop}/counts", secret="let-me-in", rows="rows")


def test_the_guard_is_asked(shop: str) -> None:
    with pytest.raises(SourceFailed, match="cannot be reached"):
        read(NOWHERE, type="http", url=shop)


def _database() -> str:
    about = connection.get_connection_params()
    host, port = about.get("host", ""), about.get("port") or 5432
    return (
        f"host={host} port={port} dbname={about['dbname']} user={about['user']} password={about.get('password') or ''}"
    )


@pytest.mark.django_db
def test_a_query_is_read_between_two_moments_and_cannot_write() -> None:
    query = (
        "SELECT t AS at, 3 AS total, 2 AS good, 'a' AS provider, '100%' AS device "
        "FROM generate_series(timestamptz '2026-11-24 09:58Z', '2026-11-24 10:02Z', interval '1 minute') t "
        "WHERE t >= :since AND t < :until"
    )
    rows = read(type="sql", url=_database(), query=query)
    assert [row.at.minute for row in rows] == [0, 1, 2]
    assert rows[0].labels == {"provider": "a", "device": "100%"}
    with pytest.raises(SourceFailed, match="the database says"):
        read(type="sql", url=_database(), query="DELETE FROM watch_monitor WHERE :since < :until")


@pytest.mark.django_db
def test_a_source_that_fails_leaves_the_cursor_and_says_why(shop: str) -> None:
    monitor = make_signal(source={"type": "http", "url": "http://127.0.0.1:9/"})
    Signal.objects.create(monitor=monitor, next_at=UNTIL)
    assert read_signal(monitor, at=UNTIL)
    signal = Signal.objects.get(monitor=monitor)
    assert signal.cursor_at is None
    assert signal.fault.startswith("the service cannot be reached")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "there is no source None; choose one of sql, http"),
        ({"type": "ftp"}, "there is no source 'ftp'"),
        ({"type": "http", "url": "shop.example"}, "is not a web address"),
        ({"type": "sql", "url": "postgresql://u@h/db", "query": "SELECT 1"}, "must ask between :since and :until"),
        ({"type": "sql", "url": "nonsense", "query": "SELECT :since, :until"}, "not a PostgreSQL address"),
        ({"type": "shopify", "url": "https://a.example", "secret": "env:STORMPROOF_SECRET_KEY"}, "own settings"),
        ({"type": "push", "url": "https://a.example"}, "url: Extra inputs"),
    ],
)
def test_wrong_settings_name_what_is_wrong(source: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"kind": "signal", "on": "checkout", "source": source})
    assert words in str(wrong.value)


def test_secrets_are_sealed() -> None:
    source = {"type": "woocommerce", "url": "https://shop.example", "user": "ck_1", "secret": "cs_very_secret"}
    config = config_of(read_settings({"kind": "signal", "on": "checkout", "source": source}))
    assert "cs_very_secret" not in json.dumps(config)
    assert config["source"]["secret"].startswith("sealed:")
