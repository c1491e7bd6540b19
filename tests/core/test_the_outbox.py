"""Messages leave through a real SMTP server and a real web server, are retried, and are given up in the open."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from stormproof.core import outbox
from stormproof.core.env import read_env
from stormproof.core.kinds import email, webhook
from stormproof.core.models import FactRecord, Message
from stormproof.core.outbox import drain, post_message

AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Mailbox:
    """What a real SMTP server took."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 taken"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setattr(email, "env", replace(read_env({}), smtp_url=f"smtp://127.0.0.1:{port}"))
    yield box
    controller.stop()


def post(key: str = "page:1", **more: Any) -> Message:
    with transaction.atomic():
        given = {"channel": "email", "address": "alice@shop.example", "payload": {"subject": "Down", "text": "It is."}}
        return post_message(**{**given, **more}, key=key, at=AT, about="incident:1")


def test_a_mail_reaches_the_server_and_is_recorded(mailbox: Mailbox) -> None:
    message = post()
    assert "It is." not in message.sealed_payload
    assert drain("email", clock=lambda: AT) == 1
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sent", 1)
    assert mailbox.mails[0].rcpt_tos == ["alice@shop.example"]
    assert b"X-Idempotency-Key: page:1" in mailbox.mails[0].content
    assert FactRecord.objects.get(name="MessageSent").payload["key"] == "page:1"
    assert drain("email", clock=lambda: AT) == 0


def test_the_same_key_is_posted_once(mailbox: Mailbox) -> None:
    assert post().pk == post().pk
    drain("email", clock=lambda: AT)
    assert len(mailbox.mails) == 1


def test_a_failing_server_is_tried_six_times_and_then_given_up_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "env", replace(read_env({}), smtp_url="smtp://127.0.0.1:1"))
    message, at = post(), AT
    for tries, wait in enumerate(outbox.WAITS, start=1):
        drain("email", clock=lambda at=at: at)
        message.refresh_from_db()
        assert (message.state, message.attempts, message.next_at) == ("pending", tries, at + timedelta(seconds=wait))
        assert drain("email", clock=lambda at=at: at) == 0
        at = message.next_at
    drain("email", clock=lambda: at)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("failed", 6)
    assert FactRecord.objects.get(name="MessageGaveUp").payload["about_what"] == "incident:1"


def test_a_lease_that_ran_out_is_taken_up_under_the_same_key(mailbox: Mailbox) -> None:
    post()
    assert outbox._claim("email", at=AT) is not None  # this sender dies here
    assert drain("email", clock=lambda: AT + timedelta(seconds=29)) == 0
    assert drain("email", clock=lambda: AT + timedelta(seconds=31)) == 1
    assert len(mailbox.mails) == 1


def test_a_webhook_goes_out_with_its_key_and_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str | None, Any]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/hook"
    lane = outbox.lane_of("webhook", url)
    monkeypatch.setattr(webhook, "env", read_env({}))
    refused = post("hook:1", channel="webhook", address=url, payload={"json": {"a": 1}})
    drain(lane, clock=lambda: AT)
    refused.refresh_from_db()
    assert refused.state == "failed"
    assert "STORMPROOF_ALLOWED_NETWORKS" in refused.last_error
    monkeypatch.setattr(webhook, "env", read_env({"STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8"}))
    post("hook:2", channel="webhook", address=url, payload={"json": {"a": 1}})
    drain(lane, clock=lambda: AT)
    server.shutdown()
    server.server_close()
    assert seen == [("hook:2", {"a": 1})]


def test_lanes_with_due_messages_are_woken_once(mailbox: Mailbox) -> None:
    post()
    outbox.wake_lanes(at=AT)
    assert ProcrastinateJob.objects.filter(task_name="core.drain_lane").count() == 1
