"""http in depth: patterns, conditions on JSON, headers, where it ends, the certificate, and hostile answers."""

from __future__ import annotations

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from stormproof.engine.probe.conditions import read_condition, read_placed_condition
from stormproof.engine.probe.http import HttpCheck, HttpProber
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.patterns import read_pattern
from tests.engine.probe.servers import LOOPBACK, Authority, tcp_server, web_server

BOMB = gzip.compress(bytes(100 << 20), 1)


async def shop(request: web.Request) -> web.StreamResponse:
    if request.path == "/away":
        raise web.HTTPFound("/checkout?step=1")
    if request.path == "/json":
        return web.json_response({"stock": [{"left": 12}, {"left": 0}], "version": "2.14", "live": True})
    if request.path == "/deep":
        return web.Response(text="[" * 200_000, content_type="application/json")
    if request.path == "/bomb":
        return web.Response(body=BOMB, headers={"Content-Encoding": "gzip"})
    if request.path == "/empty":
        return web.Response(status=204)
    return web.Response(text="3 items in your basket", headers={"X-Cache": "HIT"})


def look(path: str, *, tls: Any = None, trust: Any = None, at: datetime | None = None, **about: Any) -> Outcome:
    if "conditions" in about:
        about["conditions"] = [read_placed_condition(text) for text in about["conditions"]]
    if "headers" in about:
        wanted = about.pop("headers").items()
        about["answer_headers"] = {name: read_condition(text, is_plain_equal=True) for name, text in wanted}
    if "final_url" in about:
        about["final_url"] = read_condition(about["final_url"], is_plain_equal=True)
    for name in ("matches", "matches_not"):
        about[name] = [read_pattern(text) for text in about.get(name, ())]

    async def run() -> Outcome:
        async with web_server(shop, tls=tls) as base:
            prober = HttpProber(LOOPBACK, trust=trust)
            try:
                return await prober.probe(HttpCheck(url=base + path, **about), deadline_s=5, at=at)
            finally:
                await prober.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "about", "reason"),
    [
        ("/", {"matches": [r"\d+ items? in"], "matches_not": ["(?i)fatal"]}, ""),
        ("/", {"matches": ["^Basket"]}, "the page has nothing like '^Basket'"),
        ("/", {"matches_not": ["item"]}, "the page has something like 'item'"),
        ("/", {"headers": {"x-cache": "HIT", "Content-Type": "~ ^text/"}}, ""),
        ("/", {"headers": {"X-Cache": "MISS"}}, "the header X-Cache is 'HIT', expected MISS"),
        ("/", {"headers": {"X-Frame-Options": "~ ."}}, "the answer has no header X-Frame-Options"),
        ("/away", {"final_url": r"~ /checkout\?step=1$"}, ""),
        ("/json", {"conditions": ["stock[0].left > 5", "stock length == 2", "version ~ ^2\\.", "live == true"]}, ""),
        ("/json", {"conditions": ["stock[-1].left >= 1"]}, "stock[-1].left is 0, expected >= 1"),
        ("/json", {"conditions": ["stock length > 2"]}, "stock is a list of 2, expected length > 2"),
        ("/json", {"conditions": ["price > 2"]}, "the JSON answer has no price: there is no price"),
        ("/deep", {"conditions": ["a > 2"]}, "the JSON answer nests too deeply"),
    ],
)
def test_each_expectation_is_met_or_named(path: str, about: dict[str, Any], reason: str) -> None:
    found = look(path, **about)
    assert (found.ok, found.reason) == (not reason, reason)


def test_where_it_ends_is_named_when_it_is_elsewhere() -> None:
    found = look("/away", final_url="~ /login$")
    assert not found.ok
    assert found.reason.endswith("/checkout?step=1, expected ~ /login$")


@pytest.mark.parametrize("path", ["/", "/empty"])
def test_a_certificate_that_ends_soon_is_degraded_in_the_same_look(path: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = authority.server_context(names=["127.0.0.1"], days=(-10, 5))
    about = {"tls": tls, "trust": authority.trust(), "at": datetime.now(UTC)}
    found = look(path, warn_before_s=14 * 86400, **about)
    assert (found.ok, found.degraded) == (True, True)
    assert found.reason.startswith("its certificate ends in ")
    ends = datetime.fromisoformat(found.details["certificate_ends"])
    assert timedelta(days=4) < ends - datetime.now(UTC) < timedelta(days=6)
    assert not look(path, warn_before_s=86400, **about).degraded


def test_a_bomb_is_read_only_as_far_as_a_page_is() -> None:
    start = time.monotonic()
    found = look("/bomb", contains=["Basket"])
    assert not found.ok
    assert "the page does not contain 'Basket'" in found.reason or "does not speak HTTP properly" in found.reason
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nA: 1\r\n"]
)
def test_an_answer_that_drips_for_ever_ends_at_the_limit(start: bytes) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def go() -> Outcome:
        async with tcp_server(drip) as port:
            prober = HttpProber(LOOPBACK)
            found = await prober.probe(HttpCheck(url=f"http://127.0.0.1:{port}/"), deadline_s=0.5)
            await prober.close()
            return found

    begin = time.monotonic()
    found = asyncio.run(go())
    assert not found.ok
    assert found.reason.startswith("no answer within 500 ms")
    assert time.monotonic() - begin < 2
