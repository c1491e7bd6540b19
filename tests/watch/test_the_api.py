"""Monitors over the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from stormproof.watch.models import Monitor, StateChange
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db


def send(client: Client, method: str, path: str, data: Any = None) -> Any:
    return client.generic(method, f"/api/v1{path}", data=json.dumps(data), content_type="application/json")


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_who_may_read_one(name: str, status: int) -> None:
    make_monitor("home")
    assert client_of(name).get("/api/v1/monitors/home").status_code == status


def test_the_list_is_filtered() -> None:
    make_monitor("home")
    make_monitor("cert", kind="tls", config={"host": "shop.example"})
    found = client_of("bob").get("/api/v1/monitors?kind=tls").json()
    assert [(item["slug"], item["target"]) for item in found["items"]] == [("cert", "shop.example:443")]


def test_setting_up_changing_pausing_and_retiring() -> None:
    make_node("checkout")
    client = client_of("alice")
    settings = {"on": "checkout", "kind": "http", "every": "5s", "url": "https://shop.example/"}
    made = send(client, "POST", "/monitors", {"slug": "home", "settings": settings})
    assert (made.status_code, made.json()["state"]) == (201, "unknown")
    changed = send(client, "PUT", "/monitors/home", {"settings": {**settings, "every": "10s"}})
    assert changed.json()["interval_seconds"] == 10
    assert send(client, "POST", "/monitors/home/pause").json()["enabled"] is False
    assert send(client, "POST", "/monitors/home/resume").json()["enabled"] is True
    assert send(client, "DELETE", "/monitors/home").status_code == 204
    assert client.get("/api/v1/monitors/home").status_code == 404


def test_a_wrong_setting_is_refused_with_its_field() -> None:
    make_node("checkout")
    settings = {"on": "checkout", "kind": "http", "url": "https://shop.example/", "expect": {"status": "fine"}}
    answer = send(client_of("alice"), "POST", "/monitors", {"slug": "home", "settings": settings})
    assert answer.status_code == 422
    assert "expect.status" in answer.content.decode()
    assert not Monitor.objects.exists()


def test_one_who_may_only_read_changes_nothing() -> None:
    make_monitor("home")
    assert send(client_of("bob"), "DELETE", "/monitors/home").status_code == 403
    assert Monitor.objects.get().retired_at is None


def test_uptime_counts_known_time_only() -> None:
    monitor = make_monitor("home")
    end = datetime.now(UTC).replace(microsecond=0)
    moments = [("up", 100), ("down", 40), ("up", 30)]
    for state, back in moments:
        at = end - timedelta(seconds=back)
        StateChange.objects.create(monitor=monitor, from_state="unknown", to_state=state, at=at, decided_at=at)
    query = {"start": (end - timedelta(seconds=200)).isoformat(), "end": end.isoformat()}
    found = client_of("bob").get("/api/v1/monitors/home/uptime", query).json()
    assert (found["up_seconds"], found["down_seconds"], found["unknown_seconds"]) == (90.0, 10.0, 100.0)
    assert (found["percent"], found["outages"]) == (90.0, 1)
