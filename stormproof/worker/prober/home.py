"""Where a prober gets its plans from and brings its sightings to: the database, for one that can reach it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections

from stormproof.core.clock import now
from stormproof.core.processes import mark_of
from stormproof.watch.rules import HERE, Sighting
from stormproof.watch.services.monitors import CHANGED_CHANNEL
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.probers import Lease, Membership, end_lease, renew_lease
from stormproof.watch.services.remote import plans_digest
from stormproof.watch.services.upkeep import make_partitions
from stormproof.worker.prober.plans import Plan, Plans

T = TypeVar("T")
log = structlog.get_logger(__name__)


class HomeIsAway(Exception):
    """Home cannot be reached now; what is brought must be kept and brought again."""


class BatchRefused(Exception):
    """Home will never take this batch as it is."""


class Home(Protocol):
    """What a prober needs of the rest of the product."""

    location: str
    is_remote: bool

    async def prepare(self) -> None:
        """Make sure that home can take what is brought."""

    async def renew(self, lease: Lease) -> Membership | None:
        """Renew the lease; None while home is away."""

    async def load(self, *, is_routine: bool) -> Mapping[int, Plan] | None:
        """The plans of this location; None while home is away, or as a matter of routine when nothing changed."""

    async def write(self, batch: Sequence[Sighting]) -> None:
        """Bring sightings, whole or not at all; raises `HomeIsAway` and `BatchRefused`."""

    async def listen(self, reload: Callable[[], None], fellows: Callable[[], None]) -> None:
        """Call `reload` when plans may have changed and `fellows` when a prober came or went, for ever."""

    async def leave(self, instance: str) -> None:
        """Give the lease back and let go of what is held."""


class DatabaseHome:
    """Home over the database itself: one connection for plans and leases, one for sightings, one that listens."""

    is_remote = False

    def __init__(self, location: str = HERE) -> None:
        self.location = location
        self._plans, self._digest = Plans(location), ""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prober-db")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="deliver")

    async def prepare(self) -> None:
        """Today's partitions are there."""
        await self._database(lambda: make_partitions(at=now()))

    async def renew(self, lease: Lease) -> Membership | None:
        """Renew the lease, and end those of probers that died on this machine."""
        found = await self._database(lambda: _renew(lease))
        if found is None:
            return None
        living = tuple(name for name in found.alive if not _died_here(name))
        return Membership(prober_id=found.prober_id, alive=living, is_proven=found.is_proven)

    async def load(self, *, is_routine: bool) -> Mapping[int, Plan] | None:
        """Read the monitors of this location; a routine reads one digest, for thousands of rows hold up the looks."""
        return await self._database(lambda: self._load(is_routine=is_routine))

    def _load(self, *, is_routine: bool) -> Mapping[int, Plan] | None:
        digest = plans_digest(self.location)
        if is_routine and digest == self._digest:
            return None
        found = self._plans.load()
        self._digest = digest
        return found

    async def write(self, batch: Sequence[Sighting]) -> None:
        """Record sightings in one transaction."""
        await asyncio.get_running_loop().run_in_executor(self._writer, _write, batch)

    async def listen(self, reload: Callable[[], None], fellows: Callable[[], None]) -> None:
        """LISTEN for changes of monitors and probers; come back when the database does."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANGED_CHANNEL}")
                    reload()  # whatever changed while nobody listened
                    await _hear(listening, reload, fellows)
            except (psycopg.Error, OSError):
                await asyncio.sleep(1)

    async def leave(self, instance: str) -> None:
        """End the lease."""
        await self._database(lambda: end_lease(instance))
        self._thread.shutdown(wait=False)
        self._writer.shutdown(wait=False)

    async def _database(self, body: Callable[[], T]) -> T | None:
        """Run `body` beside the loop; None when the database is away."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _with_connection, body)


async def _hear(
    listening: psycopg.AsyncConnection[Any], reload: Callable[[], None], fellows: Callable[[], None]
) -> None:
    while True:
        async for notification in listening.notifies(timeout=10):
            (fellows if notification.payload == "probers" else reload)()
        await listening.execute("SELECT 1")  # a connection that died silently is found here


def _renew(lease: Lease) -> Membership:
    found = renew_lease(lease, at=now())
    for name in filter(_died_here, found.alive):
        end_lease(name)
    return found


def _died_here(instance: str) -> bool:
    """Whether `instance` was a prober of this machine whose process is gone: its lease need not be waited for."""
    host, _, rest = instance.rpartition("-")[0].rpartition("-")
    return host == socket.gethostname() and rest.isdigit() and mark_of(int(rest)) is None


def _with_connection(body: Callable[[], T]) -> T | None:
    try:
        return body()
    except (DatabaseError, InterfaceError) as error:
        log.warning("prober.database_waiting", error=str(error).strip()[:300])
        connection.close()
        return None


def _write(batch: Sequence[Sighting]) -> None:
    try:
        record_sightings(batch, at=now())
    except (OperationalError, InterfaceError) as error:
        _close()
        raise HomeIsAway(str(error)) from error
    except DatabaseError as error:
        _close()
        raise BatchRefused(str(error)) from error


def _close() -> None:
    with contextlib.suppress(DatabaseError, InterfaceError):
        connection.close()


def _parameters() -> dict[str, Any]:
    """How to reach the database, for a connection beside Django's."""
    taken = ("host", "port", "user", "password", "dbname", "connect_timeout", "sslmode", "sslrootcert")
    known = connections["default"].get_connection_params()
    return {name: known[name] for name in taken if known.get(name)}
