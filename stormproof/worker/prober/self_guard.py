"""Whether this place can see at all: targets that have nothing to do with each other must answer, two of three.

A place whose own network is gone sees everything fail. It says so ("blind") and its results are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import structlog

from stormproof.engine.probe.guard import AddressRefused, Guard
from stormproof.engine.probe.tcp import TcpCheck, probe_tcp
from stormproof.watch.choices import Sight

EVERY_S = 10.0
LIMIT_S = 2.0
log = structlog.get_logger(__name__)


class SelfGuard:
    """Looks at `targets` (host, port) now and then, and at once when somebody doubts.

    Without targets that may be connected to it is off. Until they have answered once they prove nothing: an
    installation that was never connected to the internet is not blind.
    """

    def __init__(self, targets: Sequence[tuple[str, int]], *, guard: Guard, changed: Callable[[], None]) -> None:
        self._guard, self._changed = guard, changed
        self.targets = [(host, port) for host, port in targets if self._may(host)]
        self.is_proven = False
        self._sees: bool | None = None
        self._looked_at = 0.0
        self._running: asyncio.Task[None] | None = None

    def _may(self, host: str) -> bool:
        try:
            self._guard.require_written_host(host)
        except AddressRefused as error:
            log.warning("prober.self_guard_target_refused", host=host, error=str(error))
            return False
        return True

    @property
    def sight(self) -> str:
        """What is known of it: off, unproven, green or blind."""
        if not self.targets:
            return Sight.OFF.value
        if not self.is_proven:
            return Sight.UNPROVEN.value
        return Sight.BLIND.value if self._sees is False else Sight.GREEN.value

    @property
    def is_blind(self) -> bool:
        """Whether nothing that is seen from here means anything."""
        return self.sight == Sight.BLIND

    @property
    def is_armed(self) -> bool:
        """Whether it can tell at all."""
        return bool(self.targets) and self.is_proven

    async def run(self) -> None:
        """Look every ten seconds, for ever."""
        while self.targets:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def sees_since(self, moment: float) -> bool:
        """Whether this place can see, looked at after `moment` (monotonic seconds)."""
        if self.is_armed and self._looked_at < moment:
            await self.look()
        return not self.is_blind

    async def look(self) -> None:
        """Look at all targets now; those who ask meanwhile share one look."""
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._look())
        await asyncio.shield(self._running)

    async def _look(self) -> None:
        started, before = time.monotonic(), self.sight
        answers = asyncio.Queue[bool]()
        looks = [asyncio.create_task(self._ask(host, port, answers)) for host, port in self.targets]
        needed, good, bad = len(looks) // 2 + 1, 0, 0
        while good < needed and bad <= len(looks) - needed:  # the first majority decides, a silent target delays nobody
            is_good = await answers.get()
            good, bad = good + is_good, bad + (not is_good)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        self._sees = good >= needed
        self.is_proven = self.is_proven or self._sees
        self._looked_at = started
        if self.sight != before:
            log.warning("prober.sight", sight=self.sight, was=before)
            self._changed()

    async def _ask(self, host: str, port: int, answers: asyncio.Queue[bool]) -> None:
        is_good = False
        with contextlib.suppress(Exception):
            found = await probe_tcp(TcpCheck(host=host, port=port), guard=self._guard, deadline_s=LIMIT_S)
            is_good = found.ok
        answers.put_nowait(is_good)
