"""Runs a library that blocks in a bounded pool of threads, on a leash: at the limit its sockets are cut and it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from stormproof.engine.probe.guard import Guard

Result = TypeVar("Result")
THREADS = 16
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="probe")  # starts a thread only when it is needed


class Leash:
    """Opens the sockets of one look, and can cut them all from outside."""

    def __init__(self, guard: Guard, *, deadline_s: float) -> None:
        self._guard, self._deadline_s = guard, deadline_s
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to a judged address of `host`; raises as `Guard.connect_now`."""
        if self._is_cut:
            raise TimeoutError
        opened = self._guard.connect_now(host, port, self._deadline_s)
        self.hold(opened)
        return opened

    def hold(self, opened: socket.socket) -> socket.socket:
        """`opened` is cut with the others, such as the TLS side of a socket."""
        self._sockets.append(opened)
        if self._is_cut:
            self.cut()
        return opened

    def cut(self) -> None:
        """End whatever waits on these sockets, now."""
        self._is_cut = True
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the sockets back."""
        for opened in self._sockets:
            with suppress(OSError):
                opened.close()


async def run_blocking(work: Callable[[Leash], Result], *, guard: Guard, deadline_s: float) -> Result:
    """What `work` gives; when the caller stops waiting, its sockets are cut so that the thread comes back."""
    leash = Leash(guard, deadline_s=deadline_s)

    def run() -> Result:
        try:
            return work(leash)
        finally:
            leash.close()

    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, run)
    except asyncio.CancelledError:
        leash.cut()
        raise
