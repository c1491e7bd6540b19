"""udp against real sockets: answers, silence, lost packets, floods."""

from __future__ import annotations

import asyncio
from typing import Any

from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.udp import UdpCheck, probe_udp
from tests.engine.probe.servers import LOOPBACK


class Service(asyncio.DatagramProtocol):
    """Answers `pong` to what is not among the first `lost` packets."""

    def __init__(self, *, lost: int = 0, answer: bytes = b"pong", times: int = 1) -> None:
        self.lost, self.answer, self.times = lost, answer, times
        self.got: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.append(data)
        if len(self.got) > self.lost:
            for _ in range(self.times):
                self.transport.sendto(self.answer, addr)


def look(service: Service, *, payload: bytes = b"ping", answer: str = "", deadline_s: float = 2) -> Outcome:
    async def run() -> Outcome:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: service, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        wanted = read_condition(answer) if answer else None
        check = UdpCheck(host="127.0.0.1", port=port, payload=payload, answer=wanted)
        try:
            return await probe_udp(check, guard=LOOPBACK, deadline_s=deadline_s)
        finally:
            transport.close()

    return asyncio.run(run())


def test_an_answer_is_good_and_timed() -> None:
    service = Service()
    found = look(service, payload=b"\x00\xff", answer="~ ^pong$")
    assert (found.ok, found.reason, service.got) == (True, "", [b"\x00\xff"])
    assert list(found.phases) == ["dns", "wait"]


def test_another_answer_than_expected_is_down() -> None:
    found = look(Service(answer=b"busy"), answer="contains pong")
    assert not found.ok
    assert found.reason.endswith("(UDP) answers 'busy', expected contains pong")


def test_a_lost_packet_is_sent_again() -> None:
    service = Service(lost=1)
    assert look(service, deadline_s=0.6).ok
    assert len(service.got) == 2


def test_silence_is_down_at_the_limit() -> None:
    found = look(Service(lost=99), deadline_s=0.3)
    assert (found.ok, found.reason) == (False, "no answer within 300 ms (while waiting for the answer)")


def test_a_flood_of_answers_is_one_answer() -> None:
    assert look(Service(answer=b"x" * 60000, times=50)).ok


def test_a_port_nobody_listens_on_and_one_that_may_not_be_asked() -> None:
    check = UdpCheck(host="127.0.0.1", port=9, payload=b"x")
    found = asyncio.run(probe_udp(check, guard=LOOPBACK, deadline_s=2))
    assert (found.ok, found.reason) == (False, "127.0.0.1:9 (UDP) refused the connection")
    assert asyncio.run(probe_udp(check, guard=Guard(), deadline_s=2)).refused
