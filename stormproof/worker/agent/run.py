"""The life of the agent: measure, keep, send, again; wait longer and longer while the server is away."""

from __future__ import annotations

import json
import platform
import random
import signal
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stormproof.worker.agent.buffer import Buffer
from stormproof.worker.agent.measuring import Machine

VERSION = "1"
BATCH = 200
TIMEOUT_S = 15
LONGEST_WAIT_S = 300.0
REFUSED_WAIT_S = 60.0


class AgentRefused(Exception):
    """The server will not have what is sent, and would not the next time either; the message says why."""


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Where to report and what to measure. `token` is the host's own."""

    server: str
    token: str = field(repr=False)
    folder: Path
    every_s: float = 15
    processes: Sequence[str] = ()
    services: Sequence[str] = ()


def fault_of(settings: AgentSettings) -> str:
    """What is wrong with the settings, or "": the token must not travel in the clear past this machine."""
    try:
        parts = urlsplit(settings.server)
        host = parts.hostname
    except ValueError:
        return f"{settings.server!r} is not an address"
    if parts.scheme not in ("http", "https") or not host:
        return f"{settings.server!r} is not an address: write https://..."
    if parts.scheme == "http" and host not in ("127.0.0.1", "::1", "localhost"):
        return f"{settings.server} would send the token in the clear: use https://"
    if not settings.token.startswith("spa_"):
        return "this is not an agent's token: it begins with spa_"
    return "" if settings.every_s >= 1 else "reports may be one second apart at the least"


def run_agent(settings: AgentSettings, *, say: Callable[[str], None]) -> None:
    """Measure and report until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    buffer = Buffer(settings.folder)
    machine = Machine(processes=settings.processes, services=settings.services)
    sending = threading.Thread(target=_send_for_ever, args=(settings, stop, say), daemon=True)
    sending.start()
    due = time.monotonic()
    while not stop.is_set():
        buffer.add({"at": datetime.now(UTC).isoformat(), "metrics": machine.measure()})
        due = max(due + settings.every_s, time.monotonic())
        stop.wait(due - time.monotonic())
    sending.join(TIMEOUT_S)
    buffer.close()


def _send_for_ever(settings: AgentSettings, stop: threading.Event, say: Callable[[str], None]) -> None:
    """A thread of its own, so that a server that hangs delays no measurement."""
    buffer, sender = Buffer(settings.folder), Sender(settings)
    failures, is_away = 0, False
    while not stop.is_set():
        try:
            left = sender.send_oldest(buffer)
            wait, failures = (0.0 if left else min(1.0, settings.every_s / 2)), 0
            if is_away:
                say(f"the server is back; {len(buffer)} reports to go")
            is_away = False
        except AgentRefused as error:
            say(str(error))
            wait, is_away = REFUSED_WAIT_S, True
        except OSError as error:
            failures += 1
            wait = wait_after(failures)
            if not is_away:
                say(f"the server cannot be reached ({error}); reports are kept")
            is_away = True
        stop.wait(wait)
    buffer.close()


def wait_after(failures: int, *, chance: float | None = None) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 ... 300, and up to a half less, so that a thousand
    agents do not come back in the same second.
    """
    longest = min(LONGEST_WAIT_S, 2.0 ** min(failures - 1, 16))
    return longest * (1 - 0.5 * (random.random() if chance is None else chance))  # noqa: S311


class Sender:
    """Sends the oldest reports first, and lets go of them only when the server has said that it has them."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
            _NoRedirect(),
        )
        self._host = {"name": platform.node()[:200], "system": f"{platform.system()} {platform.release()}"[:200]}

    def send_oldest(self, buffer: Buffer) -> bool:
        """Send one batch; whether more wait. Raises OSError while the server is away, AgentRefused when it refuses."""
        mark, reports = buffer.oldest(BATCH)
        if not reports:
            return False
        self._post(
            {"version": VERSION, "host": self._host, "sent_at": datetime.now(UTC).isoformat(), "reports": reports}
        )
        buffer.let_go(mark)
        return len(reports) == BATCH

    def _post(self, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310  (http and https only: `fault_of`)
            f"{self._settings.server.rstrip('/')}/api/v1/agent/reports",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._settings.token}"},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                answer.read(65536)
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code in (408, 429):
                raise
            said = error.read(300).decode(errors="replace")
            raise AgentRefused(f"the server refused the reports: {error.code} {said}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect would carry the token to another place."""
