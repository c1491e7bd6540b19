"""A few browsers, each in a process of its own: leased for one walk, kept warm for a while, killed when they hang."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from stormproof.engine.probe.browser.script import BrowserCheck
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import File, Outcome, refusal, say_ms

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
IDLE_S = 150.0  # a browser is kept this long, so that a journey of once a minute finds it warm
MOST_WALKS = 60  # then a fresh one: pages leak
MOST_BYTES = 1_500_000_000  # of all processes of one browser, what they share counted in each
START_S = 40.0
LEASE_S = 60.0
OVER_S = 8.0  # beyond a walk's deadline, for the screenshot
_LIMIT = 1 << 24


class BrowserDied(Exception):
    """The browser ended, hung or grew too large; says nothing about the page. The message says which."""


@dataclass
class _Life:
    process: asyncio.subprocess.Process
    home: Path
    walks: int = 0
    idle_since: float = field(default_factory=time.monotonic)


class BrowserPool:
    """At most `at_once` browsers. None is started before the first walk. Close it in the end."""

    def __init__(self, guard: Guard, *, at_once: int = 1) -> None:
        self._allowed = [str(network) for network in guard.allowed]
        self._free = asyncio.Semaphore(at_once)
        self._idle: list[_Life] = []
        self._all: list[_Life] = []
        self._keeper: asyncio.Task[None] | None = None

    async def walk(self, check: BrowserCheck, *, deadline_s: float, run: str) -> Outcome:
        """Walk in a browser of the pool. If the browser itself fails, once more in a new one; then nothing is known."""
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            return refusal("Chromium is not installed where the prober runs: apt-get install chromium")
        try:
            async with asyncio.timeout(LEASE_S):
                await self._free.acquire()
        except TimeoutError:
            return refusal(f"no browser was free within {LEASE_S:.0f} s; allow more with STORMPROOF_BROWSERS")
        try:
            return await self._lease(check, deadline_s, run, program)
        finally:
            self._free.release()

    async def close(self) -> None:
        """End every browser."""
        if self._keeper is not None:
            self._keeper.cancel()
        for life in list(self._all):
            await self._end(life)

    async def _lease(self, check: BrowserCheck, deadline_s: float, run: str, program: str) -> Outcome:
        failure = ""
        for _ in range(2):
            life = None
            try:
                life = self._idle.pop() if self._idle else await self._start(program)
                answer = await self._ask(life, check, deadline_s, run)
            except BrowserDied as error:
                failure = str(error)
                if life is not None:
                    await self._end(life)
                continue
            except BaseException:
                if life is not None:
                    await self._end(life)
                raise
            await self._give_back(life)
            return outcome_of(answer, faster_than_s=check.faster_than_s)
        return refusal(failure)

    async def _start(self, program: str) -> _Life:
        home = Path(tempfile.mkdtemp(prefix="stormproof-browser-"))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "stormproof.engine.probe.browser.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=_LIMIT,
            env=_environment(home),
        )
        life = _Life(process=process, home=home)
        self._all.append(life)
        try:
            async with asyncio.timeout(START_S):
                answer = await self._exchange(life, {"allowed": self._allowed, "program": program})
        except (TimeoutError, BrowserDied) as error:
            await self._end(life)
            raise BrowserDied(str(error) or f"the browser did not start within {START_S:.0f} s") from error
        if "failed" in answer:
            await self._end(life)
            raise BrowserDied(answer["failed"])
        self._keeper = self._keeper or asyncio.create_task(self._keep())
        return life

    async def _ask(self, life: _Life, check: BrowserCheck, deadline_s: float, run: str) -> dict[str, Any]:
        job = {"check": check.as_data(), "deadline_s": deadline_s, "run": run}
        watching = asyncio.create_task(_watch_memory(life.process.pid))
        asking = asyncio.create_task(self._exchange(life, job))
        try:
            limit = deadline_s + OVER_S
            done, _ = await asyncio.wait({asking, watching}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if watching in done:
                raise BrowserDied(f"the browser used more than {MOST_BYTES // 1_000_000} MB and was ended")
            if asking not in done:
                raise BrowserDied(f"the browser did not answer within {say_ms(limit * 1000)} and was ended")
            answer = asking.result()
        finally:
            for task in (watching, asking):
                task.cancel()
            await asyncio.gather(watching, asking, return_exceptions=True)
        if "failed" in answer:
            raise BrowserDied(answer["failed"])
        return answer

    async def _exchange(self, life: _Life, data: dict[str, Any]) -> dict[str, Any]:
        process = life.process
        if process.stdin is None or process.stdout is None:
            raise BrowserDied("the browser cannot be spoken to")
        try:
            process.stdin.write(json.dumps(data).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
            answer: dict[str, Any] = json.loads(line) if line else {}
        except (OSError, ValueError) as error:
            raise BrowserDied(f"the browser broke off ({type(error).__name__})") from error
        if not answer:
            raise BrowserDied("the browser ended in the middle of a walk")
        return answer

    async def _give_back(self, life: _Life) -> None:
        life.walks += 1
        life.idle_since = time.monotonic()
        if life.walks >= MOST_WALKS or life.process.returncode is not None:
            await self._end(life)
        else:
            self._idle.append(life)

    async def _keep(self) -> None:
        """End what has been idle for long; at rest, a prober without browser journeys has no browser."""
        while True:
            await asyncio.sleep(10)
            for life in [one for one in self._idle if time.monotonic() - one.idle_since > IDLE_S]:
                self._idle.remove(life)
                await self._end(life)

    async def _end(self, life: _Life) -> None:
        if life in self._all:
            self._all.remove(life)
        family = _family(life.process.pid) if life.process.returncode is None else []
        for process in reversed(family):
            with contextlib.suppress(psutil.Error):
                process.kill()
        await life.process.wait()
        shutil.rmtree(life.home, ignore_errors=True)


def outcome_of(answer: dict[str, Any], *, faster_than_s: float | None) -> Outcome:
    """What the browser's process says of a walk."""
    total_ms, reason = float(answer["total_ms"]), str(answer["reason"])
    is_slow = not reason and faster_than_s is not None and total_ms > faster_than_s * 1000
    if is_slow:
        reason = f"slow: {say_ms(total_ms)}, promised within {say_ms((faster_than_s or 0) * 1000)}"
    return Outcome(
        ok=not reason or is_slow,
        degraded=is_slow,
        refused=bool(answer["refused"]),
        reason=reason,
        total_ms=None if answer["refused"] else total_ms,
        details={"steps": answer["steps"], "about": answer["about"]},
        files=tuple(
            File(name=file["name"], media_type=file["media_type"], body=base64.b64decode(file["body"]))
            for file in answer["files"]
        ),
    )


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the prober's own: a browser needs no key and no database."""
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
    }


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    return []


async def _watch_memory(pid: int) -> None:
    """Ends when the processes below `pid` hold more than they may."""
    while True:
        await asyncio.sleep(1)
        held = 0
        for process in _family(pid):
            with contextlib.suppress(psutil.Error):
                held += process.memory_info().rss
        if held > MOST_BYTES:
            return
