"""Which process a number stands for: a process id is only believed together with the moment it was started."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_SAME_START_S = 1.5  # the kernel counts starts in ticks from boot, and the boot moment is itself rounded


@dataclass(frozen=True, kw_only=True)
class ProcessMark:
    """A process for certain: its id and the moment it was started (epoch seconds)."""

    pid: int
    started: float


def mark_of(pid: int) -> ProcessMark | None:
    """The mark of the living process `pid`; None when there is none (a zombie is none)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessMark(pid=pid, started=process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_alive(mark: ProcessMark) -> bool:
    """Whether the very process of `mark` still lives."""
    found = mark_of(mark.pid)
    return found is not None and abs(found.started - mark.started) < _SAME_START_S


def command_of(pid: int) -> list[str]:
    """The command line of `pid`; empty when there is no such process."""
    try:
        return [str(word) for word in psutil.Process(pid).cmdline()]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def write_mark(file: Path, *, mark: ProcessMark) -> None:
    """Keep `mark` in `file`, whole or not at all."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(f"{mark.pid} {mark.started:.2f}\n")
    fresh.replace(file)


def read_mark(file: Path) -> ProcessMark | None:
    """The mark kept in `file`; None when there is no such file or it is not ours to read as one."""
    try:
        pid, started = file.read_text().split()
        return ProcessMark(pid=int(pid), started=float(started))
    except (FileNotFoundError, ValueError):
        return None


def send_signal(mark: ProcessMark, number: int) -> bool:
    """Send a signal to the very process of `mark`; False when it is gone."""
    if not is_alive(mark):
        return False
    try:
        os.kill(mark.pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(mark: ProcessMark, *, seconds: float) -> bool:
    """Wait for the end of the process, at most `seconds`; whether it is gone."""
    deadline = time.monotonic() + seconds
    while is_alive(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
