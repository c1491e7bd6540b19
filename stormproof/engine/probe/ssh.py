"""Looks at an SSH server: what it says it is, and that it holds the host key it is known by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.conditions import Condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten
from stormproof.engine.probe.ssh_exchange import AGENT, HostKey, exchange_keys, host_key_algorithms
from stormproof.engine.probe.tcp import open_guarded

LONGEST_LINE = 255  # RFC 4253, 4.2
MOST_LINES = 50  # a server may say something before its banner


@dataclass(frozen=True, kw_only=True)
class SshCheck:
    """What to look at: a port, what the banner must be like, and the SHA256 fingerprint of one of its host keys."""

    host: str
    port: int = 22
    banner: Condition | None = None
    fingerprint: str = ""
    faster_than_s: float | None = None

    @property
    def where(self) -> str:
        """The target in words."""
        return f"{self.host}:{self.port}"


async def probe_ssh(check: SshCheck, *, guard: Guard, deadline_s: float) -> Outcome:
    """Read the banner and, when a fingerprint is expected, exchange keys: the server must prove that it holds the key.

    A server has keys of several kinds; a further connection asks for the next kind until one fits.
    """

    async def look(watch: Stopwatch) -> Outcome:
        banner, keys = await _meet(check, guard, watch, only=None)
        watch.lap("wait")
        if check.banner is not None and not check.banner.holds(banner):
            raise WrongAnswer(f"{check.where} says {shorten(banner, 80)!r}, expected {check.banner.text}")
        found = {"banner": banner, **({"fingerprint": keys[0].fingerprint} if keys else {})}
        if check.fingerprint and all(key.fingerprint != check.fingerprint for key in keys):
            shown = ", ".join(sorted({f"{key.algorithm} {key.fingerprint}" for key in keys}))
            return watch.failure(f"the host key of {check.where} is another one: it has {shown}", details=found)
        return watch.success(faster_than_s=check.faster_than_s, details=found)

    return await attempt(look, deadline_s=deadline_s, where=check.where)


async def _meet(check: SshCheck, guard: Guard, watch: Stopwatch, *, only: str | None) -> tuple[str, list[HostKey]]:
    """The banner, and the host keys proven until the expected one was among them."""
    reader, writer = await open_guarded(check.host, check.port, guard=guard, watch=watch)
    try:
        banner = await read_banner(reader, where=check.where)
        if not check.fingerprint:
            return banner, []
        writer.write(AGENT + b"\r\n")
        key, offered = await exchange_keys(reader, writer, server_banner=banner.encode(), only=only)
    finally:
        writer.transport.abort()
    keys = [key]
    if only is None:
        for algorithm in host_key_algorithms(offered, besides=key.algorithm):
            if keys[-1].fingerprint == check.fingerprint:
                break
            keys += (await _meet(check, guard, watch, only=algorithm))[1]
    return banner, keys


async def read_banner(reader: asyncio.StreamReader, *, where: str) -> str:
    """The identification line `SSH-2.0-...`; what comes before it is passed over. Raises `WrongAnswer`."""
    for _ in range(MOST_LINES):
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            break
        if line.startswith(b"SSH-"):
            if len(line) > LONGEST_LINE or not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
                raise WrongAnswer(f"{where} does not speak SSH 2: {shorten(line.decode(errors='replace'), 80)!r}")
            return line.rstrip(b"\r\n").decode(errors="replace")
    raise WrongAnswer(f"{where} does not speak SSH")
