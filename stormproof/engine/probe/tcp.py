"""Looks whether a TCP port takes a connection."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from stormproof.engine.probe.attempt import attempt
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch


@dataclass(frozen=True, kw_only=True)
class TcpCheck:
    """What to look at: a port, and what its greeting must contain (empty: anything)."""

    host: str
    port: int
    greeting: str = ""
    faster_than_s: float | None = None

    @property
    def where(self) -> str:
        """The target in words."""
        return f"{self.host}:{self.port}"


async def probe_tcp(check: TcpCheck, *, guard: Guard, deadline_s: float) -> Outcome:
    """Connect to the port and, when asked, read its greeting."""

    async def look(watch: Stopwatch) -> Outcome:
        reader, writer = await open_guarded(check.host, check.port, guard=guard, watch=watch)
        try:
            return await _greeted(check, reader, watch)
        finally:
            writer.transport.abort()

    return await attempt(look, deadline_s=deadline_s, where=check.where)


async def open_guarded(
    host: str, port: int, *, guard: Guard, watch: Stopwatch, tls: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first judged address of `host` that answers; laps dns and connect."""
    targets = await guard.resolve(host, port)
    watch.lap("dns", next_is="connecting")
    failure: OSError = OSError("no address")
    for target in targets:
        try:
            streams = await asyncio.open_connection(
                target.address, port, ssl=tls, server_hostname=host.strip("[]") if tls else None
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
            continue
        watch.lap("connect", next_is="waiting for the answer")
        return streams
    raise failure


async def _greeted(check: TcpCheck, reader: asyncio.StreamReader, watch: Stopwatch) -> Outcome:
    if check.greeting:
        said = ""
        while check.greeting not in said:
            data = await reader.read(4096)
            said += data.decode(errors="replace")
            if not data or len(said) > 65536:
                return watch.failure(
                    f"{check.where} greets with {said[:80]!r}, which does not contain {check.greeting!r}"
                )
        watch.lap("wait")
    return watch.success(faster_than_s=check.faster_than_s)
