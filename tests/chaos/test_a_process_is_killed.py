"""A process is killed at a random moment of an incident: nothing is lost, no step runs twice, no page is lost.

`make test` plays three moments; `make chaos` twenty for each process (STORMPROOF_TEST_MOMENTS). The moments come from a
seed that is printed with a failure.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.chaos.scene import Kill, faults_of, play
from tests.running import Running, running

MOMENTS = int(os.environ.get("STORMPROOF_TEST_MOMENTS", "3"))
SEED = int(os.environ.get("STORMPROOF_TEST_SEED", "20261122"))
SCENARIO_S = 25.0
TARGETS = ("web", "worker", "prober")

pytestmark = pytest.mark.parts


def _moments(target: str) -> list[float]:
    """Spread over the scenario: one random moment in each of as many equal pieces of it."""
    generator = random.Random(f"{SEED} {target}")
    piece = SCENARIO_S / MOMENTS
    return [piece * (index + generator.random()) for index in range(MOMENTS)]


def _scenes() -> list[tuple[Kill, ...]]:
    """The short version kills all three in one incident, each at a moment of its own; the long one alone."""
    each = {target: _moments(target) for target in TARGETS}
    if MOMENTS <= 3:
        scenes = [
            tuple(
                Kill(target=target, after_s=each[target][(index + shift) % MOMENTS])
                for shift, target in enumerate(TARGETS)
            )
            for index in range(MOMENTS)
        ]
    else:
        scenes = [(Kill(target=target, after_s=moment),) for target in TARGETS for moment in each[target]]
    return [*scenes, *((Kill(target="everything", after_s=moment),) for moment in _moments("everything"))]


@pytest.fixture(scope="module")
def stormproof() -> Iterator[Running]:
    with running(with_shop=True) as made:
        yield made


@pytest.mark.parametrize("kills", _scenes(), ids=lambda kills: ", ".join(str(kill) for kill in kills))
def test_nothing_is_lost_and_nothing_is_done_twice(stormproof: Running, kills: tuple[Kill, ...]) -> None:
    exercise_run = play(stormproof, *kills)
    assert faults_of(stormproof, exercise_run) == [], f"seed {SEED}\n{stormproof.log}"


def test_the_audit_trail_holds_after_all_of_it(stormproof: Running) -> None:
    assert '"holds": true' in stormproof.run("audit", "verify", "--json").stdout
