"""What a web server answered, and whether it is as expected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from stormproof.engine.probe.conditions import Condition, text_of
from stormproof.engine.probe.json_path import PathMissing, value_at
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten
from stormproof.engine.probe.patterns import Pattern

LONGEST_BODY = 1 << 20


class NotJson(ValueError):
    """The answer is not JSON that can be read."""


@dataclass(frozen=True, kw_only=True)
class HttpCheck:
    """What to ask for and what is expected of the answer.

    `statuses` are inclusive ranges. `json` maps a path (`data.items[0].status`) to the exact value it must have,
    `conditions` are paths with a condition each, `final_url` is a condition on the address after all redirects.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    follow_redirects: bool = True
    statuses: Sequence[tuple[int, int]] = ((200, 299),)
    contains: Sequence[str] = ()
    contains_not: Sequence[str] = ()
    matches: Sequence[Pattern] = ()
    matches_not: Sequence[Pattern] = ()
    json: Mapping[str, object] = field(default_factory=dict)
    conditions: Sequence[tuple[str, Condition]] = ()
    answer_headers: Mapping[str, Condition] = field(default_factory=dict)
    final_url: Condition | None = None
    warn_before_s: float | None = None
    faster_than_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer after redirects, its body read up to a MiB; `certificate_ends` when it came over TLS."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    charset: str
    url: str
    certificate_ends: datetime | None = None

    @cached_property
    def text(self) -> str:
        """The body as text, what cannot be read replaced."""
        return decoded(self.body, self.charset)

    @cached_property
    def document(self) -> object:
        """The body as JSON; raises `NotJson`, also for what nests too deeply."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise NotJson("the JSON answer nests too deeply") from None
        except ValueError:
            raise NotJson("the answer is not JSON") from None


def decoded(body: bytes, charset: str | None) -> str:
    """A body as text, by the charset it says or UTF-8; what cannot be read is replaced."""
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return body.decode(errors="replace")


def judge_answer(check: HttpCheck, answer: Answer, watch: Stopwatch, at: datetime | None) -> Outcome:
    """Whether the answer is as `check` expects; `at` is now, for the days a certificate has left."""
    found: dict[str, object] = {"status": answer.status}
    if answer.certificate_ends is not None:
        found["certificate_ends"] = answer.certificate_ends.isoformat()
    fault = fault_of_answer(check, answer)
    if fault:
        return watch.failure(fault, details=found)
    worry = _worry_about_certificate(check, answer, at)
    return watch.success(faster_than_s=check.faster_than_s, worry=worry, details=found)


def fault_of_answer(check: HttpCheck, answer: Answer) -> str:
    """What an answer breaks of what `check` expects, in words; "" when nothing."""
    return (
        fault_of_status(check.statuses, answer)
        or _fault_of_place(check, answer)
        or _fault_of_text(check, answer)
        or _fault_of_json(check, answer)
    )


def fault_of_status(statuses: Sequence[tuple[int, int]], answer: Answer) -> str:
    """What is wrong with the status, or ""."""
    if any(low <= answer.status <= high for low, high in statuses):
        return ""
    return f"answered {answer.status}, expected {say_statuses(statuses)}"


def _fault_of_place(check: HttpCheck, answer: Answer) -> str:
    """What is wrong with where it led to and with the headers of the answer."""
    if check.final_url is not None and not check.final_url.holds(answer.url):
        return f"ended at {shorten(answer.url, 100)}, expected {check.final_url.text}"
    for name, wanted in check.answer_headers.items():
        value = answer.headers.get(name)
        if value is None:
            return f"the answer has no header {name}"
        if not wanted.holds(value):
            return f"the header {name} is {shorten(value, 80)!r}, expected {wanted.text}"
    return ""


def _fault_of_text(check: HttpCheck, answer: Answer) -> str:
    if not (check.contains or check.contains_not or check.matches or check.matches_not):
        return ""
    text = answer.text
    within = " in its first MiB" if len(answer.body) >= LONGEST_BODY else ""
    faults = (
        *(f"the page does not contain {_quoted(wanted)}{within}" for wanted in check.contains if wanted not in text),
        *(f"the page contains {_quoted(unwanted)}" for unwanted in check.contains_not if unwanted in text),
        *(f"the page has nothing like {_quoted(each.text)}{within}" for each in check.matches if not each.is_in(text)),
        *(f"the page has something like {_quoted(each.text)}" for each in check.matches_not if each.is_in(text)),
    )
    return next(iter(faults), "")


def _quoted(text: str) -> str:
    return repr(shorten(text, 80))


def _fault_of_json(check: HttpCheck, answer: Answer) -> str:
    if not (check.json or check.conditions):
        return ""
    try:
        document = answer.document
        for path, wanted in check.json.items():
            value = value_at(document, path)
            if value != wanted or isinstance(value, bool) != isinstance(wanted, bool):
                return f"{path} is {_said(value)}, expected {_said(wanted)}"
        for path, condition in check.conditions:
            value = value_at(document, path)
            if not condition.holds(value):
                return f"{path} is {_said(value)}, expected {condition.text}"
    except NotJson as error:
        return str(error)
    except PathMissing as error:
        return f"the JSON answer has no {path}: {error}"
    return ""


def _said(value: object) -> str:
    if isinstance(value, list | dict):
        return f"a list of {len(value)}" if isinstance(value, list) else f"an object of {len(value)}"
    return shorten(json.dumps(value) if isinstance(value, str) else text_of(value), 60)


def _worry_about_certificate(check: HttpCheck, answer: Answer, at: datetime | None) -> str:
    if check.warn_before_s is None or answer.certificate_ends is None or at is None:
        return ""
    left = (answer.certificate_ends - at).total_seconds()
    if left >= check.warn_before_s:
        return ""
    return f"its certificate ends in {left / 86400:.4g} days, on {answer.certificate_ends:%d %b %Y}"


def say_statuses(statuses: Sequence[tuple[int, int]]) -> str:
    """Status ranges in words: `200`, `200-299 or 404`."""
    return " or ".join(str(low) if low == high else f"{low}-{high}" for low, high in statuses)
