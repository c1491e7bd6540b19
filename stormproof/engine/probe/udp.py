"""Looks whether a UDP service answers: sends it something, again when a packet may be lost, and judges the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.conditions import Condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten

SENDS = 3
MOST_KEPT = 16


@dataclass(frozen=True, kw_only=True)
class UdpCheck:
    """What to send where, and what the answer must be like (None: any answer is good)."""

    host: str
    port: int
    payload: bytes
    answer: Condition | None = None
    faster_than_s: float | None = None

    @property
    def where(self) -> str:
        """The target in words."""
        return f"{self.host}:{self.port} (UDP)"


class _Mailbox(asyncio.DatagramProtocol):
    """Keeps the first answers; a flood is dropped."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.answers.qsize() < MOST_KEPT:
            self.answers.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self.answers.put_nowait(exc)


async def probe_udp(check: UdpCheck, *, guard: Guard, deadline_s: float) -> Outcome:
    """Send the payload, three times at most, and wait for the first answer; only the asked address is heard."""

    async def look(watch: Stopwatch) -> Outcome:
        target = (await guard.resolve(check.host, check.port))[0]
        watch.lap("dns", next_is="waiting for the answer")
        loop = asyncio.get_running_loop()
        transport, mailbox = await loop.create_datagram_endpoint(_Mailbox, remote_addr=(target.address, target.port))
        try:
            said = await _ask(check, transport, mailbox, deadline_s)
        finally:
            transport.abort()
        watch.lap("wait")
        text = said.decode(errors="replace")
        if check.answer is not None and not check.answer.holds(text):
            raise WrongAnswer(f"{check.where} answers {shorten(text, 80)!r}, expected {check.answer.text}")
        return watch.success(faster_than_s=check.faster_than_s, details={"answer_bytes": len(said)})

    return await attempt(look, deadline_s=deadline_s, where=check.where)


async def _ask(check: UdpCheck, transport: asyncio.DatagramTransport, mailbox: _Mailbox, deadline_s: float) -> bytes:
    for _ in range(SENDS):
        transport.sendto(check.payload)
        try:
            async with asyncio.timeout(deadline_s / SENDS):
                answer = await mailbox.answers.get()
        except TimeoutError:
            continue
        if isinstance(answer, Exception):
            raise answer
        return answer
    raise TimeoutError
