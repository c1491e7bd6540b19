"""The fault `kill-process` on real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stormproof.rehearse.kinds.contract import CannotInject
from stormproof.rehearse.kinds.kill_process import KillProcess, KillProcessShape, children_of, started_at

CHILD = "import time; time.sleep(60)"
PARENT = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', '{CHILD}']); time.sleep(60)"


@pytest.fixture
def family(tmp_path: Path) -> Iterator[tuple[Path, list[int]]]:
    """A parent with a child, and the file that names the parent."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], start_new_session=True)
    deadline = time.monotonic() + 10
    while not children_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    members = [process.pid, *children_of(process.pid)]
    path = tmp_path / "part.pid"
    path.write_text(f"{process.pid}\nsomething else\n")
    yield path, members
    for member in members:
        if started_at(member) is not None:
            os.kill(member, 9)
    process.wait()


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while started_at(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return started_at(pid) is None


def test_the_process_and_its_children_are_killed(family: tuple[Path, list[int]]) -> None:
    path, members = family
    assert len(members) == 2
    kind, with_ = KillProcess(), KillProcessShape(pid_file=str(path))
    note = kind.prepare(with_)
    assert [pid for pid, _ in note["processes"]] == members
    kind.inject(with_, note)
    assert all(gone(pid) for pid in members)
    kind.inject(with_, note)  # a worker that takes over does it again, and nothing else is hit


def test_a_number_that_another_process_has_now_is_not_hit(family: tuple[Path, list[int]]) -> None:
    path, members = family
    kind, with_ = KillProcess(), KillProcessShape(pid_file=str(path))
    kind.inject(with_, {"processes": [[pid, 1] for pid in members]})
    time.sleep(0.2)
    assert all(started_at(pid) is not None for pid in members)


def test_a_stopped_process_goes_on_when_the_fault_is_taken_back(family: tuple[Path, list[int]]) -> None:
    path, members = family
    kind, with_ = KillProcess(), KillProcessShape(pid_file=str(path), signal="STOP", with_children=False)
    note = kind.prepare(with_)
    kind.inject(with_, note)
    assert is_stopped(members[0], True)
    kind.undo(with_, note)
    assert is_stopped(members[0], False)


def is_stopped(pid: int, wanted: bool) -> bool:
    """Whether the process comes to stand still (or to go on) within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T") == wanted:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "does not exist"),
        ("", "does not begin with a process id"),
        ("nobody", "does not begin with a process id"),
        ("1", "not to be killed"),
        ("ours", "not to be killed"),
        ("4194305", "does not run"),
    ],
)
def test_what_cannot_be_killed_is_refused(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "part.pid"
    if content is not None:
        path.write_text(str(os.getpid()) if content == "ours" else content)
    with pytest.raises(CannotInject, match=complaint):
        KillProcess().prepare(KillProcessShape(pid_file=str(path)))
