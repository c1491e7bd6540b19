"""The stream passes announcements on to the pages that follow them, to signed-in people of this console only."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
import uvicorn
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from stormproof.core.env import env
from stormproof.core.live import announce
from stormproof.people.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stream_url() -> Iterator[str]:
    from stormproof.web.stream import Hub, Stream, database_address

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    hub = Hub(database_address)
    config = uvicorn.Config(Stream(hub), port=port, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: _status(url) == 200)
    yield url
    server.should_exit = True
    thread.join(10)
    close_other_sessions()


def close_other_sessions() -> None:
    """Cut every connection to the test's database but this one, as a restart of PostgreSQL does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _status(url: str) -> int:
    try:
        return httpx.get(f"{url}/healthz").status_code
    except httpx.ConnectError:
        return 0


def wait_until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def cookie_of_alice() -> dict[str, str]:
    alice = User.objects.create_user("alice@shop.example", "a long pass phrase")
    client = Client()
    client.force_login(alice)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def announce_now(*topics: str) -> None:
    with transaction.atomic():
        announce(*topics)


def next_event(lines: Iterator[str]) -> str:
    """The name of the next event that is not a beat."""
    for line in lines:
        if line.startswith("event: ") and line not in {"event: beat", "event: lost"}:
            return line.removeprefix("event: ")
    raise AssertionError("the stream ended")


def test_a_page_is_told_of_the_topics_it_follows_and_of_no_others(stream_url: str) -> None:
    cookies = cookie_of_alice()
    url = f"{stream_url}/stream/?topics=incident-12,overview"
    with (
        httpx.Client(cookies=cookies) as client,
        client.stream("GET", url, headers={"Origin": env.public_url}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == env.public_url
        assert answer.headers["access-control-allow-credentials"] == "true"
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: beat"
        announce_now("incident:13")
        announce_now("incident:12")
        assert next_event(lines) == "incident-12"
        announce_now("overview")
        assert next_event(lines) == "overview"


def test_a_stranger_and_a_foreign_page_get_no_stream(stream_url: str) -> None:
    assert httpx.get(f"{stream_url}/stream/?topics=overview").status_code == 401
    forged = {settings.SESSION_COOKIE_NAME: "made-up"}
    assert httpx.get(f"{stream_url}/stream/?topics=overview", cookies=forged).status_code == 401
    foreign = httpx.get(
        f"{stream_url}/stream/?topics=overview", cookies=cookie_of_alice(), headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403


def test_the_stream_listens_again_by_itself_and_then_tells_of_everything(stream_url: str) -> None:
    cookies = cookie_of_alice()
    with httpx.Client(cookies=cookies, timeout=20) as client:  # noqa: SIM117
        with client.stream("GET", f"{stream_url}/stream/?topics=overview") as answer:
            lines = answer.iter_lines()
            next(lines)
            close_other_sessions()
            assert next_event(lines) == "overview"  # told once more, for what may have been missed
            announce_now("overview")
            assert next_event(lines) == "overview"


def test_a_notification_that_cannot_be_read_harms_nobody(stream_url: str) -> None:
    cookies = cookie_of_alice()
    with (
        httpx.Client(cookies=cookies) as client,
        client.stream("GET", f"{stream_url}/stream/?topics=overview") as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        from stormproof.web.stream import database_address

        with psycopg.connect(database_address(), autocommit=True) as other:
            other.execute("SELECT pg_notify('stormproof_live', 'not json')")
            other.execute("SELECT pg_notify('stormproof_live', '[]')")
        announce_now("overview")
        assert next_event(lines) == "overview"


def test_too_many_topics_are_refused(stream_url: str) -> None:
    topics = ",".join(f"incident-{number}" for number in range(201))
    assert httpx.get(f"{stream_url}/stream/?topics={topics}", cookies=cookie_of_alice()).status_code == 429
