"""`kill-process`: a process named by its pid file is killed, with all its children, as a crash would."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from stormproof.recover.kinds.shapes import Shape
from stormproof.rehearse.kinds.contract import CannotInject, FaultKind

PROTECTED = {0, 1}


class KillProcessShape(Shape):
    """Which process, and how hard."""

    pid_file: str = Field(min_length=1, description="A file whose first line is the process id.")
    signal: Literal["KILL", "TERM", "STOP", "INT"] = "KILL"
    with_children: bool = True


class KillProcess(FaultKind[KillProcessShape]):
    """Kills a process of this machine."""

    name: ClassVar[str] = "kill-process"
    title: ClassVar[str] = "Kill a process"
    shape = KillProcessShape

    def where(self, with_: KillProcessShape) -> str:
        """The signal and the file."""
        return f"SIG{with_.signal} to the process in {with_.pid_file}"

    def prepare(self, with_: KillProcessShape) -> dict[str, Any]:
        """Note the process and its children with their start times: a number used anew later is not hit."""
        pid = _pid_in(Path(with_.pid_file))
        if pid in PROTECTED or pid in {os.getpid(), os.getppid()}:
            raise CannotInject(f"{with_.pid_file} names process {pid}, which is not to be killed")
        if started_at(pid) is None:
            raise CannotInject(f"process {pid} of {with_.pid_file} does not run: there is nothing to break")
        family = [pid, *(children_of(pid) if with_.with_children else [])]
        return {"processes": [[member, started_at(member)] for member in family]}

    def inject(self, with_: KillProcessShape, note: dict[str, Any]) -> None:
        """Send the signal to each noted process that still is the noted one, the parent first."""
        number = getattr(signal, f"SIG{with_.signal}")
        for pid, mark in note["processes"]:
            if mark is None or started_at(pid) != mark:
                continue
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
            except PermissionError as error:
                raise CannotInject(f"this worker may not signal process {pid}; run it as that user or root") from error

    def undo(self, with_: KillProcessShape, note: dict[str, Any]) -> None:
        """A stopped process goes on; a killed one is started again by the exercise's clean_up."""
        if with_.signal == "STOP":
            for pid, mark in note.get("processes", []):
                if mark is not None and started_at(pid) == mark:
                    os.kill(pid, signal.SIGCONT)


def _pid_in(path: Path) -> int:
    try:
        return int(path.read_text().split()[0])
    except FileNotFoundError as error:
        raise CannotInject(f"{path} does not exist: is what it names running on this machine?") from error
    except (OSError, ValueError, IndexError) as error:
        raise CannotInject(f"{path} does not begin with a process id") from error


def started_at(pid: int) -> int | None:
    """The kernel's start time of a live process in ticks; None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def children_of(pid: int) -> list[int]:
    """All processes below one, nearest first."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        members = below.get(waiting.pop(0), [])
        found += members
        waiting += members
    return found
