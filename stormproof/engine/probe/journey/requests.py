"""A journey over HTTP: one visitor with a cookie jar, step after step, until one of them fails."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from stormproof.engine.probe.answer import Answer as WebAnswer
from stormproof.engine.probe.answer import HttpCheck, decoded, fault_of_answer
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound, Target
from stormproof.engine.probe.http import read_body, say_client_error
from stormproof.engine.probe.journey.steps import StepSeen
from stormproof.engine.probe.journey.taking import Answer, NothingToTake, Take, take_from
from stormproof.engine.probe.journey.words import UnknownName, fill_in, known_at_start, redact
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal, say_error, say_ms, shorten

AGENT = "Stormproof-Journey/1"
MOST_REDIRECTS = 8
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PRIVATE = frozenset({"authorization", "proxy-authorization", "x-api-key", "x-auth-token"})


@dataclass(frozen=True, kw_only=True)
class JourneyStep:
    """One request of a journey. `check` says what to ask for and what is expected; its texts may hold `{{name}}`.

    `form` is sent as a form, `json` as JSON; `take` gives names to values of the answer.
    """

    name: str
    check: HttpCheck
    form: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    take: Mapping[str, Take] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class JourneyCheck:
    """The steps in order, where relative addresses begin, and the names known from the start. `secrets` stay untold."""

    start: str
    steps: Sequence[JourneyStep]
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    faster_than_s: float | None = None


class _StepFailed(Exception):
    """A step did not do what it should; the message says why."""


async def walk(
    journey: JourneyCheck, *, guard: Guard, deadline_s: float, run: str, trust: ssl.SSLContext | None = None
) -> Outcome:
    """Walk the journey, within `deadline_s` seconds in all. `run` is a word no other walk has, known as `{{run}}`.

    `details["steps"]` holds each step begun; the reason names the one that failed.
    """
    visitor = _Visitor(journey, guard, run, trust or _default_trust())
    try:
        async with asyncio.timeout(deadline_s):
            fault = await visitor.go()
    except TimeoutError:
        fault = visitor.stop(f"not done within {say_ms(deadline_s * 1000)} (while {visitor.watch.doing})")
    except AddressRefused as error:
        return replace(refusal(visitor.stop(str(error))), details=visitor.details())
    finally:
        await visitor.close()
    if fault:
        return visitor.watch.failure(fault, details=visitor.details())
    return visitor.watch.success(faster_than_s=journey.faster_than_s, details=visitor.details())


class _Visitor:
    def __init__(self, journey: JourneyCheck, guard: Guard, run: str, trust: ssl.SSLContext) -> None:
        self._journey, self._guard = journey, guard
        self._known = known_at_start(journey.values, journey.secrets, run)
        self._cookies = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
        self._judged = _Judged()
        self._page = ""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self._judged, use_dns_cache=False, ssl=trust, limit=4),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        self.watch = Stopwatch()
        self._began = self._step_began = time.perf_counter()
        self._name = ""
        self.seen: list[StepSeen] = []

    async def close(self) -> None:
        await self._session.close()

    def details(self) -> dict[str, Any]:
        return {"steps": [step.as_data() for step in self.seen]}

    async def go(self) -> str:
        """Why the journey failed, or ""."""
        for number, step in enumerate(self._journey.steps, start=1):
            self._name = step.name or f"Step {number}"
            self._step_began = time.perf_counter()
            try:
                status = await self._do(step)
            except (_StepFailed, UnknownName, NothingToTake) as error:
                return self.stop(str(error))
            except NameNotFound as error:
                return self.stop(str(error))
            except aiohttp.ClientError as error:
                return self.stop(say_client_error(error, urlsplit(self._page).netloc))
            except (OSError, ValueError) as error:
                return self.stop(say_error(error, where=urlsplit(self._page).netloc))
            self._note(ok=True, status=status)
        return ""

    def stop(self, reason: str) -> str:
        """Note that the present step failed; the reason with the step's name."""
        said = redact(shorten(reason), self._journey.secrets.values())
        self._note(ok=False, reason=said)
        return f"{self._name}: {said}"

    def _note(self, *, ok: bool, status: int | None = None, reason: str = "") -> None:
        now = time.perf_counter()
        self.seen.append(
            StepSeen(
                name=self._name,
                ok=ok,
                start_ms=round((self._step_began - self._began) * 1000, 1),
                ms=round((now - self._step_began) * 1000, 1),
                status=status,
                reason=reason,
            )
        )

    async def _do(self, step: JourneyStep) -> int:
        check = step.check
        headers = dict(fill_in(check.headers, self._known))
        body = self._body(step, headers)
        url = urljoin(self._page or self._journey.start, fill_in(check.url, self._known))
        answer, text = await self._follow(check, url, headers, body)
        wanted = replace(
            check,
            contains=fill_in(check.contains, self._known),
            contains_not=fill_in(check.contains_not, self._known),
            json=fill_in(check.json, self._known),
        )
        seen = WebAnswer(
            status=answer.status, headers=answer.headers, body=text, charset=answer.charset or "utf-8", url=self._page
        )
        if fault := fault_of_answer(wanted, seen):
            raise _StepFailed(fault)
        took_ms = (time.perf_counter() - self._step_began) * 1000
        if check.faster_than_s is not None and took_ms > check.faster_than_s * 1000:
            raise _StepFailed(f"took {say_ms(took_ms)}, promised within {say_ms(check.faster_than_s * 1000)}")
        self._take(step, answer, text)
        return answer.status

    def _body(self, step: JourneyStep, headers: dict[str, str]) -> bytes | None:
        if step.form:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            return urlencode(fill_in(step.form, self._known)).encode()
        if step.json is not None:
            headers.setdefault("Content-Type", "application/json")
            return json.dumps(fill_in(step.json, self._known)).encode()
        return str(fill_in(step.check.body, self._known)).encode() or None

    async def _follow(
        self, check: HttpCheck, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        method = check.method
        for _ in range(MOST_REDIRECTS + 1):
            answer, text = await self._ask(method, url, headers, body)
            onward = answer.headers.get("Location")
            if not (check.follow_redirects and answer.status in _REDIRECTS and onward):
                return answer, text
            target = urljoin(url, onward)
            if urlsplit(target).netloc != urlsplit(url).netloc:
                headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}
            if answer.status not in (307, 308) and method != "HEAD":
                method, body = "GET", None
                headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            url = target
        raise _StepFailed(f"more than {MOST_REDIRECTS} redirects")

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """One request as a browser would make it: with its cookies, where it came from, and a judged address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _StepFailed(f"{shorten(url, 80)} is not a web address")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self.watch.doing = "looking up the name"
        self._judged.targets = await self._guard.resolve(parts.hostname, port)
        self.watch.lap("dns", next_is="waiting for the answer")
        sent = {"User-Agent": AGENT, "Accept": "*/*", **self._origin(method), **headers}
        sent |= self._cookie_header(url)
        self._page = url
        async with self._session.request(method, url, headers=sent, data=body, allow_redirects=False) as answer:
            self.watch.lap("wait", next_is="reading the answer")
            self._cookies.update_cookies(answer.cookies, URL(url))
            text = await read_body(answer)
            self.watch.lap("read", next_is="going on")
        return answer, text

    def _origin(self, method: str) -> dict[str, str]:
        """Shops refuse a form that does not say which page it came from."""
        if not self._page:
            return {}
        parts = urlsplit(self._page)
        origin = {} if method in ("GET", "HEAD") else {"Origin": f"{parts.scheme}://{parts.netloc}"}
        return {"Referer": self._page, **origin}

    def _cookie_header(self, url: str) -> dict[str, str]:
        found = self._cookies.filter_cookies(URL(url))
        return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in found.items())} if found else {}

    def _take(self, step: JourneyStep, answer: aiohttp.ClientResponse, body: bytes) -> None:
        if not step.take:
            return
        cookies = {morsel.key: morsel.value for morsel in self._cookies}
        seen = Answer(text=decoded(body, answer.charset), headers=answer.headers, cookies=cookies)
        for name, take in step.take.items():
            self._known[name] = take_from(seen, take)


class _Judged(AbstractResolver):
    """Gives aiohttp the addresses that were judged for the present request; a journey makes one at a time."""

    def __init__(self) -> None:
        self.targets: Iterable[Target] = ()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=target.address, port=port, family=target.family, proto=0, flags=0)
            for target in self.targets
        ]

    async def close(self) -> None:
        """Nothing is held."""


@lru_cache(maxsize=1)
def _default_trust() -> ssl.SSLContext:
    """Made once: reading all certificate authorities takes as long as a fast request."""
    return ssl.create_default_context()
