"""Processes as pid files: started in a session of their own, recognised by pid and start time, never guessed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from keeper.layout import Layout, ShopError


def started_at(pid: int) -> int | None:
    """The kernel's start time of a live process, in ticks; None for one that is gone or only a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def descendants(pid: int) -> list[int]:
    """Every process below one, deepest last."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def running(layout: Layout, name: str) -> int | None:
    """The pid of a part we started and that still lives."""
    note = layout.run / f"{name}.json"
    try:
        kept = json.loads(note.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    pid = int(kept["pid"])
    return pid if started_at(pid) == kept["started"] else None


def start(layout: Layout, name: str, command: Sequence[str], *, cwd: Path, environment: dict[str, str]) -> int:
    """Start a part detached from us, unless it runs; its output goes to logs/<name>.log."""
    found = running(layout, name)
    if found:
        return found
    with (layout.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    note = {"pid": process.pid, "started": started_at(process.pid), "command": list(command)}
    (layout.run / f"{name}.json").write_text(json.dumps(note))
    (layout.run / f"{name}.pid").write_text(f"{process.pid}\n")
    return process.pid


def stop(layout: Layout, name: str, *, signal_number: int = signal.SIGTERM, within: float = 10) -> None:
    """Stop a part we started: asked first, killed when it does not listen; its leftovers with it."""
    pid = running(layout, name)
    if pid:
        family = descendants(pid)
        marks = {member: started_at(member) for member in family}
        os.kill(pid, signal_number)
        if not _gone(pid, within):
            os.kill(pid, signal.SIGKILL)
            _gone(pid, 5)
        for member, mark in marks.items():
            if mark is not None and not _gone(member, 2) and started_at(member) == mark:
                os.kill(member, signal.SIGKILL)
    for ending in ("json", "pid"):
        (layout.run / f"{name}.{ending}").unlink(missing_ok=True)


def _gone(pid: int, within: float) -> bool:
    deadline = time.monotonic() + within
    while started_at(pid) is not None:
        if time.monotonic() > deadline:
            return False
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)
    return True


def wait_until(true: Callable[[], bool], *, within: float, what: str, pause: float = 0.05) -> None:
    """Poll until something holds, or say what did not come."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            raise ShopError(f"{what}: not within {within:.0f} s")
        time.sleep(pause)
