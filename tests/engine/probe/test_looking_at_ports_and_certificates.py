"""tcp and tls."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.tcp import TcpCheck, probe_tcp
from stormproof.engine.probe.tls import TlsCheck, probe_tls
from tests.engine.probe.servers import LOOPBACK, Authority, tcp_server


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.shop.example ESMTP\r\n")
    await reader.read(1)
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


def look_at_tcp(talk, *, guard: Guard = LOOPBACK, deadline_s: float = 2, greeting: str = "") -> Outcome:  # type: ignore[no-untyped-def]
    async def run() -> Outcome:
        async with tcp_server(talk) as port:
            check = TcpCheck(host="127.0.0.1", port=port, greeting=greeting)
            return await probe_tcp(check, guard=guard, deadline_s=deadline_s)

    return asyncio.run(run())


def test_an_open_port_is_good() -> None:
    found = look_at_tcp(silent)
    assert found.ok
    assert list(found.phases) == ["dns", "connect"]


def test_the_greeting_is_read() -> None:
    assert look_at_tcp(greet, greeting="220 ").ok
    found = look_at_tcp(silent, greeting="220 ", deadline_s=0.2)
    assert found.reason == "no answer within 200 ms (while waiting for the answer)"


def test_a_closed_port_says_who_refused() -> None:
    found = asyncio.run(probe_tcp(TcpCheck(host="127.0.0.1", port=1), guard=LOOPBACK, deadline_s=2))
    assert (found.ok, found.reason) == (False, "127.0.0.1:1 refused the connection")


def test_a_port_that_is_not_allowed_is_refused() -> None:
    assert look_at_tcp(silent, guard=Guard()).refused


def look_at_tls(
    authority: Authority, *, names: list[str], days: tuple[int, int] = (-10, 60), host: str = "127.0.0.1"
) -> Outcome:
    async def run() -> Outcome:
        async with tcp_server(silent, tls=authority.server_context(names=names, days=days)) as port:
            check = TlsCheck(host=host, port=port, warn_before_s=14 * 86400)
            at = dt.datetime.now(dt.UTC)
            return await probe_tls(check, guard=LOOPBACK, deadline_s=5, at=at, trust=authority.trust())

    return asyncio.run(run())


def test_a_good_certificate_and_the_days_it_has_left(tmp_path: Path) -> None:
    found = look_at_tls(Authority(tmp_path), names=["127.0.0.1"])
    assert (found.ok, found.degraded) == (True, False)
    assert found.details["days_left"] == pytest.approx(60, abs=0.01)


def test_a_certificate_about_to_end_is_degraded(tmp_path: Path) -> None:
    found = look_at_tls(Authority(tmp_path), names=["127.0.0.1"], days=(-10, 5))
    assert (found.ok, found.degraded) == (True, True)
    assert "ends in 5 days" in found.reason


@pytest.mark.parametrize(
    ("names", "days", "reason"),
    [
        (["127.0.0.1"], (-10, -1), "its certificate has expired"),
        (["127.0.0.1"], (2, 30), "its certificate is not valid yet"),
        (["shop.example"], (-10, 60), "its certificate is for another address"),
    ],
)
def test_a_bad_certificate_is_down_and_says_why(
    tmp_path: Path, names: list[str], days: tuple[int, int], reason: str
) -> None:
    found = look_at_tls(Authority(tmp_path), names=names, days=days)
    assert not found.ok
    assert reason in found.reason


def test_the_name_is_checked_though_the_address_is_connected_to(tmp_path: Path) -> None:
    found = look_at_tls(Authority(tmp_path), names=["shop.example"], host="localhost")
    assert "its certificate is for another name" in found.reason
    assert look_at_tls(Authority(tmp_path), names=["localhost"], host="localhost").ok


def test_a_port_without_tls_says_so() -> None:
    async def run() -> Outcome:
        async with tcp_server(greet) as port:
            check = TlsCheck(host="127.0.0.1", port=port)
            return await probe_tls(check, guard=LOOPBACK, deadline_s=5, at=dt.datetime.now(dt.UTC))

    assert "does not speak TLS properly" in asyncio.run(run()).reason
