"""Brings sightings home in batches; keeps them while home is away."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from stormproof.watch.rules import Sighting
from stormproof.worker.prober.home import BatchRefused, Home, HomeIsAway

EVERY_S = 0.25
LARGEST_BATCH = 500
MOST_KEPT = 200_000  # half an hour of 1,000 monitors at 10 s
RETRY_S = 0.5
log = structlog.get_logger(__name__)


class Deliverer:
    """One writer, one connection. A batch is written whole or stays; writing it twice counts once."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._waiting: deque[Sighting] = deque(maxlen=MOST_KEPT)
        self._urgent = asyncio.Event()
        self.is_lost = False
        self.dropped = 0

    def add(self, sighting: Sighting, urgent: bool) -> None:
        """Take a sighting; an urgent one is written at once."""
        self.dropped += len(self._waiting) == MOST_KEPT
        self._waiting.append(sighting)
        if urgent:
            self._urgent.set()

    @property
    def waiting(self) -> int:
        """How many sightings are not home yet."""
        return len(self._waiting)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set and, if home is there, nothing waits."""
        while not (stop.is_set() and (self.is_lost or not self._waiting)):
            if not self.is_lost:
                await self._pause()
            await self._deliver()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._urgent.wait(), EVERY_S)
        except TimeoutError:
            return
        finally:
            self._urgent.clear()

    async def _deliver(self) -> None:
        batch = [self._waiting[index] for index in range(min(LARGEST_BATCH, len(self._waiting)))]
        if not batch:
            return
        try:
            await self._write(batch)
        except HomeIsAway as error:
            await self._wait_for_home(error)
            return
        if self.is_lost:
            log.info("prober.home_back", waiting=len(self._waiting))
            self.is_lost = False
        for sighting in batch:
            if self._waiting and self._waiting[0] is sighting:  # the oldest may have been dropped meanwhile
                self._waiting.popleft()

    async def _write(self, batch: list[Sighting]) -> None:
        """A row that home refuses must not hold up the others: it is logged and left out."""
        try:
            await self._home.write(batch)
        except BatchRefused as error:
            log.warning("prober.batch_refused", size=len(batch), error=str(error).strip()[:300])
            await self._write_one_by_one(batch)

    async def _write_one_by_one(self, batch: list[Sighting]) -> None:
        for sighting in batch:
            try:
                await self._home.write([sighting])
            except BatchRefused as error:
                log.warning("prober.sighting_refused", monitor=sighting.monitor_id, error=str(error).strip()[:300])

    async def _wait_for_home(self, error: Exception) -> None:
        if not self.is_lost:
            log.warning("prober.home_lost", error=str(error).strip()[:300])
        self.is_lost = True
        await asyncio.sleep(RETRY_S)
