"""Looks at a web address: status, words on the page, JSON values, speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stormproof.core.document import Duration
from stormproof.engine.probe.answer import HttpCheck
from stormproof.engine.probe.conditions import read_condition, read_placed_condition
from stormproof.engine.probe.json_path import read_path
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.patterns import read_pattern
from stormproof.watch.kinds.kind import FROM_ENV, SEALED, FormField, Kind, Path, TimedShape, Tools
from stormproof.watch.kinds.targets import TIMEOUT_FIELD, FasterThan
from stormproof.watch.kinds.web import (
    AUTH_FIELDS,
    HEADERS_FIELD,
    SECRET_HEADERS,
    Auth,
    Headers,
    WebAddress,
    clean_headers,
    headers_of,
    hosts_of,
    web_address,
    web_secrets,
)

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Scalar = str | int | float | bool | None


def read_statuses(text: str | int) -> list[tuple[int, int]]:
    """Ranges from `200`, `2xx`, `200-299`, `200, 404`; ValueError for anything else."""
    ranges = []
    for part in str(text).split(","):
        word = part.strip().lower()
        if len(word) == 3 and word.endswith("xx") and word[0] in "12345":
            ranges.append((int(word[0]) * 100, int(word[0]) * 100 + 99))
            continue
        low, _, high = word.partition("-")
        if not (low.isdigit() and (high or low).isdigit() and 100 <= int(low) <= int(high or low) <= 599):
            raise ValueError(f"{part.strip()!r} is not a status: write 200, 2xx, 200-299 or several with commas")
        ranges.append((int(low), int(high or low)))
    return ranges


def _statuses(value: str | int) -> str | int:
    read_statuses(value)
    return value


def _paths(value: dict[str, Scalar]) -> dict[str, Scalar]:
    for path in value:
        read_path(path)
    return value


def _patterns(value: str | list[str] | None) -> str | list[str] | None:
    for text in several(value):
        read_pattern(text)
    return value


def _conditions(value: str | list[str] | None) -> str | list[str] | None:
    for text in several(value):
        path, _ = read_placed_condition(text)
        read_path(path)
    return value


def _plain_condition(text: str) -> str:
    read_condition(text, is_plain_equal=True)
    return text


Patterns = Annotated[str | list[str] | None, AfterValidator(_patterns)]
Words = str | list[str] | None
PlainCondition = Annotated[str, Field(max_length=500), AfterValidator(_plain_condition)]


class Expect(BaseModel):
    """What the answer must be like."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str | int, AfterValidator(_statuses)] = Field(
        "200-299", description="Statuses that are good: 200, 2xx, 200-299 or several with commas."
    )
    contains: Words = Field(None, description="Words the page must contain.")
    contains_not: Words = Field(None, description="Words the page must not contain.")
    matches: Patterns = Field(None, description="Patterns (regular expressions) found on the page.")
    matches_not: Patterns = Field(None, description="Patterns that must not be found on the page.")
    json_values: Annotated[dict[str, Scalar], AfterValidator(_paths)] = Field(
        default_factory=dict, alias="json", description="Values at paths of a JSON answer, such as data.status: ok."
    )
    conditions: Annotated[Words, AfterValidator(_conditions)] = Field(
        None,
        description="Conditions on values of a JSON answer: `data.total >= 10`, `items length > 0`, `version ~ ^2`.",
    )
    headers: dict[str, PlainCondition] = Field(
        default_factory=dict, description="Headers of the answer: what each must be, or a condition such as `~ ^text/`."
    )
    final_url: PlainCondition | None = Field(
        None, description="The address after all redirects, or a condition on it such as `~ /checkout$`."
    )
    certificate_left: Duration | None = Field(
        None, ge=0, description="Degraded when the certificate ends sooner than this."
    )
    faster_than: FasterThan = None


class HttpShape(TimedShape):
    """A web address."""

    kind: Literal["http"]
    url: WebAddress
    method: Method = "GET"
    auth: Auth | None = None
    headers: Headers = Field(default_factory=dict)
    body: str = Field("", max_length=65536, description="What is sent; env:NAME takes all of it from the environment.")
    follow_redirects: bool = True
    expect: Expect = Field(default_factory=Expect)


def several(value: str | list[str] | None) -> list[str]:
    """One text or several as a list."""
    return [value] if isinstance(value, str) else list(value or [])


def check_of(shape: HttpShape) -> HttpCheck:
    """What the engine is asked to look at."""
    return HttpCheck(
        url=shape.url,
        method=shape.method,
        headers=headers_of(shape),
        body=shape.body,
        follow_redirects=shape.follow_redirects,
        **expectations_of(shape.expect),
    )


def expectations_of(expect: Expect) -> dict[str, Any]:
    """What an `HttpCheck` is told to expect."""
    return {
        "statuses": read_statuses(expect.status),
        "contains": several(expect.contains),
        "contains_not": several(expect.contains_not),
        "matches": [read_pattern(text) for text in several(expect.matches)],
        "matches_not": [read_pattern(text) for text in several(expect.matches_not)],
        "json": expect.json_values,
        "conditions": [read_placed_condition(text) for text in several(expect.conditions)],
        "answer_headers": {name: read_condition(text, is_plain_equal=True) for name, text in expect.headers.items()},
        "final_url": None if expect.final_url is None else read_condition(expect.final_url, is_plain_equal=True),
        "warn_before_s": expect.certificate_left,
        "faster_than_s": expect.faster_than,
    }


async def _look(shape: HttpShape, tools: Tools) -> Outcome:
    return await tools.http.probe(check_of(shape), deadline_s=tools.deadline_s, at=tools.at)


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    is_outside = str(config.get("body", "")).startswith((FROM_ENV, SEALED))
    return [*web_secrets(config), *([("body",)] if is_outside else [])]


KIND = Kind(
    name="http",
    title="Web page or API",
    purpose="Opens an address as a visitor would and checks the status, words on the page, JSON values and the speed.",
    icon="world",
    shape=HttpShape,
    target=lambda shape: shape.url,
    hosts=hosts_of,
    look=_look,
    secret_paths=_secrets,
    fields=(
        FormField(path="url", label="Address", placeholder="https://shop.example/checkout", required=True),
        FormField(
            path="expect.status", label="Good statuses", placeholder="200-299", help="200, 2xx, 200-299 or several"
        ),
        FormField(
            path="expect.contains",
            label="The page contains",
            widget="lines",
            help="One per line. Choose words only a working page shows.",
        ),
        FormField(path="expect.contains_not", label="The page does not contain", widget="lines", help="One per line."),
        FormField(
            path="expect.matches",
            label="The page has something like",
            widget="lines",
            placeholder=r"\d+ items? in your basket",
            help="A pattern (regular expression) per line.",
        ),
        FormField(
            path="expect.matches_not",
            label="The page has nothing like",
            widget="lines",
            placeholder="(?i)fatal error",
            help="A pattern per line; (?i) ignores upper and lower case.",
        ),
        FormField(
            path="expect.json",
            label="JSON values",
            widget="values",
            placeholder="data.status: ok",
            help="path: value, one per line. The value must be exactly this.",
        ),
        FormField(
            path="expect.conditions",
            label="JSON conditions",
            widget="lines",
            placeholder="data.stock >= 1",
            help="path sign value, one per line. Signs: == != < <= > >= ~ (pattern) !~ contains; with length "
            "before the sign how many: items length >= 3.",
        ),
        FormField(
            path="expect.headers",
            label="Headers of the answer",
            widget="pairs",
            placeholder="Content-Type: ~ ^text/html",
            help="Name: value or condition, one per line.",
        ),
        FormField(
            path="expect.final_url",
            label="Ends at",
            placeholder="~ /checkout$",
            help="The address after all redirects, or a condition on it.",
        ),
        FormField(
            path="expect.certificate_left",
            label="Certificate lasts at least",
            placeholder="14d",
            help="Degraded when it ends sooner. An expired or wrong one is down in any case.",
        ),
        FormField(
            path="expect.faster_than",
            label="Faster than",
            placeholder="2s",
            help="Slower than this is degraded, not down.",
        ),
        TIMEOUT_FIELD,
        FormField(
            path="method",
            label="Method",
            widget="choice",
            choices=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        ),
        *AUTH_FIELDS,
        HEADERS_FIELD,
        FormField(path="body", label="Body", widget="area", help="env:NAME takes all of it from the environment."),
        FormField(path="follow_redirects", label="Follow redirects", widget="yes"),
    ),
)


__all__ = [
    "KIND",
    "SECRET_HEADERS",
    "Expect",
    "HttpShape",
    "Method",
    "check_of",
    "clean_headers",
    "expectations_of",
    "read_statuses",
    "several",
    "web_address",
]
