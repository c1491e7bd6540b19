"""`stormproof up`: everything comes up, what dies comes back, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stormproof.core.embedded import database_pid, start_database, stop_database
from stormproof.core.processes import is_alive
from tests.running import PARTS, Running, running, wait_until

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def stormproof() -> Iterator[Running]:
    with running() as made:
        yield made


def test_it_brings_up_all_and_prints_the_set_up_link_once(stormproof: Running) -> None:
    assert all(stormproof.part(name) for name in PARTS)
    wait_until(lambda: "/set-up/" in (stormproof.folder / "up.log").read_text(), seconds=10, why="the link")
    assert stormproof.ready()["database"] == "ok"


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_process_comes_back(stormproof: Running, name: str) -> None:
    before = stormproof.part(name)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    wait_until(
        lambda: (now := stormproof.part(name)) is not None and now.pid != before.pid, seconds=20, why=f"{name} again"
    )
    wait_until(stormproof.is_ready, seconds=60, why="ready again")


def test_a_killed_database_comes_back_with_all_it_had(stormproof: Running) -> None:
    before = database_pid(stormproof.folder)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: database_pid(stormproof.folder) not in (None, before), seconds=30, why="PostgreSQL again")
    wait_until(stormproof.is_ready, seconds=60, why="ready again")


def test_a_second_up_over_the_same_folder_is_refused(stormproof: Running) -> None:
    refused = stormproof.run("up", "--port", "9", check=False)
    assert refused.returncode == 1
    assert "already runs over" in refused.stderr


def test_after_kill_9_of_up_the_next_start_goes_on(stormproof: Running) -> None:
    before = [mark for name in PARTS if (mark := stormproof.part(name))]
    database = database_pid(stormproof.folder)
    assert len(before) == len(PARTS)
    stormproof.kill()
    stormproof.start()
    assert not any(is_alive(mark) for mark in before)
    assert database_pid(stormproof.folder) == database
    assert all(stormproof.part(name) for name in PARTS)


def test_doctor_and_audit_answer_on_it(stormproof: Running) -> None:
    assert '"holds": true' in stormproof.run("audit", "verify", "--json").stdout
    found = stormproof.run("doctor", check=False)
    assert "Process worker: 1 alive" in found.stdout
    assert "broken" not in found.stdout


def test_ctrl_c_stops_it_all(stormproof: Running) -> None:
    before = [mark for name in PARTS if (mark := stormproof.part(name))]
    stormproof.stop()
    assert not any(is_alive(mark) for mark in before)
    assert database_pid(stormproof.folder) is None
    assert list((stormproof.folder / "run").rglob("*.pid")) == []
    stormproof.start()


def test_every_process_outlives_30_seconds_without_a_database() -> None:
    place = Path(tempfile.mkdtemp(prefix="stormproof-outage-"))
    address = start_database(place, durable=False).address
    try:
        with running(settings={"DATABASE_URL": address}) as made:
            before = {name: made.part(name) for name in PARTS}
            stop_database(place)
            wait_until(lambda: made.ready().get("ready") is False, seconds=20, why="it says so")
            gone = time.monotonic()
            wait_until(lambda: time.monotonic() - gone > 30, seconds=40, why="30 s have passed")
            start_database(place, durable=False)
            wait_until(made.is_ready, seconds=20, why=made.log)
            assert {name: made.part(name) for name in PARTS} == before, made.log
    finally:
        stop_database(place)
        shutil.rmtree(place)
