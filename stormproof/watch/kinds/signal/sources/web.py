"""Questions to web services: guarded, bounded in size and time, patient with rate limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.guarded_http import guarded_client
from stormproof.watch.kinds.signal.sources.source import SourceFailed

TIMEOUT_S = 10.0
LARGEST = 20_000_000
TRIES = 4
LONGEST_WAIT_S = 5.0
TOO_MANY = 429


class Asker:
    """Asks one web service; waits as long as it is told to when it asks too fast."""

    def __init__(self, client: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._sleep = client, sleep

    def ask(self, method: str, url: str, **options: Any) -> tuple[Any, Mapping[str, str]]:
        """The parsed JSON of the answer and its headers; raises `SourceFailed` for anything but a good answer."""
        for attempt in range(TRIES):
            status, headers, body = self._once(method, url, options)
            if status != TOO_MANY or attempt == TRIES - 1:
                break
            self._sleep(_wait_of(headers))
        if status >= 300:
            raise SourceFailed(f"the service answered HTTP {status}{_words_for(status)}")
        try:
            return httpx.Response(200, content=body).json(), headers
        except ValueError as error:
            raise SourceFailed("the service did not answer with JSON") from error

    def pause(self, seconds: float) -> None:
        """Wait, because the service says its limit is near."""
        self._sleep(min(LONGEST_WAIT_S, seconds))

    def _once(self, method: str, url: str, options: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        try:
            with self._client.stream(method, url, **options) as answer:
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise SourceFailed("the answer is larger than 20 MB; ask for less, grouped by minute")
                return answer.status_code, answer.headers, body
        except httpx.TimeoutException as error:
            raise SourceFailed(f"the service did not answer within {TIMEOUT_S:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceFailed(f"the service cannot be reached: {str(error)[:200] or type(error).__name__}") from error


@contextmanager
def asking(guard: Guard, *, headers: Mapping[str, str] | None = None, auth: Any = None) -> Iterator[Asker]:
    """An `Asker` whose every connection the guard judges."""
    with guarded_client(guard, timeout_s=TIMEOUT_S) as client:
        client.headers.update(headers or {})
        client.auth = auth
        yield Asker(client)


def host_of(url: str) -> str:
    """The host of a web address."""
    return httpx.URL(url).host


def _wait_of(headers: Mapping[str, str]) -> float:
    try:
        return min(LONGEST_WAIT_S, max(0.1, float(headers.get("Retry-After", "1"))))
    except ValueError:
        return 1.0


def _words_for(status: int) -> str:
    return {
        401: ": check the key or token",
        403: ": the key or token may not read this",
        404: ": check the address",
        TOO_MANY: ": it limits us for too long; it is asked again in a minute",
    }.get(status, "")
