"""Signs of life: each process writes one every two seconds; how old the newest is tells who is alive."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from stormproof.core.models import Tick

EVERY_S = 2.0
FRESH_S = 15.0
FORGOTTEN_S = 3600.0
EXPECTED = ("web", "worker", "prober")  # an installation without one of these is not whole

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Life:
    """One kind of process: how many of it tick, and how old its newest tick is (None: never seen)."""

    process: str
    instances: int
    age_s: float | None

    @property
    def is_fresh(self) -> bool:
        """Whether one of it was alive just now."""
        return self.age_s is not None and self.age_s <= FRESH_S


def write_tick(process: str, *, instance: str, at: datetime) -> None:
    """Note that this instance of `process` is alive."""
    Tick.objects.update_or_create(instance=instance, defaults={"process": process, "ticked_at": at})


def signs_of_life(*, at: datetime) -> list[Life]:
    """Each expected process, and each other that ticks, with the age of its newest tick."""
    newest: dict[str, list[datetime]] = {name: [] for name in EXPECTED}
    for process, ticked_at in Tick.objects.values_list("process", "ticked_at"):
        newest.setdefault(process, []).append(ticked_at)
    return [
        Life(
            process=process,
            instances=sum(at - moment <= timedelta(seconds=FRESH_S) for moment in moments),
            age_s=(at - max(moments)).total_seconds() if moments else None,
        )
        for process, moments in newest.items()
    ]


def all_alive(lives: list[Life]) -> bool:
    """Whether every expected process is alive."""
    return all(life.is_fresh for life in lives if life.process in EXPECTED)


def forget_old_ticks(*, at: datetime) -> int:
    """Drop the ticks of instances that ended long ago; how many."""
    return Tick.objects.filter(ticked_at__lt=at - timedelta(seconds=FORGOTTEN_S)).delete()[0]


def keep_ticking(process: str, *, clock: Callable[[], datetime]) -> None:
    """Tick from a thread of its own for as long as this process lives; a lost database is waited for."""
    instance = f"{process}@{socket.gethostname()}:{os.getpid()}"
    stop = threading.Event()
    thread = threading.Thread(target=_tick_until, args=(stop, process, instance, clock), name="ticks", daemon=True)
    thread.start()
    atexit.register(_end, stop, thread, instance)


def _end(stop: threading.Event, thread: threading.Thread, instance: str) -> None:
    """Take the tick away at a clean end, so that nobody counts on a process that is gone."""
    stop.set()
    thread.join(EVERY_S)
    with contextlib.suppress(DatabaseError, InterfaceError):
        close_old_connections()
        Tick.objects.filter(instance=instance).delete()
        connection.close()


def _tick_until(stop: threading.Event, process: str, instance: str, clock: Callable[[], datetime]) -> None:
    is_lost = False
    while not stop.is_set():
        try:
            close_old_connections()
            write_tick(process, instance=instance, at=clock())
            if is_lost:
                log.info("database.back", process=process)
            is_lost = False
        except (DatabaseError, InterfaceError) as error:
            if not is_lost:
                log.warning("database.lost", process=process, error=str(error).strip()[:300])
            is_lost = True
            connection.close()
        stop.wait(EVERY_S)
