"""A browser journey in real Chromium: it buys, says what broke, goes nowhere it may not, and cannot hang us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
from aiohttp import web

from stormproof.engine.probe.browser import BrowserCheck, BrowserPool, BrowserStep
from stormproof.engine.probe.browser import pool as pools
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.journey import Take
from stormproof.engine.probe.outcome import Outcome
from tests.engine.probe.servers import LOOPBACK, web_server

pytestmark = pytest.mark.parts
HOME = """<!doctype html><title>Shop</title><h1>Tents</h1><a id=buy href="/basket">Add to basket</a>"""
BASKET = """<!doctype html><title>Basket</title><form method=post action=/pay><input id=email name=email>
<input id=card name=card type=password><select id=land name=land><option>DE<option value=NL>Netherlands</select>
<input id=agree type=checkbox name=agree><button id=pay>Pay</button></form>"""
asked: list[str] = []
agents: set[str] = set()
Walk = Callable[..., Awaitable[Outcome]]


async def shop(request: web.Request) -> web.StreamResponse:
    asked.append(f"{request.method} {request.path}")
    agents.add(request.headers.get("User-Agent", ""))
    if request.path == "/pay":
        form = await request.post()
        who = f"{form['email']} from {form['land']} {form.get('agree', 'off')}"
        number = f"100{len(str(form['card']))}"
        page = f"<!doctype html><title>Done</title><p>Thank you {who}, order <b>{number}</b>"
        return web.Response(text=page, content_type="text/html")
    if request.path == "/broken":
        return web.Response(status=503, text="<h1>Sorry</h1>", content_type="text/html")
    if request.path == "/out":
        page = "<img src=http://169.254.169.254/latest/><img src=http://10.1.2.3/x><p>out</p>"
        return web.Response(text=page, content_type="text/html")
    if request.path == "/leave":
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/"})
    if request.path == "/spin":
        return web.Response(
            text="<p>spin</p><script>setTimeout(() => { for (;;); }, 50)</script>", content_type="text/html"
        )
    return web.Response(text={"/basket": BASKET}.get(request.path, HOME), content_type="text/html")


def in_a_browser(body: Callable[[BrowserPool, Walk], Awaitable[Any]], *, guard: Guard = LOOPBACK) -> Any:
    async def run() -> Any:
        async with web_server(shop) as base:
            pool = BrowserPool(guard)

            async def walk(*steps: BrowserStep, deadline_s: float = 20, **about: Any) -> Outcome:
                check = BrowserCheck(start=base, steps=steps, **{"step_s": 3, **about})
                return await pool.walk(check, deadline_s=deadline_s, run="r1")

            try:
                return await body(pool, walk)
            finally:
                await pool.close()

    asked.clear()
    agents.clear()
    return asyncio.run(run())


BUY = (
    BrowserStep(name="Home", open="/", see="Tents"),
    BrowserStep(name="Basket", click="#buy", at="/basket", wait_for="#pay"),
    BrowserStep(
        name="Pay",
        fill={"#email": "{{run}}@journeys.example", "#card": "{{card}}"},
        select={"#land": "NL"},
        tick="#agree",
        click="#pay",
        see="Thank you",
        keep={"order": Take(css="b")},
    ),
)


def test_a_purchase_is_made_and_timed_step_by_step_in_one_warm_browser() -> None:
    async def body(pool: BrowserPool, walk: Walk) -> tuple[Outcome, Outcome, int]:
        first = await walk(*BUY, secrets={"card": "4111-1111"})
        return first, await walk(*BUY, secrets={"card": "4111-1111"}), len(pool._all)

    first, second, browsers = in_a_browser(body)
    assert (first.ok, first.reason, second.ok, browsers) == (True, "", True, 1)
    steps = first.details["steps"]
    assert [(step["name"], step["ok"], step.get("status")) for step in steps] == [
        ("Home", True, 200),
        ("Basket", True, 200),
        ("Pay", True, 200),
    ]
    assert first.details["about"]["order"] == "1009"
    assert first.details["about"]["ttfb_ms"] >= 0
    assert first.files == ()
    assert asked.count("POST /pay") == 2
    assert all(agent.endswith(" Stormproof-Journey/1") and "Headless" not in agent for agent in agents)


def test_what_failed_is_named_and_left_to_look_at_without_what_was_typed() -> None:
    async def body(pool: BrowserPool, walk: Walk) -> list[Outcome]:
        unseen = BrowserStep(name="Thanks", see="Thank you, {{card}}")
        return [
            await walk(*BUY, unseen, secrets={"card": "4111-1111"}),
            await walk(BrowserStep(name="Away", open="/broken", see="Tents")),
            await walk(BrowserStep(name="Home", open="/"), BrowserStep(name="Gone", click="#nothing")),
            await walk(BrowserStep(name="Home", open="/", see_not="Tents")),
            await walk(BrowserStep(name="Shut", open="http://127.0.0.1:59999/")),
        ]

    found = in_a_browser(body)
    assert [outcome.reason for outcome in found] == [
        "Thanks: not within 3 s: looking for 'Thank you, {{card}}'",
        "Away: answered 503 at /broken",
        "Gone: not within 3 s: clicking #nothing",
        "Home: the page shows 'Tents'",
        "Shut: 127.0.0.1:59999 refused the connection",
    ]
    assert not any(outcome.ok or outcome.refused for outcome in found)
    assert [file.name for file in found[0].files] == ["screenshot.jpg", "requests.har"]
    screen, har = (file.body for file in found[0].files)
    assert screen.startswith(b"\xff\xd8")
    entries = json.loads(har)["log"]["entries"]
    assert [entry["request"]["method"] for entry in entries if "/pay" in entry["request"]["url"]] == ["POST"]
    assert entries[-1]["request"]["comment"] == "fields sent: email, card, land, agree"
    assert b"4111-1111" not in har
    assert b"r1@journeys" not in har


def test_no_page_gets_to_an_address_that_is_not_allowed() -> None:
    async def body(pool: BrowserPool, walk: Walk) -> list[Outcome]:
        return [
            await walk(BrowserStep(name="Pictures", open="/out", see="out")),
            await walk(BrowserStep(name="Redirect", open="/leave")),
            await walk(BrowserStep(name="Direct", open="http://169.254.169.254/latest/")),
            await walk(BrowserStep(name="Tls", open="https://10.1.2.3/")),
        ]

    pictures, *refused = in_a_browser(body)
    assert pictures.ok, "a picture that may not be fetched does not fail the shop"
    assert [outcome.refused for outcome in refused] == [True, True, True]
    assert refused[0].reason.startswith("Redirect: 169.254.169.254 is a cloud metadata address: not allowed here")
    assert refused[2].reason.startswith("Tls: 10.1.2.3 is a private address: not allowed here")


def test_not_even_the_shop_is_reached_when_it_is_not_allowed() -> None:
    async def body(pool: BrowserPool, walk: Walk) -> Outcome:
        return await walk(BrowserStep(name="Home", open="/"))

    found = in_a_browser(body, guard=Guard())
    assert (found.refused, asked) == (True, [])
    assert found.reason.startswith("Home: 127.0.0.1 is a loopback address: not allowed here")


def test_a_page_that_never_rests_is_a_failure_with_its_step() -> None:
    async def body(pool: BrowserPool, walk: Walk) -> tuple[Outcome, float]:
        start = time.monotonic()
        outcome = await walk(BrowserStep(name="Spin", open="/spin"), BrowserStep(name="On", click="#x"), deadline_s=3)
        return outcome, time.monotonic() - start

    found, took = in_a_browser(body)
    assert not found.ok
    assert took < 60


def test_a_browser_that_is_killed_is_replaced_and_one_that_keeps_dying_is_a_named_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pools, "MOST_BYTES", 1)

    async def killed(pool: BrowserPool, walk: Walk) -> Outcome:
        monkeypatch.setattr(pools, "MOST_BYTES", 10**12)
        await walk(BUY[0])
        os.kill(pool._all[0].process.pid, signal.SIGKILL)
        return await walk(BUY[0])

    assert in_a_browser(killed).ok

    async def greedy(pool: BrowserPool, walk: Walk) -> tuple[Outcome, list[psutil.Process]]:
        monkeypatch.setattr(pools, "MOST_BYTES", 1)
        return await walk(BrowserStep(name="Wait", open="/", wait_for="#never"), step_s=8), list(pool._all)

    outcome, left = in_a_browser(greedy)
    assert (outcome.refused, outcome.reason) == (True, "the browser used more than 0 MB and was ended")
    assert left == []


def test_a_missing_browser_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "PROGRAMS", ("no-such-browser",))

    async def body(pool: BrowserPool, walk: Walk) -> Outcome:
        return await walk(BUY[0])

    found = in_a_browser(body)
    assert (found.refused, found.reason.endswith("apt-get install chromium")) == (True, True)
