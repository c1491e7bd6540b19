"""A journey over HTTP: cookies, tokens, what is taken and sent back, and which step is named when it breaks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import HttpCheck
from stormproof.engine.probe.journey import (
    JourneyCheck,
    JourneyStep,
    Take,
    UnknownName,
    fill_in,
    names_in,
    redact,
    walk,
)
from stormproof.engine.probe.journey.taking import Answer, NothingToTake, fault_of, take_from
from stormproof.engine.probe.outcome import Outcome
from tests.engine.probe.servers import LOOPBACK, web_server

FORM = '<form><input name="csrf" value="t-42"><input name="q"></form><p>Order <b>100123</b></p>'
seen: list[tuple[str, str, dict[str, str], str]] = []


async def shop(request: web.Request) -> web.StreamResponse:
    seen.append((request.method, request.path, dict(request.headers), await request.text()))
    if request.path in ("/away", "/hop"):
        to = {"/away": "http://169.254.169.254/latest/", "/hop": f"http://localhost:{request.url.port}/there"}
        return web.Response(status=302, headers={"Location": to[request.path]})
    if request.path == "/never":
        await asyncio.sleep(30)
    return await bought(request, has_basket=request.cookies.get("basket") == "7")


async def bought(request: web.Request, *, has_basket: bool) -> web.StreamResponse:
    if request.path == "/product":
        answer = web.Response(text=FORM, content_type="text/html", headers={"X-Id": "h-1"})
        answer.set_cookie("session", "s-9")
        return answer
    if request.path == "/add":
        form = await request.post()
        if form.get("csrf") != "t-42" or request.cookies.get("session") != "s-9":
            return web.Response(status=403, text="no token")
        answer = web.Response(status=302, headers={"Location": "/basket"})
        answer.set_cookie("basket", "7")
        return answer
    if request.path == "/basket":
        return web.Response(text="1 tent" if has_basket else "empty")
    if request.path == "/pay":
        return web.json_response({"order": {"number": 100124, "paid": has_basket}})
    return web.Response(text="hello")


def step(name: str, url: str, *, form: Any = None, json: Any = None, take: Any = None, **about: Any) -> JourneyStep:
    method = "POST" if form or json else "GET"
    check = HttpCheck(url=url, **{"method": method, **about})
    return JourneyStep(name=name, check=check, form=form or {}, json=json, take=take or {})


BUY = (
    step("Product", "/product", take={"token": Take(css="input[name=csrf]", attribute="value")}),
    step("Add", "/add", form={"csrf": "{{token}}", "email": "{{email}}"}, contains=["1 tent"]),
    step("Pay", "/pay", json={"card": "{{card}}"}, take={"number": Take(json="order.number")}),
    step("Look", "/orders/{{number}}"),
)


def go(*steps: JourneyStep, guard: Guard = LOOPBACK, deadline_s: float = 5, **about: Any) -> Outcome:
    async def run() -> Outcome:
        async with web_server(shop) as base:
            journey = JourneyCheck(start=base, steps=steps, **about)
            return await walk(journey, guard=guard, deadline_s=deadline_s, run="r1")

    seen.clear()
    return asyncio.run(run())


def test_a_visitor_keeps_cookies_and_sends_back_what_a_page_gave() -> None:
    found = go(*BUY, values={"email": "{{run}}@probe.example"}, secrets={"card": "4111-secret"})
    assert (found.ok, found.reason) == (True, "")
    assert [(one["name"], one["status"]) for one in found.details["steps"]] == [
        ("Product", 200),
        ("Add", 200),
        ("Pay", 200),
        ("Look", 200),
    ]
    asked = [(method, path) for method, path, _, _ in seen]
    assert asked == [
        ("GET", "/product"),
        ("POST", "/add"),
        ("GET", "/basket"),
        ("POST", "/pay"),
        ("GET", "/orders/100124"),
    ]
    assert seen[1][3] == "csrf=t-42&email=r1%40probe.example"
    assert seen[1][2]["Referer"].endswith("/product")
    assert seen[1][2]["User-Agent"] == "Stormproof-Journey/1"
    assert seen[3][3] == '{"card": "4111-secret"}'
    assert set(found.phases) == {"dns", "wait", "read"}


def test_steps_follow_one_another_in_time() -> None:
    steps = go(*BUY, values={"email": "a"}, secrets={"card": "x"}).details["steps"]
    ends = [one["start_ms"] + one["ms"] for one in steps]
    assert all(end <= later["start_ms"] + 0.2 for end, later in zip(ends, steps[1:], strict=False))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (step("Add", "/add", form={"csrf": "wrong"}), "Add: answered 403, expected 200-299"),
        (step("Basket", "/basket", contains=["1 tent"]), "Basket: the page does not contain '1 tent'"),
        (step("Token", "/basket", take={"t": Take(css="input")}), "Token: there is no input"),
        (step("Id", "/pay", take={"t": Take(json="id")}), "Id: there is no json id"),
    ],
)
def test_the_step_that_fails_is_named_and_the_rest_is_not_walked(broken: JourneyStep, reason: str) -> None:
    found = go(step("First", "/"), broken, step("Never asked", "/later"))
    assert found.reason == reason
    assert [one["ok"] for one in found.details["steps"]] == [True, False]
    assert "/later" not in [path for _, path, _, _ in seen]


def test_all_steps_together_have_one_deadline() -> None:
    found = go(step("First", "/"), step("Slow", "/never"), deadline_s=0.3)
    assert found.reason == "Slow: not done within 300 ms (while waiting for the answer)"
    assert 250 < (found.total_ms or 0) < 3000


def test_a_redirect_to_a_metadata_address_is_refused_and_nothing_is_known() -> None:
    found = go(step("Out", "/away"))
    assert (found.ok, found.refused) == (False, True)
    assert found.reason.startswith("Out: 169.254.169.254 is a cloud metadata address")


def test_no_step_reaches_what_is_not_allowed() -> None:
    found = go(step("First", "/"), guard=Guard())
    assert found.refused
    assert seen == []


def test_a_secret_is_in_no_reason() -> None:
    found = go(step("Pay", "http://127.0.0.1:1/{{card}}"), secrets={"card": "4111-secret"})
    assert not found.ok
    found = go(step("Words", "/{{card}}", contains=["{{card}} is known"]), secrets={"card": "4111-secret"})
    assert found.reason == "Words: the page does not contain '••• is known'"


def test_another_host_is_not_sent_the_private_headers_and_cookies() -> None:
    found = go(step("In", "/product"), step("Out", "/hop", headers={"Authorization": "Bearer x"}))
    assert found.ok
    assert (seen[1][2]["Authorization"], seen[1][2]["Cookie"]) == ("Bearer x", "session=s-9")
    assert seen[2][1] == "/there"
    assert not {"Authorization", "Cookie"} & set(seen[2][2])


ANSWER = Answer(text=FORM, headers={"X-Id": "h-1"}, cookies={"session": "s-9"})


@pytest.mark.parametrize(
    ("take", "value"),
    [
        (Take(css="b"), "100123"),
        (Take(css="input[name=csrf]", attribute="value"), "t-42"),
        (Take(regex=r"Order <b>(\d+)"), "100123"),
        (Take(regex=r"Order"), "Order"),
        (Take(header="X-Id"), "h-1"),
        (Take(cookie="session"), "s-9"),
    ],
)
def test_what_can_be_taken(take: Take, value: str) -> None:
    assert fault_of(take) == ""
    assert take_from(ANSWER, take) == value


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(NothingToTake, match="there is no text that fits Order"):
        take_from(ANSWER, Take(regex="Order number"))
    with pytest.raises(NothingToTake, match="there is no input with the attribute data-x"):
        take_from(ANSWER, Take(css="input", attribute="data-x"))


@pytest.mark.parametrize(
    ("take", "fault"),
    [
        (Take(), "say one of json, regex, css, header or cookie"),
        (Take(json="a", css="b"), "say one of json, regex, css, header or cookie"),
        (Take(json="a", attribute="b"), "attribute belongs to css"),
        (Take(regex="("), "'(' is not a regular expression: missing ), unterminated subpattern at position 0"),
        (Take(regex="(a+)+b"), "a repeat within a repeat can take for ever: write it without"),
        (Take(css="[["), "'[[' is not a CSS selector"),
        (Take(json="a[x"), "'a[x' is not a path: write names and positions like data.items[0].status"),
    ],
)
def test_what_cannot_be_taken_is_found_before(take: Take, fault: str) -> None:
    assert fault_of(take) == fault


def test_names_are_found_and_filled_in_wherever_they_stand() -> None:
    value = {"a": ["{{x}} {{ y }}", {"{{x}}": 1}], "b": 2}
    assert names_in(value) == {"x", "y"}
    assert fill_in(value, {"x": "1", "y": "2"}) == {"a": ["1 2", {"1": 1}], "b": 2}
    with pytest.raises(UnknownName, match="nothing has given"):
        fill_in(value, {"x": "1"})


@given(st.text(), st.text(min_size=3), st.text())
def test_a_redacted_text_never_holds_the_secret(before: str, secret: str, after: str) -> None:
    if secret not in "•••":
        assert secret not in redact(before + secret + after, [secret]).replace("•••", "")
