"""Pings through the intake: the paths and answers of the plain view, committed before they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from uuid import uuid4

import aiohttp
import pytest
from django.db import connection, connections

from stormproof.core.actor import SYSTEM
from stormproof.core.clock import now
from stormproof.watch.models import Monitor, Ping
from stormproof.watch.services.ping_keys import make_ping_key
from stormproof.worker.intake import pings
from stormproof.worker.intake.committer import connect
from stormproof.worker.intake.run import serve
from stormproof.worker.intake.server import Intake
from tests.running import free_ports
from tests.watch.make import make_monitor, make_node
from tests.worker.test_the_intake import until_it_listens

pytestmark = pytest.mark.django_db(transaction=True)
Story = Callable[[aiohttp.ClientSession, str], Awaitable[None]]


@pytest.fixture(autouse=True)
def _the_door_lets_go_of_its_connection() -> Iterator[None]:
    yield
    pings._thread.submit(connections.close_all).result()


def at_the_door(story: Story) -> None:
    async def run() -> None:
        stop, port = asyncio.Event(), free_ports(1)
        intake = Intake([pings.DOOR], connect=connect, clock=now)
        async with aiohttp.ClientSession() as client:
            serving = asyncio.create_task(serve(intake, host="127.0.0.1", port=port, stop=stop))
            await until_it_listens(client, f"http://127.0.0.1:{port}/healthz")
            try:
                await story(client, f"http://127.0.0.1:{port}")
            finally:
                stop.set()
                await serving

    asyncio.run(run())


async def said(client: aiohttp.ClientSession, url: str, *, body: bytes | None = None) -> tuple[int, str]:
    asked = client.get(url) if body is None else client.post(url, data=body)
    async with asked as answer:
        return answer.status, await answer.text()


def test_the_answers_are_those_of_the_view() -> None:
    job = make_monitor("job", kind="heartbeat", config={"period": "1h"}, interval_seconds=3600)
    key = make_ping_key(name="k", on=make_node("jobs").slug, actor=SYSTEM, at=now())[1]
    make_monitor("home")
    found = {}

    async def story(client: aiohttp.ClientSession, base: str) -> None:
        own = f"{base}/ping/{job.ping_key}"
        for name, url, body in (
            ("start", f"{own}/start?rid={uuid4()}", None),
            ("exit status", f"{own}/3", b"disk full"),
            ("slash", f"{own}/", None),
            ("wrong signal", f"{own}/hello", None),
            ("wrong run", f"{own}?rid=7", None),
            ("unknown", f"{base}/ping/{uuid4()}", None),
            ("by name", f"{base}/ping/{key}/job/log", b"x" * 150_000),
            ("set up", f"{base}/ping/{key}/new-job?create=1", None),
            ("something else", f"{base}/ping/{key}/home?create=1", None),
        ):
            found[name] = await said(client, url, body=body)
        async with client.head(own) as answer:
            found["head"] = (answer.status, answer.headers["Ping-Body-Limit"])

    at_the_door(story)
    assert found == {
        "start": (200, "OK"),
        "exit status": (200, "OK"),
        "slash": (200, "OK"),
        "wrong signal": (400, "invalid url format"),
        "wrong run": (400, "invalid uuid format"),
        "unknown": (404, "not found"),
        "by name": (200, "OK"),
        "set up": (201, "Created"),
        "something else": (409, "ambiguous slug"),
        "head": (429, "100000"),
    }
    kept = list(Ping.objects.filter(monitor=job).order_by("number").values_list("kind", "exit_status", "body_size"))
    assert kept == [("start", None, 0), ("fail", 3, 9), ("done", None, 0), ("log", None, 150_000)]
    assert Ping.objects.get(monitor=job, number=4).is_cut
    assert Monitor.objects.get(slug="new-job").state == "up"


def test_what_comes_together_is_all_kept_before_it_is_answered() -> None:
    jobs = [make_monitor(f"job-{number}", kind="heartbeat", config={"period": "1h"}) for number in range(60)]
    kept = []

    async def ping(client: aiohttp.ClientSession, url: str) -> None:
        assert await said(client, url) == (200, "OK")
        kept.append(await asyncio.to_thread(count_and_let_go))

    async def story(client: aiohttp.ClientSession, base: str) -> None:
        await asyncio.gather(*(ping(client, f"{base}/ping/{job.ping_key}") for job in jobs))

    at_the_door(story)
    assert Ping.objects.count() == 60
    assert min(kept) >= 1


def count_and_let_go() -> int:
    try:
        return Ping.objects.count()
    finally:
        connection.close()
