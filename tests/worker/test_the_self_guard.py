"""A place that cannot see its own network says so, and what it sees meanwhile is left out."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_network

import pytest

from stormproof.engine.probe.guard import Guard
from stormproof.watch.kinds import KINDS, read_settings
from stormproof.watch.rules import Sighting
from stormproof.worker.prober.lateness import Lateness
from stormproof.worker.prober.looker import Looker
from stormproof.worker.prober.plans import Plan
from stormproof.worker.prober.self_guard import SelfGuard

LOOPBACK = Guard((ip_network("127.0.0.0/8"),))


class Ports:
    """Three ports that answer until they are shut."""

    def __init__(self) -> None:
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.targets = [("127.0.0.1", one.getsockname()[1]) for one in self.sockets]

    def shut(self, number: int) -> None:
        self.sockets[number].close()


@pytest.fixture
def ports() -> Iterator[Ports]:
    found = Ports()
    with ExitStack() as stack:
        for one in found.sockets:
            stack.callback(one.close)
        yield found


def guard_of(ports: Ports, changed: Callable[[], None] = lambda: None) -> SelfGuard:
    return SelfGuard(ports.targets, guard=LOOPBACK, changed=changed)


def test_two_of_three_must_answer(ports: Ports) -> None:
    changes: list[int] = []
    guard = guard_of(ports, changed=lambda: changes.append(1))

    async def body() -> list[str]:
        seen = [guard.sight]
        for number in (None, 0, 1):
            if number is not None:
                ports.shut(number)
            await guard.look()
            seen.append(guard.sight)
        return seen

    assert asyncio.run(body()) == ["unproven", "green", "green", "blind"]
    assert len(changes) == 2


def test_targets_that_never_answered_prove_nothing(ports: Ports) -> None:
    for number in range(3):
        ports.shut(number)
    guard = guard_of(ports)
    asyncio.run(guard.look())
    assert (guard.sight, guard.is_blind) == ("unproven", False)
    guard.is_proven = True  # it is known from before the restart
    assert guard.is_blind


def test_without_targets_that_are_allowed_it_is_off(ports: Ports) -> None:
    assert SelfGuard([], guard=LOOPBACK, changed=lambda: None).sight == "off"
    assert SelfGuard(ports.targets, guard=Guard(()), changed=lambda: None).sight == "off"


def delivered_while(ports: Ports, *, blind: bool) -> list[Sighting]:
    """What one look at a port that is closed delivers."""
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    shape = read_settings({"kind": "tcp", "on": "-", "host": "127.0.0.1", "port": port, "every": "5s"})
    plan = Plan(
        monitor_id=1, version=1, kind=KINDS["tcp"], shape=shape, host="", interval_seconds=5, state="up", last_at=None
    )
    found: list[Sighting] = []

    async def body() -> None:
        guard = guard_of(ports)
        await guard.look()
        if blind:
            for number in range(3):
                ports.shut(number)
        looker = Looker(
            guard=LOOPBACK,
            deliver=lambda sighting, _urgent: found.append(sighting),
            lateness=Lateness(),
            self_guard=guard,
            confirm_after_s=0.05,
        )
        await looker.look(plan, time.time())
        await looker.close()

    asyncio.run(body())
    return found


def test_a_failure_is_confirmed_while_the_place_sees(ports: Ports) -> None:
    assert [(seen.ok, seen.confirmed) for seen in delivered_while(ports, blind=False)] == [
        (False, False),
        (False, True),
    ]


def test_what_a_place_sees_that_has_just_gone_blind_is_left_out(ports: Ports) -> None:
    assert delivered_while(ports, blind=True) == []
