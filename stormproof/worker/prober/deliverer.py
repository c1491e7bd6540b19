"""Brings sightings to the database in batches; keeps them while it is away."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from stormproof.core.clock import now
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings

EVERY_S = 0.25
LARGEST_BATCH = 500
MOST_KEPT = 200_000  # half an hour of 1,000 monitors at 10 s
RETRY_S = 0.5
log = structlog.get_logger(__name__)


class Deliverer:
    """One writer, one connection. A batch is written whole or stays; writing it twice counts once."""

    def __init__(self) -> None:
        self._waiting: deque[Sighting] = deque(maxlen=MOST_KEPT)
        self._urgent = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deliver")
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
        """How many sightings are not in the database yet."""
        return len(self._waiting)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set and, if the database is there, nothing waits."""
        while not (stop.is_set() and (self.is_lost or not self._waiting)):
            if not self.is_lost:
                await self._pause()
            await self._deliver()
        self._thread.shutdown(wait=False)

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
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, _write, batch)
        except (OperationalError, InterfaceError) as error:
            await self._wait_for_database(error)
            return
        except DatabaseError:
            log.exception("prober.batch_refused", size=len(batch))
            await loop.run_in_executor(self._thread, _write_one_by_one, batch)
        if self.is_lost:
            log.info("prober.database_back", waiting=len(self._waiting))
            self.is_lost = False
        for sighting in batch:
            if self._waiting and self._waiting[0] is sighting:  # the oldest may have been dropped meanwhile
                self._waiting.popleft()

    async def _wait_for_database(self, error: Exception) -> None:
        if not self.is_lost:
            log.warning("prober.database_lost", error=str(error).strip()[:300])
        self.is_lost = True
        await asyncio.sleep(RETRY_S)


def _write(batch: list[Sighting]) -> None:
    try:
        record_sightings(batch, at=now())
    except DatabaseError:
        connection.close()
        raise
    except InterfaceError:
        connection.close()
        raise


def _write_one_by_one(batch: list[Sighting]) -> None:
    """A row the database refuses must not hold up the others: it is logged and left out."""
    for sighting in batch:
        try:
            _write([sighting])
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError:
            log.exception("prober.sighting_refused", monitor=sighting.monitor_id)
