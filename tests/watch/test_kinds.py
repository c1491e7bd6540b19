"""Each kind through its doors: the file, the form, the guard; secrets sealed, wrong settings named by field."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from pydantic import TypeAdapter

from stormproof.core.actor import SYSTEM
from stormproof.watch.document import MonitorsSection
from stormproof.watch.kinds import KINDS, WrongSettings, read_settings, resolve_config
from stormproof.watch.kinds.kind import limit_s
from stormproof.watch.models import Monitor
from stormproof.watch.services.monitors import create_monitor
from stormproof.web.watch.forms import initial_of
from tests.watch.make import make_node
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db
AT = datetime.now(UTC)
WEB = {"url": "https://shop.example/api", "auth": {"token": "hush"}}
EXAMPLES: dict[str, dict[str, Any]] = {
    "http": {
        "url": "https://shop.example/",
        "auth": {"user": "probe", "password": "hush"},
        "headers": {"X-Shop-Key": "hush", "X-Plain": "seen"},
        "timeout": "3s",
        "expect": {
            "matches": [r"\d+ items"],
            "matches_not": ["(?i)fatal"],
            "conditions": ["data.stock >= 1", "items length > 0"],
            "headers": {"Content-Type": "~ ^text/html"},
            "final_url": "~ /checkout$",
            "certificate_left": "10d",
        },
    },
    "sql": {"url": "postgresql://r:hush@db.shop.example/shop", "query": "SELECT 1", "degraded_when": "> 5"},
    "number": {**WEB, "path": "queue.size", "degraded_when": "> 5", "down_when": "> 10", "when_missing": "up"},
    "promql": {**WEB, "query": "sum(rate(orders_total[5m]))", "down_when": "< 0.1"},
    "udp": {"host": "stock.shop.example", "port": 5060, "payload": "hex:00ff", "answer": "length > 3"},
    "dns": {"host": "shop.example", "record": "MX", "includes": ["10 mail.shop.example"], "dnssec": "secure"},
    "domain": {"domain": "shop.example", "warn_before": "20d"},
    "icmp": {"host": "gateway.shop.example", "packets": 3, "degraded_when": "> 30"},
    "mysql": {"url": "mysql://r:hush@db.shop.example/shop", "query": "SELECT 1", "down_when": "> 5"},
    "redis": {"url": "redis://:hush@cache.shop.example", "command": "LLEN orders", "degraded_when": "> 9"},
    "mail": {
        "sender": "a@shop.example",
        "recipient": "b@shop.example",
        "smtp": {"host": "mail.shop.example", "security": "starttls", "user": "a", "password": "hush"},
        "imap": {"host": "imap.shop.example", "user": "b", "password": "hush"},
        "within": "45s",
    },
    "ssh": {"host": "web.shop.example", "banner": "~ OpenSSH", "fingerprint": "SHA256:" + "A" * 43},
}


@pytest.fixture(autouse=True)
def checkout() -> None:
    make_node("checkout", kind="function")


def settings_of(kind: str, **about: Any) -> dict[str, Any]:
    return {"on": "checkout", "kind": kind, **EXAMPLES[kind], **about}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_file_reads_back_as_it_was_written(kind: str) -> None:
    section, adapter = MonitorsSection(), TypeAdapter(MonitorsSection.shape)
    section.apply(adapter.validate_python({"one": settings_of(kind)}), actor=SYSTEM, at=AT)
    assert "hush" not in str(Monitor.objects.get().config)
    read = section.read()
    assert read is not None
    written = {key: value for key, value in read["one"].items() if key not in ("on", "kind", "every")}
    assert written == EXAMPLES[kind]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_form_keeps_what_it_shows_and_what_is_sealed(kind: str) -> None:
    create_monitor("one", settings=read_settings(settings_of(kind)), actor=SYSTEM, at=AT)
    monitor = Monitor.objects.get()
    before = resolve_config(KINDS[kind], monitor.config)
    client = client_of("alice")
    page = client.get("/monitors/one/edit/").content.decode()
    assert page.count("hush") == 0
    typed = {key: value for key, value in initial_of(monitor).items() if value is not None}
    typed["name"] = "Renamed"
    assert client.post("/monitors/one/edit/", typed).status_code == 302
    monitor.refresh_from_db()
    after = resolve_config(KINDS[kind], monitor.config)
    assert monitor.name == "Renamed"
    assert {key: value for key, value in after.items() if key in EXAMPLES[kind]} == before


def test_a_secret_is_removed_by_a_dash() -> None:
    create_monitor("one", settings=read_settings(settings_of("number")), actor=SYSTEM, at=AT)
    typed = {**initial_of(Monitor.objects.get()), "auth__token": "-"}
    assert client_of("alice").post("/monitors/one/edit/", typed).status_code == 302
    assert "auth" not in Monitor.objects.get().config


@pytest.mark.parametrize(
    ("kind", "about", "field"),
    [
        ("http", {"timeout": "90s"}, "timeout"),
        ("http", {"auth": {"password": "hush"}}, "auth"),
        ("http", {"auth": {"user": "a", "token": "b"}}, "auth"),
        ("http", {"auth": {"token": "env:STORMPROOF_SECRET_KEY"}}, "auth.token"),
        ("http", {"expect": {"matches": "(a"}}, "expect.matches"),
        ("http", {"expect": {"conditions": ["stock"]}}, "expect.conditions"),
        ("http", {"expect": {"headers": {"X": "> many"}}}, "expect.headers"),
        ("sql", {"down_when": "many"}, "down_when"),
        ("sql", {"when_missing": "nothing"}, "when_missing"),
        ("number", {"path": "a..b"}, "path"),
        ("number", {"degraded_when": "> x"}, "degraded_when"),
        ("promql", {"url": "prometheus"}, "url"),
        ("udp", {"payload": "hex:0"}, "payload"),
        ("udp", {"port": 70000}, "port"),
        ("dns", {"host": "a..b"}, "host"),
        ("dns", {"resolver": "9.9.9.9:x"}, "resolver"),
        ("domain", {"domain": "shop"}, "domain"),
        ("domain", {"every": "1m"}, "every"),
        ("icmp", {"packets": 99}, "packets"),
        ("mysql", {"query": "DELETE FROM a"}, "query"),
        ("mysql", {"url": "http://db"}, "url"),
        ("redis", {"command": "FLUSHALL"}, "command"),
        ("redis", {"url": "env:DATABASE_URL"}, "url"),
        ("mail", {"sender": "nobody"}, "sender"),
        ("mail", {"folder": 'a"b'}, "folder"),
        ("ssh", {"fingerprint": "MD5:aa"}, "fingerprint"),
        ("ssh", {"host": "user@host"}, "host"),
    ],
)
def test_a_wrong_setting_names_its_field(kind: str, about: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings(settings_of(kind, **about))
    assert wrong.value.problems[0][0].startswith(field)


@pytest.mark.parametrize(
    ("kind", "field"), [("http", "url"), ("number", "url"), ("promql", "url"), ("udp", "host"), ("ssh", "host")]
)
def test_no_kind_goes_where_the_guard_forbids(kind: str, field: str) -> None:
    target = "http://169.254.169.254/" if field == "url" else "169.254.169.254"
    with pytest.raises(WrongSettings) as wrong:
        create_monitor("one", settings=read_settings(settings_of(kind, **{field: target})), actor=SYSTEM, at=AT)
    assert wrong.value.problems[0][0] == field
    assert not Monitor.objects.exists()


@pytest.mark.parametrize(
    ("about", "seconds"), [({}, 10.0), ({"every": "4s"}, 2.0), ({"timeout": "45s"}, 45.0), ({"timeout": "250ms"}, 0.25)]
)
def test_a_look_may_take_what_its_settings_say(about: dict[str, Any], seconds: float) -> None:
    settings = {"on": "checkout", "kind": "udp", **EXAMPLES["udp"], **about}
    shape = read_settings(settings)
    assert limit_s(shape, shape.interval_seconds) == seconds


def test_the_page_to_choose_offers_each_kind() -> None:
    page = unescape(client_of("alice").get("/monitors/new/").content.decode())
    assert [kind.title for kind in KINDS.values() if kind.title not in page] == []
