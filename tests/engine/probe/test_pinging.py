"""icmp: real pings of this machine where it allows them, and unknown, never down, where it does not."""

from __future__ import annotations

import asyncio
from typing import Any

import icmplib
import pytest

from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.icmp import NOT_ALLOWED, IcmpCheck, probe_icmp
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.thresholds import Thresholds
from tests.engine.probe.servers import LOOPBACK


def look(*, guard: Guard = LOOPBACK, faster_than_s: float | None = None, packets: int = 3) -> Outcome:
    bounds = Thresholds(
        down_when=read_condition(">= 100"), degraded_when=read_condition("> 20"), faster_than_s=faster_than_s
    )
    check = IcmpCheck(host="127.0.0.1", packets=packets, thresholds=bounds)
    return asyncio.run(probe_icmp(check, guard=guard, deadline_s=3))


def pinged(
    monkeypatch: pytest.MonkeyPatch, *, rtts: list[float], sent: int = 3, refuses: tuple[bool, ...] = ()
) -> list[bool]:
    """Let the library answer so; which ways of sending were tried."""
    tried: list[bool] = []

    async def answer(address: str, *, count: int, privileged: bool, **about: Any) -> icmplib.Host:
        tried.append(privileged)
        if privileged in refuses:
            raise icmplib.SocketPermissionError(privileged)
        return icmplib.Host(address, sent, rtts)

    monkeypatch.setattr(icmplib, "async_ping", answer)
    return tried


@pytest.mark.parts
def test_a_real_ping_of_this_machine_is_answered_or_not_allowed() -> None:
    found = look()
    assert (found.ok and found.details["loss_percent"] == 0) or (found.refused and found.reason == NOT_ALLOWED)


@pytest.mark.parametrize(
    ("rtts", "state", "reason"),
    [
        ([1.0, 3.0, 2.0], "up", ""),
        ([1.0, 3.0], "degraded", "the loss is 33.3 %, degraded when > 20"),
        ([], "down", "the loss is 100.0 %, down when >= 100"),
    ],
)
def test_the_loss_is_held_against_its_bounds(
    monkeypatch: pytest.MonkeyPatch, rtts: list[float], state: str, reason: str
) -> None:
    pinged(monkeypatch, rtts=rtts)
    found = look()
    assert (found.ok, found.degraded, found.reason) == (state != "down", state == "degraded", reason)


def test_the_time_is_the_median_of_the_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    pinged(monkeypatch, rtts=[1.0, 90.0, 30.0])
    found = look(faster_than_s=0.02)
    assert (found.total_ms, found.phases["wait"]) == (30.0, 30.0)
    assert (found.ok, found.degraded, found.reason) == (True, True, "slow: 30 ms, promised within 20 ms")


def test_the_way_that_needs_no_rights_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = pinged(monkeypatch, rtts=[1.0, 1.0, 1.0], refuses=(False,))
    assert look().ok
    assert tried == [False, True]


def test_a_machine_that_forbids_pings_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pinged(monkeypatch, rtts=[], refuses=(False, True))
    found = look()
    assert (found.ok, found.refused, found.reason) == (False, True, NOT_ALLOWED)


def test_a_machine_that_cannot_send_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pinged(monkeypatch, rtts=[], sent=0)
    found = look()
    assert (found.refused, found.reason) == (True, "no packet could be sent to 127.0.0.1 from this machine")


def test_where_probes_may_not_go_is_not_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = pinged(monkeypatch, rtts=[1.0])
    assert look(guard=Guard()).refused
    assert tried == []
