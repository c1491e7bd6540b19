"""Intake and worker are killed at random moments of a storm of 2,000 alerts: what got a yes is there, all are told.

`make test` kills four times in one storm; `make chaos` 200 times (STORMPROOF_TEST_KILLS), four to a storm. The moments
come from a seed that is printed with a failure.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.storm import (
    Storm,
    Told,
    address_of_integration,
    describe_shop,
    faults_of_storm,
    listening,
    send_all,
)
from tests.running import Running, running, wait_until

KILLS = int(os.environ.get("STORMPROOF_TEST_KILLS", "4"))
SEED = int(os.environ.get("STORMPROOF_TEST_SEED", "20261124"))
ALERTS, NODES, A_SECOND, PER_STORM = 2_000, 10, 150, 4
TARGETS = ("intake", "worker")
STORMS = -(-KILLS // PER_STORM)

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def stormproof() -> Iterator[Running]:
    with running(settings={"STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8"}) as made:
        describe_shop(made, nodes=NODES * STORMS, hook=f"http://127.0.0.1:{_hook_port(made)}/")
        yield made


@pytest.fixture(scope="module")
def address(stormproof: Running) -> str:
    return address_of_integration(stormproof)


@pytest.mark.parametrize("number", range(STORMS))
def test_no_alert_is_lost_and_everybody_is_told(stormproof: Running, address: str, number: int) -> None:
    generator = random.Random(f"{SEED} {number}")
    lasts = ALERTS / A_SECOND
    moments = sorted(generator.uniform(0.2, lasts) for _ in range(min(PER_STORM, KILLS)))
    kills = [(moment, TARGETS[(number + place) % 2]) for place, moment in enumerate(moments)]
    deliveries = {
        f"{number}-{place}": (number * NODES + place * NODES // ALERTS, f"Alert{place % 40}") for place in range(ALERTS)
    }
    storm, up_again = Storm(), [0.0]
    killer = threading.Thread(target=_kill, args=(stormproof, kills, up_again))
    with listening(_hook_port(stormproof)) as told:
        killer.start()
        asyncio.run(send_all(address, deliveries, a_second=A_SECOND, storm=storm))
        killer.join()
        assert len(storm.kept) == ALERTS
        _wait_until_told(stormproof, storm, told)
        calm = dict.fromkeys(storm.first_of_node, up_again[0])
        faults = faults_of_storm(stormproof, storm, told, calm=calm)
    assert faults == [], f"seed {SEED}, storm {number}, kills {kills}\n{stormproof.log}"


def _hook_port(stormproof: Running) -> int:
    """One of the ports that are the installation's own and that it does not use without the shop."""
    return stormproof.port + 10


def _kill(stormproof: Running, kills: list[tuple[float, str]], up_again: list[float]) -> None:
    """Kill each at its moment, and note when the last of them was up again."""
    began = time.monotonic()
    for moment, target in kills:
        wait_until(lambda at=began + moment: time.monotonic() >= at, seconds=120, why="the moment")
        mark = wait_until(lambda name=target: stormproof.part(name), seconds=60, why=f"{target} lives")
        os.kill(mark.pid, signal.SIGKILL)
        wait_until(
            lambda name=target, dead=mark: (found := stormproof.part(name)) and found != dead,
            seconds=60,
            why=f"{target} is started again",
        )
    wait_until(stormproof.is_ready, seconds=60, why="ready again")
    up_again[0] = time.monotonic()


def _wait_until_told(stormproof: Running, storm: Storm, told: list[Told]) -> None:
    """Until every node was told of, or the deadline: the faults say what lacks then."""
    deadline = time.monotonic() + 40
    wanted = len(storm.first_of_node)
    while time.monotonic() < deadline:
        events = [one for one in told if one.event == "incident opened"]
        waiting = stormproof.rows("SELECT count(*) AS n FROM respond_alertdelivery WHERE state = 'waiting'")[0]["n"]
        if not waiting and len({one.node for one in events}) >= wanted:
            return
        threading.Event().wait(0.1)
