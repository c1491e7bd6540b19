"""`http`: one request to an address this installation may reach, under an idempotency key."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import Field, field_validator, model_validator

from stormproof.core.env import env
from stormproof.engine.probe.guard import AddressRefused, Guard
from stormproof.engine.probe.guarded_http import guarded_client
from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, StepKind, Verdict
from stormproof.recover.kinds.expectations import HttpExpectation
from stormproof.recover.kinds.references import is_reference
from stormproof.recover.kinds.shapes import Shape

MOST_BYTES = 256_000
NOT_DONE_FOR_CERTAIN = (501, 503)  # the server says itself that it did not do it
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class HttpShape(Shape):
    """A request and what its answer must say."""

    url: str
    method: Method = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    body: str | None = None
    expect: HttpExpectation = Field(default_factory=HttpExpectation)
    follow_redirects: bool = False

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if is_reference(url):
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write a whole web address, such as https://shop.example/healthz")
        try:
            Guard(env.allowed_networks).require_written_host(parts.hostname)
        except AddressRefused as error:
            raise ValueError(str(error)) from error
        return url

    @model_validator(mode="after")
    def _one_body(self) -> HttpShape:
        if self.json_ is not None and self.body is not None:
            raise ValueError("give json or body, not both")
        return self


class Http(StepKind[HttpShape]):
    """Sends a request."""

    name: ClassVar[str] = "http"
    title: ClassVar[str] = "Web request"
    shape = HttpShape
    can_probe: ClassVar[bool] = True

    def is_safe_to_repeat(self, with_: HttpShape) -> bool:
        """As HTTP itself says (RFC 9110, 9.2.2): all but POST and PATCH."""
        return with_.method not in ("POST", "PATCH")

    def where(self, with_: HttpShape) -> str:
        """Method and address."""
        return f"{with_.method} {with_.url}"

    def execute(self, with_: HttpShape, call: StepCall) -> Outcome:
        """Send it once. No connection is a failure for certain; a connection that breaks leaves the outcome unclear."""
        doubtful: Literal["failed", "unclear"] = "failed" if with_.method in ("GET", "HEAD", "OPTIONS") else "unclear"
        began = time.monotonic()
        try:
            status, text = _send(with_, call)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return Outcome("failed", f"not sent: {error or 'no connection'}")
        except httpx.HTTPError as error:
            return Outcome(doubtful, f"no whole answer: {type(error).__name__} {error}".strip())
        fault = with_.expect.fault(status=status, text=text, seconds=time.monotonic() - began)
        output = f"{with_.method} {with_.url}: {status}\n{text}".strip()
        if not fault:
            return Outcome("done", output, {"status": status})
        certain = status < 500 or status in NOT_DONE_FOR_CERTAIN
        return Outcome("failed" if certain else doubtful, f"{output}\n[{fault}]", {"status": status})

    def probe(self, with_: HttpShape, call: StepCall) -> Verdict:
        """Done when the answer is as expected."""
        outcome = self.execute(with_, call)
        return Verdict("done" if outcome.state == "done" else "not_done", outcome.output)

    def dry_run(self, with_: HttpShape) -> str:
        """Says what would be sent."""
        return f"would send {self.where(with_)}"


def _send(with_: HttpShape, call: StepCall) -> tuple[int, str]:
    """Status and text of the answer, at most `MOST_BYTES` of it."""
    headers = {"Idempotency-Key": call.key, "User-Agent": "stormproof", **with_.headers}
    timeout = httpx.Timeout(max(0.1, call.seconds_left()), connect=min(5.0, max(0.1, call.seconds_left())))
    try:
        with (
            guarded_client(Guard(env.allowed_networks)) as client,
            client.stream(
                with_.method,
                with_.url,
                headers=headers,
                json=with_.json_,
                content=with_.body,
                timeout=timeout,
                follow_redirects=with_.follow_redirects,
            ) as answer,
        ):
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    break
                if call.is_over():
                    raise httpx.ReadTimeout("the time of the step is over")
            return answer.status_code, body[:MOST_BYTES].decode(answer.encoding or "utf-8", errors="replace")
    except AddressRefused as error:
        raise CannotRunStep(str(error)) from error
