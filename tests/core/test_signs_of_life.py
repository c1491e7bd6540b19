"""Ticks, readiness and the dead-man's switch: Stormproof watches itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from django.test import Client

from stormproof.core import ticks
from stormproof.core.dead_man import call_dead_man
from stormproof.core.ticks import all_alive, forget_old_ticks, signs_of_life, write_tick

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


class _Switch(BaseHTTPRequestHandler):
    calls: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.calls.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def switch() -> Iterator[str]:
    _Switch.calls.clear()
    with HTTPServer(("127.0.0.1", 0), _Switch) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/ping/secret"
        server.shutdown()
        thread.join()


def _tick_all(at: datetime) -> None:
    for process in ticks.EXPECTED:
        write_tick(process, instance=f"{process}@host:1", at=at)


def test_a_process_is_alive_for_fifteen_seconds_after_its_newest_tick() -> None:
    _tick_all(AT)
    assert all_alive(signs_of_life(at=AT + timedelta(seconds=15)))
    assert not all_alive(signs_of_life(at=AT + timedelta(seconds=15.1)))


def test_one_of_two_workers_is_enough() -> None:
    _tick_all(AT - timedelta(hours=1))
    _tick_all(AT)
    write_tick("worker", instance="worker@host:2", at=AT - timedelta(minutes=5))
    (worker,) = [life for life in signs_of_life(at=AT) if life.process == "worker"]
    assert (worker.instances, worker.age_s) == (1, 0.0)


def test_a_process_that_never_ticked_is_not_alive() -> None:
    write_tick("web", instance="web@host:1", at=AT)
    assert [life.process for life in signs_of_life(at=AT) if not life.is_fresh] == ["worker", "prober"]


def test_ticks_of_the_last_hour_are_kept() -> None:
    write_tick("web", instance="old", at=AT - timedelta(hours=2))
    write_tick("web", instance="new", at=AT)
    assert forget_old_ticks(at=AT) == 1
    assert signs_of_life(at=AT)[0].instances == 1


def test_the_dead_man_is_called_while_all_are_alive(switch: str) -> None:
    _tick_all(AT)
    assert call_dead_man(switch, at=AT) is True
    assert _Switch.calls == ["/ping/secret"]


def test_the_dead_man_is_not_called_when_the_prober_is_silent(switch: str) -> None:
    _tick_all(AT)
    write_tick("prober", instance="prober@host:1", at=AT - timedelta(minutes=1))
    assert call_dead_man(switch, at=AT) is False
    assert _Switch.calls == []


def test_a_dead_man_that_does_not_answer_is_no_error() -> None:
    _tick_all(AT)
    assert call_dead_man("http://127.0.0.1:1/ping", at=AT) is False


def test_healthz_answers_without_a_database_and_under_any_host_name(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "10.1.2.3"}).content == b"ok\n"


def test_readyz_is_503_until_all_are_alive(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormproof.web.core.views.now", lambda: AT)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    _tick_all(AT)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["processes"]["web"] == {"alive": True, "instances": 1, "age_s": 0.0}


def test_outsiders_see_no_detail_and_no_metrics(client: Client) -> None:
    assert set(client.get("/readyz", REMOTE_ADDR="203.0.113.5").json()) == {"ready"}
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404


def test_metrics_are_in_the_format_of_prometheus(client: Client) -> None:
    write_tick("web", instance="web@host:1", at=AT)
    text = client.get("/metrics").content.decode()
    assert 'stormproof_process_instances{process="worker"} 0.0' in text
    assert "stormproof_database_up 1.0" in text
    assert "stormproof_outbox_waiting 0.0" in text


def test_every_answer_carries_the_id_of_its_request(client: Client) -> None:
    own = client.get("/nowhere").headers["X-Request-ID"]
    assert len(own) == 32
    assert (
        client.get("/nowhere", headers={"x-request-id": "from-the-proxy-1"}).headers["X-Request-ID"]
        == "from-the-proxy-1"
    )
    assert client.get("/nowhere", headers={"x-request-id": "a b\x01"}).headers["X-Request-ID"] != "a b\x01"
