"""The live stream: PostgreSQL notifications to server-sent events, in a small process of its own.

`uvicorn stormproof.web.stream:application --workers 1`. One connection listens for all readers. An event carries the
name of what changed and the time, never data: the page asks for the fragment again, with all permissions checked.
A reader that is slow gets each topic once, however often it changed: nothing piles up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

import django
import psycopg
import structlog
from asgiref.sync import sync_to_async

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stormproof.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from psycopg.conninfo import make_conninfo  # noqa: E402

from stormproof.core.actor import NOBODY  # noqa: E402
from stormproof.core.env import env  # noqa: E402
from stormproof.core.live import CHANNEL  # noqa: E402
from stormproof.people.selectors import actor_for  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BEAT_SECONDS = 15
CHECK_SESSION_EVERY = 4  # beats
MOST_TOPICS = 200
MOST_READERS = 2000
LONGEST_WAIT_SECONDS = 5.0

log = structlog.get_logger("stream")


def database_address() -> str:
    """Where to listen: Django's default database as a libpq connection string."""
    database = settings.DATABASES["default"]
    parts = {
        "host": database["HOST"],
        "port": database["PORT"],
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "connect_timeout": 5,
        "application_name": "stormproof stream",
    }
    return make_conninfo(**{key: value for key, value in parts.items() if value})


def event_name(topic: str) -> str:
    """The event of a topic: `incident:12` is `incident-12`, so that it can stand in an hx-trigger."""
    return topic.replace(":", "-")


class Reader:
    """One open page: the topics it follows and those that changed since it was last told."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self.changed: set[str] = set()
        self.woken = asyncio.Event()

    def tell(self, names: Iterable[str]) -> None:
        """Note what changed; wakes the reader if it follows any of it."""
        new = self.topics.intersection(names)
        if new:
            self.changed |= new
            self.woken.set()

    async def wait(self, seconds: float) -> list[str]:
        """The topics that changed, at once or within `seconds`; empty when nothing did."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), seconds)
        self.woken.clear()
        changed, self.changed = sorted(self.changed), set()
        return changed


class Hub:
    """Listens on one connection and tells every reader; connects again by itself."""

    def __init__(self, address: Callable[[], str]) -> None:
        self.address = address
        self.readers: set[Reader] = set()
        self.is_listening = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen, once, in the running loop."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen_for_ever())

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def tell_all(self, payload: str) -> None:
        """Pass a notification on; one that is not as `core.live` writes it is logged and dropped."""
        try:
            names = [event_name(topic) for topic in json.loads(payload)["topics"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("a notification could not be read", payload=payload[:200])
            return
        for reader in self.readers:
            reader.tell(names)

    async def _listen_for_ever(self) -> None:
        wait = 0.25
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.address(), autocommit=True) as connection:
                    wait = 0.25
                    await self._listen(connection)
            except psycopg.Error as error:
                log.warning("the database is away; listening again soon", error=str(error), wait_seconds=wait)
            finally:
                self.is_listening = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        self.is_listening = True
        for reader in self.readers:  # whatever changed while nobody listened
            reader.tell(reader.topics)
        while True:
            async for notification in connection.notifies(timeout=BEAT_SECONDS):
                self.tell_all(notification.payload)
            await connection.execute("SELECT 1")  # a connection that died silently is found here


def session_key_in(headers: dict[bytes, bytes]) -> str:
    """The session key in the request's cookies, or ""."""
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


def _is_signed_in(session_key: str) -> bool:
    if not session_key:
        return False
    close_old_connections()
    request = HttpRequest()
    request.session = SessionStore(session_key)
    return actor_for(get_user(request)) != NOBODY


is_signed_in = sync_to_async(_is_signed_in, thread_sensitive=True)


def _moment() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _event(name: str) -> bytes:
    return f"event: {name}\ndata: {_moment()}\n\n".encode()


async def events_for(hub: Hub, reader: Reader, session_key: str) -> AsyncIterator[bytes]:
    """The events of one reader until the session ends; a beat at least every 15 seconds, none while nobody listens."""
    yield b"retry: 2000\n\n" + _event("beat" if hub.is_listening else "lost")
    beats = 0
    while True:
        changed = await reader.wait(BEAT_SECONDS)
        if changed:
            yield b"".join(_event(name) for name in changed)
            continue
        beats += 1
        if beats % CHECK_SESSION_EVERY == 0 and not await is_signed_in(session_key):
            return
        yield b": beat\n" + _event("beat" if hub.is_listening else "lost")


class Stream:
    """The ASGI application: `GET /stream/?topics=a,b` and `GET /healthz`."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self.hub.start()
        if scope["path"] == "/healthz":
            status = 200 if self.hub.is_listening else 503
            await answer(send, status=status, text="listening" if status == 200 else "not listening")
        elif scope["path"].rstrip("/") == "/stream" and scope["method"] == "GET":
            await self._stream(scope, receive, send)
        else:
            await answer(send, status=404, text="there is only /stream/")

    async def _stream(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and origin != env.public_url:
            await answer(send, status=403, text="this stream is for pages of " + env.public_url)
            return
        session_key = session_key_in(headers)
        if not await is_signed_in(session_key):
            await answer(send, status=401, text="sign in first")
            return
        topics = [
            topic for topic in parse_qs(scope["query_string"].decode()).get("topics", [""])[0].split(",") if topic
        ]
        if len(topics) > MOST_TOPICS or len(self.hub.readers) >= MOST_READERS:
            await answer(send, status=429, text="too many topics or readers")
            return
        await self._feed(Reader(map(event_name, topics)), session_key, receive, send)

    async def _feed(self, reader: Reader, session_key: str, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": stream_headers()})
        self.hub.readers.add(reader)
        gone = asyncio.ensure_future(_until_gone(receive))
        feeding = asyncio.ensure_future(_feed_events(events_for(self.hub, reader, session_key), send))
        try:
            await asyncio.wait({gone, feeding}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.hub.readers.discard(reader)
            for task in (gone, feeding):
                task.cancel()
            await asyncio.gather(gone, feeding, return_exceptions=True)


async def _feed_events(events: AsyncIterator[bytes], send: Send) -> None:
    async for chunk in events:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def stream_headers() -> list[tuple[bytes, bytes]]:
    """The heads of a stream: never kept, never buffered, readable with credentials by the console's origin alone."""
    return [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"access-control-allow-origin", env.public_url.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin, cookie"),
    ]


async def answer(send: Send, *, status: int, text: str) -> None:
    """A short plain answer."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    headers += [header for header in stream_headers() if header[0].startswith(b"access-control")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


application = Stream(Hub(database_address))
