"""Looks at a web address as a visitor would: a fresh connection each time, the answer judged by what is expected."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from stormproof.engine.probe.certificate import say_tls_error
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound, Target
from stormproof.engine.probe.json_path import PathMissing, value_at
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal, say_error, shorten

LONGEST_BODY = 1 << 20
MOST_REDIRECTS = 5
AGENT = "Stormproof-Prober/1"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_targets: ContextVar[list[Target]] = ContextVar("targets")


@dataclass(frozen=True, kw_only=True)
class HttpCheck:
    """What to ask for and what is expected of the answer.

    `statuses` are inclusive ranges. `json` maps a path (`data.items[0].status`) to the exact value it must have.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    follow_redirects: bool = True
    statuses: Sequence[tuple[int, int]] = ((200, 299),)
    contains: Sequence[str] = ()
    contains_not: Sequence[str] = ()
    json: Mapping[str, object] = field(default_factory=dict)
    faster_than_s: float | None = None


class HttpProber:
    """Holds what all looks share: the guard and the TLS settings; never a connection. Close it in the end."""

    def __init__(self, guard: Guard, *, trust: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_connected)
        connector = aiohttp.TCPConnector(
            resolver=_JudgedTargets(),
            force_close=True,
            limit=0,
            use_dns_cache=False,
            ssl=trust or ssl.create_default_context(),
            happy_eyeballs_delay=None,
        )
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace], trust_env=False
        )

    async def close(self) -> None:
        """Let go of what is held."""
        await self._session.close()

    async def probe(self, check: HttpCheck, *, deadline_s: float) -> Outcome:
        """Ask and judge, within `deadline_s` seconds, redirects included."""
        watch = Stopwatch()
        where = urlsplit(check.url).netloc.rpartition("@")[2]
        try:
            async with asyncio.timeout(deadline_s):
                return await self._follow(check, watch)
        except AddressRefused as error:
            return refusal(str(error))
        except NameNotFound as error:
            return watch.failure(str(error))
        except TimeoutError:
            return watch.too_late(deadline_s)
        except aiohttp.ClientError as error:
            return watch.failure(say_client_error(error, where))
        except (OSError, ValueError) as error:
            return watch.failure(say_error(error, where=where))

    async def _follow(self, check: HttpCheck, watch: Stopwatch) -> Outcome:
        url, method = check.url, check.method
        headers = {"User-Agent": AGENT, "Accept": "*/*", **check.headers}
        body: bytes | None = check.body.encode() or None
        for _ in range(MOST_REDIRECTS + 1):
            await self._judge_target(url, watch)
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, trace_request_ctx=watch
            ) as answer:
                watch.lap("wait", next_is="reading the answer")
                onward = answer.headers.get("Location")
                if not (check.follow_redirects and answer.status in _REDIRECTS and onward):
                    return await _judge(check, answer, watch)
            target = urljoin(url, onward)
            if urlsplit(target).netloc != urlsplit(url).netloc:
                headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}
            if answer.status not in (307, 308) and method != "HEAD":
                method, body = "GET", None
            url = target
        return watch.failure(f"more than {MOST_REDIRECTS} redirects")

    async def _judge_target(self, url: str, watch: Stopwatch) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{shorten(url, 80)} is not a web address")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        watch.doing = "looking up the name"
        _targets.set(await self._guard.resolve(parts.hostname, port))
        watch.lap("dns", next_is="connecting")


_PRIVATE = frozenset({"authorization", "cookie", "proxy-authorization"})


class _JudgedTargets(AbstractResolver):
    """Gives aiohttp the addresses that were judged for this very request, so that no second look-up can differ."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=target.address, port=port, family=target.family, proto=0, flags=0)
            for target in _targets.get()
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    watch: Stopwatch = context.trace_request_ctx
    watch.lap("connect", next_is="waiting for the answer")


async def _judge(check: HttpCheck, answer: aiohttp.ClientResponse, watch: Stopwatch) -> Outcome:
    found = {"status": answer.status}
    body = await read_body(answer)
    watch.lap("read")
    fault = fault_of_answer(check, status=answer.status, body=body, charset=answer.charset)
    if fault:
        return watch.failure(fault, details=found)
    return watch.success(faster_than_s=check.faster_than_s, details=found)


def fault_of_answer(check: HttpCheck, *, status: int, body: bytes, charset: str | None) -> str:
    """What an answer breaks of what `check` expects, in words; "" when nothing."""
    if not any(low <= status <= high for low, high in check.statuses):
        return f"answered {status}, expected {say_statuses(check.statuses)}"
    fault = _fault_of_text(check, body, charset) if check.contains or check.contains_not else ""
    return fault or (_fault_of_json(check.json, body) if check.json else "")


async def read_body(answer: aiohttp.ClientResponse) -> bytes:
    """The body, up to the longest that is read."""
    body = bytearray()
    while len(body) < LONGEST_BODY:
        part = await answer.content.read(min(65536, LONGEST_BODY - len(body)))
        if not part:
            break
        body += part
    return bytes(body)


def text_of(body: bytes, charset: str | None) -> str:
    """A body as text, by the charset it says or UTF-8; what cannot be read is replaced."""
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return body.decode(errors="replace")


def _fault_of_text(check: HttpCheck, body: bytes, charset: str | None) -> str:
    text = text_of(body, charset)
    within = " in its first MiB" if len(body) >= LONGEST_BODY else ""
    for wanted in check.contains:
        if wanted not in text:
            return f"the page does not contain {shorten(wanted, 80)!r}{within}"
    for unwanted in check.contains_not:
        if unwanted in text:
            return f"the page contains {shorten(unwanted, 80)!r}"
    return ""


def _fault_of_json(expected: Mapping[str, object], body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return "the answer is not JSON"
    for path, wanted in expected.items():
        try:
            value = value_at(document, path)
        except PathMissing as error:
            return f"the JSON answer has no {path}: {error}"
        if value != wanted or isinstance(value, bool) != isinstance(wanted, bool):
            return f"{path} is {shorten(json.dumps(value), 60)}, expected {shorten(json.dumps(wanted), 60)}"
    return ""


def say_statuses(statuses: Sequence[tuple[int, int]]) -> str:
    """Status ranges in words: `200`, `200-299 or 404`."""
    return " or ".join(str(low) if low == high else f"{low}-{high}" for low, high in statuses)


def say_client_error(error: aiohttp.ClientError, where: str) -> str:
    """What went wrong between us and `where`, in words."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        cause = getattr(error, "certificate_error", None) or error.os_error
        return say_tls_error(cause, where=where) if isinstance(cause, ssl.SSLError) else f"{where}: {cause}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return say_error(error.os_error, where=where)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return f"{where} closed the connection before it answered"
    if isinstance(error, aiohttp.ClientPayloadError):
        return f"{where} broke off in the middle of its answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return shorten(f"{where} does not speak HTTP properly: {error.message}", 160)
    return say_error(error, where=where)
