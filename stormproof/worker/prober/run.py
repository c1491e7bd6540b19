"""The prober: shares the monitors with its fellows by leases, looks on time, delivers, outlives a lost database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import structlog
import uvloop
from django.db import DatabaseError, InterfaceError, connection, connections

from stormproof.core.clock import now
from stormproof.core.processes import mark_of
from stormproof.watch.rules import prober_for
from stormproof.watch.services.monitors import CHANGED_CHANNEL, own_guard
from stormproof.watch.services.probers import Membership, end_lease, renew_lease
from stormproof.watch.services.upkeep import make_partitions
from stormproof.worker.prober.deliverer import Deliverer
from stormproof.worker.prober.lateness import Lateness
from stormproof.worker.prober.looker import Looker
from stormproof.worker.prober.plans import Plan, Plans
from stormproof.worker.prober.schedule import Schedule

RENEW_S = 2.0
RELOAD_S = 15.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


def run_prober() -> None:
    """Look until SIGTERM or SIGINT."""
    os.environ.setdefault("UV_THREADPOOL_SIZE", "32")  # names are looked up there; a dead resolver must not block all
    _notice_a_dead_database_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_until_signal())


async def _run_until_signal() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Prober().run(stop)


def _notice_a_dead_database_soon() -> None:
    """A connection to a machine that went away without a word is given up after seconds, not a quarter of an hour."""
    options = connections["default"].settings_dict["OPTIONS"]
    options.update(keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=8000)


class Prober:
    """One prober process."""

    def __init__(self, instance: str = "", *, keep_lateness: bool = False) -> None:
        self.instance = instance or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.deliverer = Deliverer()
        self.lateness = Lateness(keep=keep_lateness)
        self.looker = Looker(guard=own_guard(), deliver=self.deliverer.add, lateness=self.lateness)
        self.schedule = Schedule(self.looker.look, lateness=self.lateness)
        self._plans = Plans()
        self._all: dict[int, Plan] = {}
        self._alive: tuple[str, ...] = (self.instance,)
        self._reload = asyncio.Event()
        self._fellows = asyncio.Event()  # another prober has come or gone
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prober-db")

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; then deliver what is left and hand the monitors over."""
        stopping = asyncio.Event()
        delivery = asyncio.create_task(self.deliverer.run(stopping))
        loops = [
            asyncio.create_task(loop()) for loop in (self._renew_for_ever, self._reload_for_ever, self._listen_for_ever)
        ]
        await stop.wait()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await self.schedule.stop()
        stopping.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(delivery, 5)
        await self._database(lambda: end_lease(self.instance))
        await self.looker.close()
        self._thread.shutdown(wait=False)

    async def _renew_for_ever(self) -> None:
        """Hold the lease and learn who else is alive."""
        await self._database(lambda: make_partitions(at=now()))
        while True:
            membership = await self._database(self._renew)
            if membership is not None:
                self.looker.prober_id = membership.prober_id
                living = {name for name in membership.alive if not _died_here(name)}
                alive = tuple(sorted({*living, self.instance}))
                if alive != self._alive or not self._all:
                    log.info("prober.sharing", probers=len(alive))
                    self._alive = alive
                    self._reload.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._fellows.wait(), RENEW_S)
            self._fellows.clear()

    def _renew(self) -> Membership:
        found = renew_lease(self.instance, monitors=len(self.schedule), late_ms=self.lateness.read_worst())
        for name in filter(_died_here, found.alive):
            end_lease(name)
        return found

    async def _reload_for_ever(self) -> None:
        """Read the monitors again when told so, and now and then."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reload.wait(), RELOAD_S)
            self._reload.clear()
            plans = await self._database(self._plans.load)
            if plans is not None:
                self._all = plans
                self._share()
            await asyncio.sleep(0.1)  # a burst of changes is one reload

    def _share(self) -> None:
        mine = {key: plan for key, plan in self._all.items() if prober_for(key, self._alive) == self.instance}
        for monitor_id in self.schedule.set_plans(mine):
            self.looker.forget(monitor_id)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANGED_CHANNEL}")
                    self._reload.set()  # whatever changed while nobody listened
                    await self._hear(listening)
            except (psycopg.Error, OSError):
                await asyncio.sleep(1)

    async def _hear(self, listening: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async for notification in listening.notifies(timeout=10):
                (self._fellows if notification.payload == "probers" else self._reload).set()
            await listening.execute("SELECT 1")  # a connection that died silently is found here

    async def _database(self, body: Callable[[], T]) -> T | None:
        """Run `body` beside the loop; None when the database is away."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _with_connection, body)


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


def _parameters() -> dict[str, Any]:
    """How to reach the database, for a connection beside Django's."""
    taken = ("host", "port", "user", "password", "dbname", "connect_timeout", "sslmode", "sslrootcert")
    known = connections["default"].get_connection_params()
    return {name: known[name] for name in taken if known.get(name)}
