"""http: what is expected, what is said when it is not so, and how it is timed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import LONGEST_BODY, HttpCheck, HttpProber
from stormproof.engine.probe.outcome import Outcome
from tests.engine.probe.servers import LOOPBACK, Authority, tcp_server, web_server

seen: list[dict[str, Any]] = []


async def shop(request: web.Request) -> web.StreamResponse:
    body = await request.text()
    seen.append(
        {"method": request.method, "headers": dict(request.headers), "body": body, "peer": id(request.transport)}
    )
    path = request.path
    if path == "/json":
        return web.json_response({"data": {"items": [{"status": "ok", "count": 3, "live": True}], "none": None}})
    if path.startswith("/status/"):
        return web.Response(status=int(path.rpartition("/")[2]))
    if path == "/slow":
        await asyncio.sleep(0.2)
        return web.Response(text="slow Basket")
    if path == "/never":
        await asyncio.sleep(30)
    if path == "/long":
        return web.Response(text="x" * LONGEST_BODY + "Basket")
    if path == "/away":
        raise web.HTTPFound(request.query["to"])
    if path == "/round":
        raise web.HTTPFound("/round")
    return web.Response(text="<h1>Basket</h1> für alle", charset="latin-1")


def look(path: str, *, guard: Guard = LOOPBACK, deadline_s: float = 5, **about: Any) -> Outcome:
    async def run() -> Outcome:
        async with web_server(shop) as base:
            prober = HttpProber(guard)
            try:
                return await prober.probe(HttpCheck(url=base + path, **about), deadline_s=deadline_s)
            finally:
                await prober.close()

    return asyncio.run(run())


def test_a_good_page_is_good_and_timed_in_phases() -> None:
    found = look("/", contains=["Basket", "für"])
    assert (found.ok, found.degraded, found.reason) == (True, False, "")
    assert list(found.phases) == ["dns", "connect", "wait", "read"]
    assert found.total_ms is not None
    assert abs(sum(found.phases.values()) - found.total_ms) < 0.01


@pytest.mark.parametrize(
    ("path", "about", "reason"),
    [
        ("/status/503", {}, "answered 503, expected 200-299"),
        ("/status/204", {"statuses": [(200, 200), (404, 404)]}, "answered 204, expected 200 or 404"),
        ("/", {"contains": ["Checkout"]}, "the page does not contain 'Checkout'"),
        ("/", {"contains_not": ["Basket"]}, "the page contains 'Basket'"),
        ("/long", {"contains": ["Basket"]}, "the page does not contain 'Basket' in its first MiB"),
        ("/json", {"json": {"data.items[0].status": "down"}}, 'data.items[0].status is "ok", expected "down"'),
        ("/json", {"json": {"data.items[0].live": 1}}, "data.items[0].live is true, expected 1"),
        (
            "/json",
            {"json": {"data.items[4].x": 1}},
            "the JSON answer has no data.items[4].x: there is no data.items[4]",
        ),
        ("/", {"json": {"a": 1}}, "the answer is not JSON"),
        ("/round", {}, "more than 5 redirects"),
    ],
)
def test_what_is_not_as_expected_is_said_in_words(path: str, about: dict[str, Any], reason: str) -> None:
    found = look(path, **about)
    assert (found.ok, found.reason) == (False, reason)


def test_json_values_that_fit_are_good() -> None:
    expected = {"data.items[0].status": "ok", "$.data.items[0].count": 3, "data.items[0].live": True, "data.none": None}
    assert look("/json", json=expected).ok


def test_slower_than_promised_is_degraded() -> None:
    found = look("/slow", faster_than_s=0.1)
    assert (found.ok, found.degraded) == (True, True)
    assert found.reason.startswith("slow: 2")
    assert found.reason.endswith("promised within 100 ms")
    assert not look("/slow", faster_than_s=3).degraded


def test_no_answer_says_what_was_waited_for() -> None:
    found = look("/never", deadline_s=0.2)
    assert (found.ok, found.reason) == (False, "no answer within 200 ms (while waiting for the answer)")


def test_method_headers_and_body_are_sent() -> None:
    look("/", method="POST", headers={"X-Shop": "one"}, body='{"a": 1}')
    assert (seen[-1]["method"], seen[-1]["body"], seen[-1]["headers"]["X-Shop"]) == ("POST", '{"a": 1}', "one")
    assert seen[-1]["headers"]["User-Agent"] == "Stormproof-Prober/1"


def test_each_look_uses_a_fresh_connection() -> None:
    async def run() -> int:
        peers: set[object] = set()

        async def note(request: web.Request) -> web.Response:
            assert request.transport is not None
            peers.add(request.transport.get_extra_info("peername"))
            return web.Response(text="ok")

        async with web_server(note) as base:
            prober = HttpProber(LOOPBACK)
            for _ in range(3):
                assert (await prober.probe(HttpCheck(url=base), deadline_s=5)).ok
            await prober.close()
        return len(peers)

    assert asyncio.run(run()) == 3


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/"])
def test_a_redirect_to_where_probes_may_not_go_is_refused(target: str) -> None:
    found = look(f"/away?to={target}")
    assert (found.ok, found.refused) == (False, True)
    assert "not allowed here" in found.reason


def test_a_target_that_is_not_allowed_is_refused_and_not_called_down() -> None:
    before = len(seen)
    found = look("/", guard=Guard())
    assert (found.ok, found.refused) == (False, True)
    assert found.reason.startswith("127.0.0.1 is a loopback address")
    assert len(seen) == before


def test_a_redirect_to_another_place_does_not_carry_the_password_along() -> None:
    async def run() -> tuple[dict[str, str], dict[str, str]]:
        got: dict[str, dict[str, str]] = {}

        async def second(request: web.Request) -> web.Response:
            got["second"] = dict(request.headers)
            return web.Response(text="ok")

        async with web_server(second) as other:

            async def first(request: web.Request) -> web.Response:
                got["first"] = dict(request.headers)
                raise web.HTTPFound(other)

            async with web_server(first) as base:
                prober = HttpProber(LOOPBACK)
                check = HttpCheck(url=base, headers={"Authorization": "Bearer secret", "X-Kept": "yes"})
                assert (await prober.probe(check, deadline_s=5)).ok
                await prober.close()
        return got["first"], got["second"]

    first, second = asyncio.run(run())
    assert first["Authorization"] == "Bearer secret"
    assert "Authorization" not in second
    assert second["X-Kept"] == "yes"


def test_nobody_there_and_a_name_that_is_none() -> None:
    async def run(url: str) -> str:
        prober = HttpProber(LOOPBACK)
        found = await prober.probe(HttpCheck(url=url), deadline_s=5)
        await prober.close()
        return found.reason

    assert asyncio.run(run("http://127.0.0.1:1/")) == "127.0.0.1:1 refused the connection"
    assert asyncio.run(run("http://no-such-name.invalid/")).startswith("no-such-name.invalid does not resolve")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"", "closed the connection before it answered"),
        (b"hello there\r\n\r\n", "does not speak HTTP properly"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "broke off in the middle of its answer"),
    ],
)
def test_a_server_that_breaks_the_protocol(words: bytes, reason: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        await writer.drain()
        writer.close()

    async def run() -> Outcome:
        async with tcp_server(talk) as port:
            prober = HttpProber(LOOPBACK)
            found = await prober.probe(HttpCheck(url=f"http://127.0.0.1:{port}/"), deadline_s=5)
            await prober.close()
            return found

    found = asyncio.run(run())
    assert not found.ok
    assert reason in found.reason


def test_an_untrusted_certificate_is_down_and_a_trusted_one_is_good(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def run(trusting: bool) -> Outcome:
        async with web_server(shop, tls=authority.server_context(names=["127.0.0.1"])) as base:
            prober = HttpProber(LOOPBACK, trust=authority.trust() if trusting else None)
            found = await prober.probe(HttpCheck(url=base), deadline_s=5)
            await prober.close()
            return found

    assert asyncio.run(run(True)).ok
    found = asyncio.run(run(False))
    assert not found.ok
    assert "its certificate is signed by an authority that is not trusted here" in found.reason
