"""The prober: shares the monitors with its fellows by leases, looks on time, delivers, outlives a lost database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import uuid

import structlog
import uvloop
from django.db import connections

from stormproof.core.env import env
from stormproof.watch.rules import prober_for
from stormproof.watch.services.monitors import own_guard
from stormproof.watch.services.probers import Lease
from stormproof.worker.prober.deliverer import Deliverer
from stormproof.worker.prober.home import DatabaseHome, Home
from stormproof.worker.prober.lateness import Lateness
from stormproof.worker.prober.looker import CONFIRM_FROM_AFAR_S, Looker
from stormproof.worker.prober.plans import Plan
from stormproof.worker.prober.schedule import Schedule
from stormproof.worker.prober.self_guard import SelfGuard

RENEW_S = 2.0
RELOAD_S = 15.0
log = structlog.get_logger(__name__)


def run_prober(home: Home | None = None) -> None:
    """Look until SIGTERM or SIGINT, over the database unless another `home` is given."""
    os.environ.setdefault("UV_THREADPOOL_SIZE", "32")  # names are looked up there; a dead resolver must not block all
    if home is None:
        _notice_a_dead_database_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_until_signal(home or DatabaseHome(env.location)))


async def _run_until_signal(home: Home) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Prober(home).run(stop)


def _notice_a_dead_database_soon() -> None:
    """A connection to a machine that went away without a word is given up after seconds, not a quarter of an hour."""
    options = connections["default"].settings_dict["OPTIONS"]
    options.update(keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=8000)


class Prober:
    """One prober process."""

    def __init__(self, home: Home | None = None, *, instance: str = "", keep_lateness: bool = False) -> None:
        self.instance = instance or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.home = home or DatabaseHome(env.location)
        self.deliverer = Deliverer(self.home)
        self.lateness = Lateness(keep=keep_lateness)
        self._reload = asyncio.Event()
        self._fellows = asyncio.Event()  # another prober has come or gone, or this one went blind
        guard = own_guard()
        self.self_guard = SelfGuard(env.self_guard_targets, guard=guard, changed=self._fellows.set)
        self.looker = Looker(
            guard=guard,
            deliver=self.deliverer.add,
            lateness=self.lateness,
            self_guard=self.self_guard,
            location=self.home.location,
            confirm_after_s=CONFIRM_FROM_AFAR_S if self.home.is_remote else 0.0,
        )
        self.schedule = Schedule(self.looker.look, lateness=self.lateness)
        self._all: dict[int, Plan] = {}
        self._alive: tuple[str, ...] = (self.instance,)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; then deliver what is left and hand the monitors over."""
        stopping = asyncio.Event()
        delivery = asyncio.create_task(self.deliverer.run(stopping))
        loops = [
            asyncio.create_task(loop)
            for loop in (
                self._renew_for_ever(),
                self._reload_for_ever(),
                self.home.listen(self._reload.set, self._fellows.set),
                self.self_guard.run(),
            )
        ]
        await stop.wait()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await self.schedule.stop()
        stopping.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(delivery, 5)
        await self.home.leave(self.instance)
        await self.looker.close()

    async def _renew_for_ever(self) -> None:
        """Hold the lease and learn who else is alive."""
        await self.home.prepare()
        while True:
            membership = await self.home.renew(self._lease())
            if membership is not None:
                self.looker.prober_id = membership.prober_id
                self.self_guard.is_proven = self.self_guard.is_proven or membership.is_proven
                mine = set() if self.self_guard.is_blind and membership.alive else {self.instance}
                alive = tuple(sorted({*membership.alive, *mine}))
                if alive != self._alive or not self._all:
                    log.info("prober.sharing", probers=len(alive), location=self.home.location)
                    self._alive = alive
                    self._reload.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._fellows.wait(), RENEW_S)
            self._fellows.clear()

    def _lease(self) -> Lease:
        return Lease(
            instance=self.instance,
            location=self.home.location,
            monitors=len(self.schedule),
            late_ms=self.lateness.read_worst(),
            sight=self.self_guard.sight,
            is_remote=self.home.is_remote,
        )

    async def _reload_for_ever(self) -> None:
        """Read the monitors again when told so, and now and then."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reload.wait(), RELOAD_S)
            is_routine = not self._reload.is_set() and bool(self._all)
            self._reload.clear()
            plans = await self.home.load(is_routine=is_routine)
            if plans is not None:
                self._all = dict(plans)
                self._share()
            await asyncio.sleep(0.1)  # a burst of changes is one reload

    def _share(self) -> None:
        mine = {key: plan for key, plan in self._all.items() if prober_for(key, self._alive) == self.instance}
        for monitor_id in self.schedule.set_plans(mine):
            self.looker.forget(monitor_id)
