"""Looks at a web address as a visitor would: a fresh connection each time, the answer judged by what is expected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from stormproof.engine.probe.answer import LONGEST_BODY, Answer, HttpCheck, judge_answer
from stormproof.engine.probe.certificate import expires_at, say_tls_error
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound, Target
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal, say_error, shorten

MOST_REDIRECTS = 5
AGENT = "Stormproof-Prober/1"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
Judge = Callable[[Answer, Stopwatch], Outcome]


class _GoesRound(Exception):
    """One redirect leads to the next."""


@dataclass
class _Look:
    """What one request needs to hand to the connection under it and to learn from it."""

    targets: list[Target]
    certificate: dict[str, object] | None = None


_look: ContextVar[_Look] = ContextVar("look")


class HttpProber:
    """Holds what all looks share: the guard and the TLS settings; never a connection. Close it in the end."""

    def __init__(self, guard: Guard, *, trust: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_connected)
        connector = _Connector(
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

    async def probe(self, check: HttpCheck, *, deadline_s: float, at: datetime | None = None) -> Outcome:
        """Ask and judge, within `deadline_s` seconds, redirects included; `at` is now, for certificates."""
        return await self.ask(
            check, deadline_s=deadline_s, judge=lambda answer, watch: judge_answer(check, answer, watch, at)
        )

    async def ask(self, check: HttpCheck, *, deadline_s: float, judge: Judge) -> Outcome:
        """Ask as `check` says and let `judge` say what the answer means; without an answer, why there is none."""
        watch = Stopwatch()
        where = urlsplit(check.url).netloc.rpartition("@")[2]
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._follow(check, watch)
            return judge(answer, watch)
        except AddressRefused as error:
            return refusal(str(error))
        except (NameNotFound, _GoesRound) as error:
            return watch.failure(str(error))
        except TimeoutError:
            return watch.too_late(deadline_s)
        except aiohttp.ClientError as error:
            return watch.failure(say_client_error(error, where))
        except (OSError, ValueError) as error:
            return watch.failure(say_error(error, where=where))

    async def _follow(self, check: HttpCheck, watch: Stopwatch) -> Answer:
        url, method = check.url, check.method
        headers = {"User-Agent": AGENT, "Accept": "*/*", **check.headers}
        body: bytes | None = check.body.encode() or None
        for _ in range(MOST_REDIRECTS + 1):
            look = await self._judge_target(url, watch)
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, trace_request_ctx=watch
            ) as answer:
                watch.lap("wait", next_is="reading the answer")
                onward = answer.headers.get("Location")
                if not (check.follow_redirects and answer.status in _REDIRECTS and onward):
                    return await _read(answer, look, watch)
            target = urljoin(url, onward)
            if urlsplit(target).netloc != urlsplit(url).netloc:
                headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}
            if answer.status not in (307, 308) and method != "HEAD":
                method, body = "GET", None
            url = target
        raise _GoesRound(f"more than {MOST_REDIRECTS} redirects")

    async def _judge_target(self, url: str, watch: Stopwatch) -> _Look:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{shorten(url, 80)} is not a web address")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        watch.doing = "looking up the name"
        look = _Look(await self._guard.resolve(parts.hostname, port))
        _look.set(look)
        watch.lap("dns", next_is="connecting")
        return look


_PRIVATE = frozenset({"authorization", "cookie", "proxy-authorization"})


class _Connector(aiohttp.TCPConnector):
    """Notes the certificate each connection was made with: an answer without a body has let go of its connection."""

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        protocol = await super()._create_connection(req, traces, timeout)
        channel = protocol.transport.get_extra_info("ssl_object") if protocol.transport is not None else None
        if channel is not None:
            _look.get().certificate = channel.getpeercert()
        return protocol


class _JudgedTargets(AbstractResolver):
    """Gives aiohttp the addresses that were judged for this very request, so that no second look-up can differ."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=target.address, port=port, family=target.family, proto=0, flags=0)
            for target in _look.get().targets
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    watch: Stopwatch = context.trace_request_ctx
    watch.lap("connect", next_is="waiting for the answer")


async def read_body(answer: aiohttp.ClientResponse) -> bytes:
    """The body, up to the longest that is read."""
    body = bytearray()
    while len(body) < LONGEST_BODY:
        part = await answer.content.read(min(65536, LONGEST_BODY - len(body)))
        if not part:
            break
        body += part
    return bytes(body)


async def _read(answer: aiohttp.ClientResponse, look: _Look, watch: Stopwatch) -> Answer:
    body = await read_body(answer)
    watch.lap("read")
    return Answer(
        status=answer.status,
        headers=answer.headers,
        body=body,
        charset=answer.charset or "utf-8",
        url=str(answer.url),
        certificate_ends=expires_at(look.certificate) if look.certificate else None,
    )


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


__all__ = ["LONGEST_BODY", "Answer", "HttpCheck", "HttpProber"]
