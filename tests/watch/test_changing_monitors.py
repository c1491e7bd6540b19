"""Setting monitors up, changing, pausing and retiring them; the section of continuity.yaml."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from stormproof.core.actor import SYSTEM, Actor, NotAllowed
from stormproof.core.document import Known
from stormproof.core.models import FactRecord
from stormproof.watch import selectors
from stormproof.watch.document import MonitorsSection
from stormproof.watch.kinds import KINDS, WrongSettings, read_settings, resolve_config
from stormproof.watch.models import Monitor
from stormproof.watch.services.monitors import (
    CannotCreateMonitor,
    CannotPauseMonitor,
    create_monitor,
    pause_monitor,
    resume_monitor,
    retire_monitor,
)
from stormproof.watch.services.states import move_monitor
from tests.watch.make import make_node

pytestmark = pytest.mark.django_db
AT = datetime.now(UTC)
BOB = Actor(key="user:2", name="Bob", permissions=frozenset({"watch.read"}))
HTTP = {
    "on": "checkout",
    "kind": "http",
    "every": "5s",
    "url": "https://shop.example/",
    "expect": {"contains": "Basket"},
}
SECTION = {
    "home": {"name": "Home page", **HTTP, "expect": {"status": 200, "json": {"a.b": True}, "faster_than": "500ms"}},
    "mail": {"on": "checkout", "kind": "tcp", "host": "mail.shop.example", "port": 25, "every": "30s"},
    "cert": {"on": "checkout", "kind": "tls", "host": "shop.example", "warn_before": "7d", "every": "1h"},
    "db": {
        "on": "checkout", "kind": "sql", "every": "5s", "query": "SELECT 1", "expect": {"equals": 0},
        "url": "postgresql://reader:secret@db.shop.example/shop",
    },
    "backup": {"on": "checkout", "kind": "heartbeat", "period": "12h", "grace": "30m", "paused": True},
}  # fmt: skip


@pytest.fixture(autouse=True)
def checkout() -> None:
    make_node("checkout", kind="function")


def create(slug: str = "home", **about: Any) -> Monitor:
    return create_monitor(slug, settings=read_settings({**HTTP, **about}), actor=SYSTEM, at=AT)


def facts() -> list[str]:
    return list(FactRecord.objects.order_by("id").values_list("name", flat=True))


def test_one_who_may_only_read_sets_nothing_up() -> None:
    with pytest.raises(NotAllowed):
        create_monitor("home", settings=read_settings(HTTP), actor=BOB, at=AT)
    assert not Monitor.objects.exists()


def test_a_name_that_is_taken_is_refused() -> None:
    create()
    with pytest.raises(CannotCreateMonitor):
        create()


def test_pausing_a_monitor_that_is_down_is_refused() -> None:
    monitor = create()
    move_monitor(monitor, to="down", reason="gone", since=AT, at=AT)
    with pytest.raises(CannotPauseMonitor):
        pause_monitor(monitor, actor=SYSTEM, at=AT)
    assert Monitor.objects.get().enabled


def test_a_paused_monitor_is_unknown_and_looks_again_when_resumed() -> None:
    monitor = create()
    move_monitor(monitor, to="up", reason="", since=AT, at=AT)
    pause_monitor(monitor, actor=SYSTEM, at=AT)
    monitor.refresh_from_db()
    assert (monitor.state, monitor.enabled, monitor.reason) == ("unknown", False, "paused")
    assert not selectors.monitors_to_look_at().exists()
    resume_monitor(monitor, actor=SYSTEM, at=AT)
    assert selectors.monitors_to_look_at().get() == monitor


def test_a_retired_monitor_keeps_its_history_and_can_be_used_again() -> None:
    monitor = create()
    retire_monitor(monitor, actor=SYSTEM, at=AT)
    assert selectors.monitors_of(monitor.node_id) == []
    again = create()
    assert again.pk == monitor.pk
    assert facts() == ["MonitorCreated", "MonitorRetired", "MonitorCreated"]


def test_a_node_is_as_bad_as_its_worst_monitor_and_stops_what_needs_it() -> None:
    first, second = create("a"), create("b")
    move_monitor(first, to="up", reason="", since=AT, at=AT)
    assert selectors.node_states()[first.node_id] == "unknown"
    move_monitor(second, to="up", reason="", since=AT, at=AT)
    assert selectors.node_states()[first.node_id] == "up"
    move_monitor(second, to="down", reason="gone", since=AT, at=AT)
    assert selectors.node_states()[first.node_id] == "down"


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"every": "5"}, "every"),
        ({"every": "0s"}, "every"),
        ({"url": "shop.example"}, "url"),
        ({"url": "https://user:pw@shop.example/"}, "url"),
        ({"method": "STEAL"}, "method"),
        ({"expect": {"status": 99}}, "expect.status"),
        ({"expect": {"json": {"a..b": 1}}}, "expect.json"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"headers": {"X": "env:STORMPROOF_SECRET_KEY"}}, "headers"),
        ({"kind": "telepathy"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_setting_names_its_field(about: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({**HTTP, **about})
    assert wrong.value.problems[0][0].startswith(field)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost:8000/", "http://0x7f.1/", "http://[fd00::1]/"])
def test_a_target_that_is_not_allowed_is_refused_when_it_is_written(url: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        create(url=url)
    assert wrong.value.problems[0][0] == "url"
    assert not Monitor.objects.exists()


def test_secrets_are_sealed_at_rest_and_opened_for_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = create(headers={"Authorization": "Bearer hush", "Cookie": "env:SHOP_COOKIE", "X-Plain": "seen"})
    stored = monitor.config["headers"]
    assert stored["Authorization"].startswith("sealed:")
    assert (stored["Cookie"], stored["X-Plain"]) == ("env:SHOP_COOKIE", "seen")
    monkeypatch.setitem(os.environ, "SHOP_COOKIE", "a=b")
    opened = resolve_config(KINDS["http"], monitor.config)["headers"]
    assert opened == {"Authorization": "Bearer hush", "Cookie": "a=b", "X-Plain": "seen"}


def parsed(data: dict[str, Any]) -> Any:
    return TypeAdapter(MonitorsSection.shape).validate_python(data)


def normal(data: Any) -> Any:
    adapter = TypeAdapter(MonitorsSection.shape)
    return adapter.dump_python(
        adapter.validate_python(data), mode="json", exclude_none=True, exclude_defaults=True, by_alias=True
    )


def test_the_section_reads_back_as_it_was_applied() -> None:
    section = MonitorsSection()
    section.apply(parsed(SECTION), actor=SYSTEM, at=AT)
    assert normal(section.read()) == normal(SECTION)
    before = facts()
    section.apply(parsed(SECTION), actor=SYSTEM, at=AT)
    assert facts() == before
    assert "secret" not in str(Monitor.objects.get(slug="db").config)


def test_what_the_section_leaves_out_is_retired_and_what_differs_is_changed() -> None:
    section = MonitorsSection()
    section.apply(parsed(SECTION), actor=SYSTEM, at=AT)
    section.apply(parsed({"home": {**SECTION["home"], "every": "7s"}}), actor=SYSTEM, at=AT)
    assert [(monitor.slug, monitor.interval_seconds) for monitor in selectors.monitors_in_use()] == [("home", 7)]
    assert FactRecord.objects.get(name="MonitorChanged").payload["fields"] == ["every"]
    section.apply(None, actor=SYSTEM, at=AT)
    assert section.read() is None


def test_the_section_names_what_it_does_not_know_and_where_it_may_not_look() -> None:
    known = Known(names=frozenset({"node:checkout"}))
    wrong = {"home": {**HTTP, "on": "chekout"}, "db": {**SECTION["db"], "url": "postgresql://r@10.0.0.1/shop"}}
    problems = MonitorsSection().check(parsed(wrong), known)
    assert [(problem.path, problem.hint.split("=")[0]) for problem in problems] == [
        (("monitors", "home", "on"), "did you mean checkout?"),
        (("monitors", "db", "url"), "the operator can allow it with STORMPROOF_ALLOWED_NETWORKS"),
    ]
