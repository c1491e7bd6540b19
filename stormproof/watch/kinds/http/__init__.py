"""Looks at a web address: status, words on the page, JSON values, speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stormproof.core.document import FineDuration
from stormproof.engine.probe.http import HttpCheck
from stormproof.engine.probe.json_path import read_path
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.kind import ActiveShape, FormField, Kind, Path, Tools, require_foreign_variable

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token"})
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


def web_address(url: str) -> str:
    """`url`, when it is a web address without a password; ValueError otherwise."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        raise ValueError("this is not a web address: write http://... or https://...")
    if parts.username or parts.password:
        raise ValueError("put the password into a header (Authorization), not into the address")
    return url


def _statuses(value: str | int) -> str | int:
    read_statuses(value)
    return value


def _paths(value: dict[str, Scalar]) -> dict[str, Scalar]:
    for path in value:
        read_path(path)
    return value


def clean_headers(headers: dict[str, str]) -> dict[str, str]:
    """`headers`, when they can be sent; ValueError otherwise."""
    for name, value in headers.items():
        if not name or any(sign in name + value for sign in "\r\n\x00") or ":" in name or " " in name:
            raise ValueError(f"{name!r} is not a header that can be sent")
        require_foreign_variable(value)
    return headers


class Expect(BaseModel):
    """What the answer must be like."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str | int, AfterValidator(_statuses)] = Field(
        "200-299", description="Statuses that are good: 200, 2xx, 200-299 or several with commas."
    )
    contains: str | list[str] | None = Field(None, description="Words the page must contain.")
    contains_not: str | list[str] | None = Field(None, description="Words the page must not contain.")
    json_values: Annotated[dict[str, Scalar], AfterValidator(_paths)] = Field(
        default_factory=dict, alias="json", description="Values at paths of a JSON answer, such as data.status: ok."
    )
    faster_than: FineDuration | None = Field(None, gt=0, description="Slower than this is degraded.")


class HttpShape(ActiveShape):
    """A web address."""

    kind: Literal["http"]
    url: Annotated[str, AfterValidator(web_address)] = Field(max_length=2000)
    method: Method = "GET"
    headers: Annotated[dict[str, str], AfterValidator(clean_headers)] = Field(default_factory=dict)
    body: str = Field("", max_length=65536)
    follow_redirects: bool = True
    expect: Expect = Field(default_factory=Expect)


def several(value: str | list[str] | None) -> list[str]:
    """One text or several as a list."""
    return [value] if isinstance(value, str) else list(value or [])


def check_of(shape: HttpShape) -> HttpCheck:
    """What the engine is asked to look at."""
    expect = shape.expect
    return HttpCheck(
        url=shape.url,
        method=shape.method,
        headers=shape.headers,
        body=shape.body,
        follow_redirects=shape.follow_redirects,
        statuses=read_statuses(expect.status),
        contains=several(expect.contains),
        contains_not=several(expect.contains_not),
        json=expect.json_values,
        faster_than_s=expect.faster_than,
    )


async def _look(shape: HttpShape, tools: Tools) -> Outcome:
    return await tools.http.probe(check_of(shape), deadline_s=tools.deadline_s)


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    return [("headers", name) for name in config.get("headers", {}) if name.lower() in SECRET_HEADERS]


KIND = Kind(
    name="http",
    title="Web page or API",
    purpose="Opens an address as a visitor would and checks the status, words on the page, JSON values and the speed.",
    icon="world",
    shape=HttpShape,
    target=lambda shape: shape.url,
    hosts=lambda shape: [("url", urlsplit(shape.url).hostname or "")],
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
            path="expect.json",
            label="JSON values",
            widget="values",
            placeholder="data.status: ok",
            help="path: value, one per line.",
        ),
        FormField(
            path="expect.faster_than",
            label="Faster than",
            placeholder="2s",
            help="Slower than this is degraded, not down.",
        ),
        FormField(
            path="method",
            label="Method",
            widget="choice",
            choices=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        ),
        FormField(
            path="headers",
            label="Headers",
            widget="pairs",
            placeholder="Authorization: env:SHOP_TOKEN",
            help="Name: value, one per line. env:NAME takes the value from the prober's environment.",
        ),
        FormField(path="body", label="Body", widget="area"),
        FormField(path="follow_redirects", label="Follow redirects", widget="yes"),
    ),
)
