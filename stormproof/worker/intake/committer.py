"""The group committer of a door: what waits together is written together, and answered after the commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg
import structlog

from stormproof.worker.intake.door import Answer, Ask, Connection, Door, busy

MOST_WAITING = 4000
MOST_TOGETHER = 500
GATHER_S = 0.002
LONGEST_COMMIT_S = 20.0
log = structlog.get_logger(__name__)

Waiting = tuple[Ask, "asyncio.Future[Answer]"]
Connect = Callable[[], Awaitable[Connection]]


class Committer:
    """Writes what comes through one door over one connection of its own; connects again by itself."""

    def __init__(self, door: Door, *, connect: Connect, clock: Callable[[], datetime]) -> None:
        self.door = door
        self._connect, self._clock = connect, clock
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue(MOST_WAITING)
        self._connection: Connection | None = None

    async def keep(self, ask: Ask) -> Answer:
        """Wait until `ask` is committed, and return its answer; 503 at once when too many wait already."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((ask, answer))
        except asyncio.QueueFull:
            return busy(seconds=2)
        return await answer

    async def run(self) -> None:
        """Commit for ever, until cancelled."""
        try:
            while True:
                batch = [await self._waiting.get()]
                await asyncio.sleep(GATHER_S)
                while len(batch) < MOST_TOGETHER and not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                await self._commit(batch)
        finally:
            await self._hang_up()

    async def _commit(self, batch: list[Waiting]) -> None:
        """Answer every ask of the batch, whatever happens."""
        try:
            answers = await self._write([ask for ask, _ in batch])
        except (psycopg.DataError, psycopg.IntegrityError, ValueError) as error:
            if len(batch) > 1:
                for each in batch:
                    await self._commit([each])
                return
            log.warning("intake.refused", door=self.door.name, error=str(error).splitlines()[0][:200])
            answers = [Answer(status=400, body=b"this cannot be kept\n")]
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("intake.database_lost", door=self.door.name, error=str(error).strip()[:300])
            await self._hang_up()
            answers = [busy()] * len(batch)
        except Exception:
            log.exception("intake.door_failed", door=self.door.name)
            answers = [busy()] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _write(self, asks: Sequence[Ask]) -> list[Answer]:
        async with asyncio.timeout(LONGEST_COMMIT_S):
            connection = self._connection
            if connection is None or connection.broken or connection.closed:
                connection = self._connection = await self._connect()
            async with connection.transaction():
                answers = await self.door.commit(connection, asks, at=self._clock())
            if len(answers) != len(asks):
                raise RuntimeError(f"door {self.door.name} gave {len(answers)} answers to {len(asks)} asks")
        if self.door.committed is not None:
            self.door.committed(answers)
        return answers

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()


def parameters() -> dict[str, Any]:
    """How to reach the database, for a connection beside Django's."""
    from django.db import connections  # noqa: PLC0415  (needs settings, which tests of the committer do without)

    taken = ("host", "port", "user", "password", "dbname", "connect_timeout", "sslmode", "sslrootcert")
    known = connections["default"].get_connection_params()
    return {name: known[name] for name in taken if known.get(name)}


async def connect() -> Connection:
    """A connection of one's own to the database."""
    return await psycopg.AsyncConnection.connect(
        **parameters(), autocommit=True, application_name="stormproof intake", keepalives_idle=5, tcp_user_timeout=8000
    )
