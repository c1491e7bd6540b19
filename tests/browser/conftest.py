"""Chromium, the pages and the live stream on free ports, with the sample shop's document in them."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType

import pytest
import uvicorn
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from scripts import screenshots
from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.web import assets, context, middleware, stream
from tests.browser import installation


@dataclass(frozen=True)
class Console:
    """Where the pages are, and the session of somebody who may do everything."""

    address: str
    session: str


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Playwright keeps a loop in this thread, which Django must be told to bear."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with screenshots.chromium() as browser:
            yield browser
    connections.close_all()  # what Django opened beside that loop was cut off with the stream's connections


@pytest.fixture
def console(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """The sample shop four minutes after it was set up, its pages and its stream."""
    assert assets.is_built(), "the front end is not built: run `make setup`"
    server, thread = _start_stream()
    stream_url = f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    here = dataclasses.replace(env, public_url=live_server.url, stream_url=stream_url)
    places: tuple[ModuleType, ...] = (context, middleware, stream)
    for module in places:
        monkeypatch.setattr(module, "env", here)
    client = Client()
    client.force_login(installation.fill(now() - timedelta(minutes=4)))
    yield Console(address=live_server.url, session=client.cookies[settings.SESSION_COOKIE_NAME].value)
    server.should_exit = True
    thread.join(10)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _start_stream() -> tuple[uvicorn.Server, threading.Thread]:
    application = stream.Stream(stream.Hub(stream.database_address))
    config = uvicorn.Config(application, port=0, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            return server, thread
        thread.join(0.05)
    raise AssertionError("the stream did not start")
