"""A number out of an answer over HTTP: at a place in JSON, the whole text, or a query of a Prometheus-like server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from stormproof.engine.probe.answer import Answer, HttpCheck, NotJson, fault_of_status
from stormproof.engine.probe.attempt import WrongAnswer
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.json_path import PathMissing, value_at
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten
from stormproof.engine.probe.thresholds import Thresholds, judge_missing, judge_value, rank_of

MOST_SERIES = 1000
SHOWN_LABELS = 4


@dataclass(frozen=True, kw_only=True)
class NumberCheck:
    """Where the number is: `path` in the JSON answer, or "" when the whole answer is the value."""

    asking: HttpCheck
    path: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True, kw_only=True)
class PromqlCheck:
    """A query of a server that speaks the HTTP API of Prometheus; `url` is the server's own address."""

    url: str
    query: str
    headers: Mapping[str, str] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=Thresholds)


async def probe_number(check: NumberCheck, *, http: HttpProber, deadline_s: float) -> Outcome:
    """Ask, find the value and judge it. A value that is a list or an object counts by its length."""

    def judge(answer: Answer, watch: Stopwatch) -> Outcome:
        fault = fault_of_status(check.asking.statuses, answer)
        if fault:
            return watch.failure(fault)
        try:
            value: object = value_at(answer.document, check.path) if check.path else answer.text.strip()
        except NotJson as error:
            return watch.failure(str(error))
        except PathMissing as error:
            return judge_missing(f"the JSON answer has no {check.path}: {error}", check.thresholds, watch)
        if value is None or value == "":
            return judge_missing("the answer has no value", check.thresholds, watch)
        if isinstance(value, list | dict):
            return judge_value(len(value), check.thresholds, watch, name=f"the length of {check.path}")
        return judge_value(value, check.thresholds, watch, name=check.path or "the value")

    return await http.ask(check.asking, deadline_s=deadline_s, judge=judge)


async def probe_promql(check: PromqlCheck, *, http: HttpProber, deadline_s: float) -> Outcome:
    """Ask for the present value of the query. Of several series each is judged and the worst is told, by its labels."""

    def judge(answer: Answer, watch: Stopwatch) -> Outcome:
        try:
            series = read_series(answer.document)
        except NotJson as error:
            said = fault_of_status(((200, 299),), answer)
            return watch.failure(said or str(error))
        except WrongAnswer as error:
            return watch.failure(str(error))
        if not series:
            return judge_missing("the query gave no value", check.thresholds, watch)
        labels, value = max(series, key=lambda one: rank_of(one[1], check.thresholds))
        name = f"the value of {shorten(labels, 100)}" if labels else "the value"
        return judge_value(value, check.thresholds, watch, name=name)

    asked = urlencode({"query": check.query, "timeout": f"{deadline_s:g}s"})
    url = f"{check.url.rstrip('/')}/api/v1/query?{asked}"
    asking = HttpCheck(url=url, headers={"Accept": "application/json", **check.headers})
    return await http.ask(asking, deadline_s=deadline_s, judge=judge)


def read_series(document: object) -> list[tuple[str, str]]:
    """Labels and value of each series in an answer of `/api/v1/query`; `WrongAnswer` says what is wrong."""
    if not isinstance(document, dict) or document.get("status") not in ("success", "error"):
        raise WrongAnswer("the answer is not one of the Prometheus HTTP API; is this the address of the server itself?")
    if document["status"] == "error":
        raise WrongAnswer(f"the server says: {shorten(str(document.get('error')), 200)}")
    data = document.get("data")
    kind, result = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if not isinstance(result, list):
        raise WrongAnswer("the answer has no result")
    if kind in ("scalar", "string"):
        return [("", _value(result))]
    if kind != "vector":
        raise WrongAnswer("the query gives a range of values; ask for the present one, such as avg_over_time(...)")
    if len(result) > MOST_SERIES:
        raise WrongAnswer(f"the query gives {len(result):,} series; aggregate them, such as sum(...) or max(...)")
    return [_one(series) for series in result]


def _one(series: object) -> tuple[str, str]:
    if not isinstance(series, dict):
        raise WrongAnswer("the answer has a series that is none")
    metric = series.get("metric")
    labels = metric if isinstance(metric, dict) else {}
    name = str(labels.get("__name__", ""))
    pairs = [f'{key}="{value}"' for key, value in labels.items() if key != "__name__"][:SHOWN_LABELS]
    return (f"{name}{{{', '.join(pairs)}}}" if pairs else name), _value(series.get("value"))


def _value(pair: object) -> str:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], str):
        raise WrongAnswer("the answer has a value that is none")
    return {"+Inf": "Infinity", "-Inf": "-Infinity"}.get(pair[1], pair[1])
