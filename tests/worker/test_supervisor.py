"""The supervisor: starts, starts again what dies, stops all, and finds what a killed one left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stormproof.core.processes import is_alive, mark_of, read_mark, wait_until_gone, write_mark
from stormproof.worker.supervisor import Part, Supervisor, stop_orphans

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def _until(what: Callable[[], bool], supervisor: Supervisor | None = None, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        if supervisor:
            supervisor.look_after()
        time.sleep(0.02)


def _supervisor(place: Path, *parts: Part) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    made = Supervisor(
        parts,
        run_folder=place / "run",
        log_folder=place / "logs",
        say=lambda name, words: said.append(f"{name}: {words}"),
    )
    return made, said


def test_a_killed_process_is_started_again_and_said_so(tmp_path: Path) -> None:
    supervisor, said = _supervisor(tmp_path, Part(name="one", command=SLEEPER))
    try:
        supervisor.look_after()
        first = supervisor.pid_of("one")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        _until(lambda: supervisor.pid_of("one") not in (None, first), supervisor)
        assert said[0].startswith("one: died (signal SIGKILL), starts again in 0.2 s")
        assert said[1] == f"one: started again, process {supervisor.pid_of('one')}"
    finally:
        supervisor.stop()


def test_one_that_keeps_dying_is_given_more_and_more_time(tmp_path: Path) -> None:
    supervisor, said = _supervisor(
        tmp_path, Part(name="bad", command=[sys.executable, "-c", "import sys; sys.exit('port is taken')"])
    )
    _until(lambda: len([line for line in said if "died" in line]) >= 3, supervisor)
    waits = [line.partition("again in ")[2].partition(" s")[0] for line in said if "died" in line]
    assert waits[:3] == ["0.2", "0.5", "1"]
    assert "port is taken" in said[0]
    supervisor.stop()


def test_stopping_kills_the_stubborn_and_leaves_no_pid_file(tmp_path: Path) -> None:
    supervisor, said = _supervisor(tmp_path, Part(name="stubborn", command=STUBBORN, stop_s=0.3))
    supervisor.look_after()
    pid = supervisor.pid_of("stubborn")
    assert pid is not None
    mark = mark_of(pid)
    assert mark is not None
    _until(lambda: (tmp_path / "logs" / "stubborn.log").read_text() == "up\n")
    supervisor.stop()
    assert not is_alive(mark)
    assert said == ["stubborn: did not stop in 0.3 s and is killed"]
    assert list((tmp_path / "run").glob("*.pid")) == []


def test_a_process_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from stormproof.worker.supervisor import Part, Supervisor\n"
        f"place = pathlib.Path({str(tmp_path)!r})\n"
        f"made = Supervisor([Part(name='one', command={SLEEPER!r})], run_folder=place, log_folder=None, say=print)\n"
        "made.look_after()\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        _until((tmp_path / "one.pid").exists)
        mark = read_mark(tmp_path / "one.pid")
        assert mark is not None
        assert is_alive(mark)
        parent.kill()
    assert wait_until_gone(mark, seconds=10)


def test_orphans_are_found_and_stopped(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, start_new_session=True) as orphan:
        mark = mark_of(orphan.pid)
        assert mark is not None
        write_mark(tmp_path / "one.pid", mark=mark)
        said: list[str] = []
        assert stop_orphans(tmp_path, say=lambda name, words: said.append(name)) == 1
    assert said == ["one"]
    assert list(tmp_path.glob("*.pid")) == []


def test_a_number_that_now_stands_for_a_stranger_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, start_new_session=True) as stranger:
        (tmp_path / "one.pid").write_text(f"{stranger.pid} 1000000.00\n")  # started in 1970
        assert stop_orphans(tmp_path, say=lambda name, words: None) == 0
        assert stranger.poll() is None
        stranger.kill()


def test_a_log_that_has_grown_long_is_put_aside_while_its_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stormproof.worker.supervisor.LONGEST_LOG", 10)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "one.log").write_text("a line of long ago\n")
    supervisor, _ = _supervisor(tmp_path, Part(name="one", command=STUBBORN, stop_s=0.1))
    supervisor.look_after()
    try:
        _until(lambda: (tmp_path / "logs" / "one.log").read_text() == "up\n")
        assert (tmp_path / "logs" / "one.log.1").read_text() == "a line of long ago\n"
    finally:
        supervisor.stop()
