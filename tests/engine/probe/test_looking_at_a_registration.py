"""domain against a real web server that speaks RDAP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.domain import DomainCheck, judge_registration, probe_domain, read_bootstrap
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.outcome import Outcome, Stopwatch
from tests.engine.probe.servers import LOOPBACK, web_server

AT = datetime(2026, 6, 1, tzinfo=UTC)


def registration(days: float | None, *statuses: str) -> dict[str, Any]:
    """As RFC 9083 writes it."""
    events = [{"eventAction": "registration", "eventDate": "2010-01-01T00:00:00Z"}]
    if days is not None:
        end = (AT + timedelta(days=days)).isoformat().replace("+00:00", "Z")
        events.append({"eventAction": "expiration", "eventDate": end})
    return {"objectClassName": "domain", "ldhName": "shop.example", "status": list(statuses), "events": events}


KNOWN: dict[str, Any] = {
    "good.shop": registration(200, "client transfer prohibited"),
    "soon.shop": registration(12.5, "active"),
    "over.shop": registration(-3, "active"),
    "held.shop": registration(200, "client hold"),
    "lost.shop": registration(200, "redemption period", "pending delete"),
    "silent.shop": registration(None, "active"),
    "other.shop": {"objectClassName": "entity"},
}


async def registry(request: web.Request) -> web.StreamResponse:
    if request.path == "/dns.json":
        base = f"http://{request.host}/rdap/"
        return web.json_response({"version": "1.0", "services": [[["shop", "store"], [base]], [["odd"]], "x"]})
    name = request.path.rpartition("/")[2]
    if name == "busy.shop":
        return web.Response(status=429)
    if name == "text.shop":
        return web.Response(text="hello")
    if name not in KNOWN:
        return web.json_response({"errorCode": 404}, status=404)
    return web.json_response(KNOWN[name], content_type="application/rdap+json")


def look(name: str, *, bootstrapped: bool = False, guard: Guard = LOOPBACK, server: str = "") -> Outcome:
    async def run() -> Outcome:
        async with web_server(registry) as base:
            http = HttpProber(guard)
            address = server or ("" if bootstrapped else f"{base}/rdap")
            check = DomainCheck(name=name, server=address, bootstrap=f"{base}/dns.json")
            try:
                return await probe_domain(check, http=http, deadline_s=5, at=AT)
            finally:
                await http.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("good.shop", "up", ""),
        ("soon.shop", "degraded", "the registration of soon.shop ends in 12.5 days, on 13 Jun 2026"),
        ("over.shop", "down", "the registration of over.shop ended on 29 May 2026"),
        ("held.shop", "down", "the registry says of held.shop: client hold"),
        ("lost.shop", "down", "the registry says of lost.shop: pending delete, redemption period"),
        ("free.shop", "down", "free.shop is not registered"),
        ("busy.shop", "unknown", "the registry's service answers 429, so nothing is known about busy.shop"),
        ("text.shop", "unknown", "the registry's service: the answer is not JSON"),
        ("silent.shop", "unknown", "the registry does not tell when silent.shop ends"),
        ("other.shop", "unknown", "the registry's service gives no registration of a domain"),
    ],
)
@pytest.mark.parametrize("bootstrapped", [False, True])
def test_a_registration_is_judged(name: str, state: str, reason: str, bootstrapped: bool) -> None:
    found = look(name, bootstrapped=bootstrapped)
    said = "unknown" if found.refused else "down" if not found.ok else "degraded" if found.degraded else "up"
    assert said == state
    assert found.reason.startswith(reason)


def test_a_registry_that_is_away_says_nothing_about_the_domain() -> None:
    found = look("good.shop", server="http://127.0.0.1:1/rdap")
    assert found.refused
    assert found.reason == "the registry's service cannot be asked: 127.0.0.1:1 refused the connection"


def test_a_top_level_domain_without_a_service_is_unknown_with_the_way_out() -> None:
    found = look("shop.nowhere", bootstrapped=True)
    assert found.refused
    assert found.reason.startswith("IANA names no RDAP server for .nowhere; name one in server")


def test_a_registry_that_may_not_be_asked_is_unknown() -> None:
    assert look("good.shop", guard=Guard()).refused


_names = st.sampled_from(["objectClassName", "events", "status", "eventAction", "eventDate", "services"])
_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner),
)


@given(_json)
def test_no_document_breaks_the_reading(document: Any) -> None:
    check = DomainCheck(name="shop.example")
    for said in (document, {"objectClassName": "domain", "events": document, "status": document}):
        assert not judge_registration(check, said, Stopwatch(), AT).ok
    assert isinstance(read_bootstrap(document), dict)
    assert isinstance(read_bootstrap({"services": document}), dict)
