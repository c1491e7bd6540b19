"""number and promql against a real web server that speaks the documented formats."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.attempt import WrongAnswer
from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.http import HttpCheck, HttpProber
from stormproof.engine.probe.number import NumberCheck, PromqlCheck, probe_number, probe_promql, read_series
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.thresholds import Thresholds
from tests.engine.probe.servers import LOOPBACK, web_server

VECTOR = [
    {"metric": {"__name__": "up", "job": "web", "instance": "a"}, "value": [1435781451.781, "1"]},
    {"metric": {"__name__": "up", "job": "db", "instance": "b"}, "value": [1435781451.781, "0"]},
]
ANSWERS: dict[str, tuple[int, Any]] = {
    "up": (200, {"status": "success", "data": {"resultType": "vector", "result": VECTOR}}),
    "scalar(4)": (200, {"status": "success", "data": {"resultType": "scalar", "result": [1, "4"]}}),
    "1/0": (200, {"status": "success", "data": {"resultType": "scalar", "result": [1, "+Inf"]}}),
    "0/0": (200, {"status": "success", "data": {"resultType": "scalar", "result": [1, "NaN"]}}),
    "absent": (200, {"status": "success", "data": {"resultType": "vector", "result": []}}),
    "up[5m]": (200, {"status": "success", "data": {"resultType": "matrix", "result": []}}),
    "up{": (400, {"status": "error", "errorType": "bad_data", "error": "1:4: parse error: unexpected end of input"}),
    "many": (200, {"status": "success", "data": {"resultType": "vector", "result": VECTOR * 600}}),
    "other": (200, {"hello": "world"}),
    "broken": (503, None),
}


async def serve(request: web.Request) -> web.StreamResponse:
    if request.path == "/api/v1/query":
        assert request.query["timeout"] == "5s"
        if request.headers.get("Authorization") != "Bearer hush":
            return web.Response(status=401)
        status, document = ANSWERS[request.query["query"]]
        return web.Response(status=status, text="away" if document is None else json.dumps(document))
    if request.path == "/plain":
        return web.Response(text=" 42.5\n")
    return web.json_response({"queue": {"waiting": 7, "jobs": [1, 2, 3], "oldest": None, "state": "ok"}})


def thresholds(**about: Any) -> Thresholds:
    conditions = {key: read_condition(about.pop(key)) for key in ("down_when", "degraded_when") if key in about}
    return Thresholds(**about, **conditions)


def run(probe: Any) -> Outcome:
    async def go() -> Outcome:
        async with web_server(serve) as base:
            http = HttpProber(LOOPBACK)
            try:
                found: Outcome = await probe(base, http)
                return found
            finally:
                await http.close()

    return asyncio.run(go())


def number(path: str, place: str, **about: Any) -> Outcome:
    def probe(base: str, http: HttpProber) -> Any:
        check = NumberCheck(asking=HttpCheck(url=base + path), path=place, thresholds=thresholds(**about))
        return probe_number(check, http=http, deadline_s=5)

    return run(probe)


def promql(query: str, *, token: str = "hush", **about: Any) -> Outcome:
    def probe(base: str, http: HttpProber) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        check = PromqlCheck(url=f"{base}/", query=query, headers=headers, thresholds=thresholds(**about))
        return probe_promql(check, http=http, deadline_s=5)

    return run(probe)


@pytest.mark.parametrize(
    ("path", "place", "about", "state", "reason"),
    [
        ("/json", "queue.waiting", {"degraded_when": "> 10", "down_when": "> 100"}, "up", ""),
        ("/json", "queue.waiting", {"degraded_when": "> 5"}, "degraded", "queue.waiting is 7, degraded when > 5"),
        ("/json", "queue.waiting", {"down_when": "< 1 or > 6"}, "down", "queue.waiting is 7, down when < 1 or > 6"),
        ("/json", "queue.jobs", {"down_when": ">= 3"}, "down", "the length of queue.jobs is 3, down when >= 3"),
        ("/json", "queue.state", {"equals": "ok"}, "up", ""),
        ("/json", "queue.state", {"down_when": "> 1"}, "down", "queue.state is ok, expected a number"),
        ("/json", "queue.oldest", {"when_missing": "up"}, "up", ""),
        ("/json", "queue.gone", {}, "down", "the JSON answer has no queue.gone: there is no queue.gone"),
        ("/plain", "", {"down_when": "> 42"}, "down", "the value is 42.5, down when > 42"),
        ("/plain", "a", {}, "down", "the JSON answer has no a: there is no a"),
    ],
)
def test_a_number_is_held_against_its_bounds(
    path: str, place: str, about: dict[str, Any], state: str, reason: str
) -> None:
    found = number(path, place, **about)
    assert (found.ok, found.degraded, found.reason) == (state != "down", state == "degraded", reason)


@pytest.mark.parametrize(
    ("query", "about", "state", "reason"),
    [
        ("scalar(4)", {"down_when": "> 5"}, "up", ""),
        ("scalar(4)", {"degraded_when": "> 3"}, "degraded", "the value is 4, degraded when > 3"),
        ("1/0", {"down_when": "> 5"}, "down", "the value is Infinity, down when > 5"),
        ("0/0", {"down_when": "> 5"}, "down", "the value is NaN, expected a number"),
        ("up", {"down_when": "< 1"}, "down", 'the value of up{job="db", instance="b"} is 0, down when < 1'),
        ("absent", {}, "down", "the query gave no value"),
        ("absent", {"when_missing": "up"}, "up", ""),
        ("up{", {}, "down", "the server says: 1:4: parse error: unexpected end of input"),
        (
            "up[5m]",
            {},
            "down",
            "the query gives a range of values; ask for the present one, such as avg_over_time(...)",
        ),
        ("many", {}, "down", "the query gives 1,200 series; aggregate them, such as sum(...) or max(...)"),
        ("broken", {}, "down", "answered 503, expected 200-299"),
        ("up", {"token": "wrong"}, "down", "answered 401, expected 200-299"),
        (
            "other",
            {},
            "down",
            "the answer is not one of the Prometheus HTTP API; is this the address of the server itself?",
        ),
    ],
)
def test_a_query_is_judged_by_its_worst_series(query: str, about: dict[str, Any], state: str, reason: str) -> None:
    found = promql(query, **about)
    assert (found.ok, found.degraded) == (state != "down", state == "degraded")
    assert found.reason == reason or (len(reason) > 40 and found.reason.startswith(reason))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["metric", "value", "x"]), inner),
)


@given(st.sampled_from(["vector", "scalar", "matrix", "", None]), _json)
def test_no_document_breaks_the_reading_of_series(kind: str | None, result: Any) -> None:
    for document in (result, {"status": "success", "data": {"resultType": kind, "result": result}}):
        with suppress(WrongAnswer):
            assert isinstance(read_series(document), list)
