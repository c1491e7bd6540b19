"""Keeps a set of processes running: starts them, starts again what dies, stops them all together.

Each process leads a session of its own and is told by the kernel to end when the supervisor dies. Its id and the moment
of its start are kept in a file, so that the next supervisor finds what the kernel could not tell.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stormproof.core.processes import (
    ProcessMark,
    is_alive,
    mark_of,
    read_mark,
    send_signal,
    wait_until_gone,
    write_mark,
)

WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # before the second, third ... start of a process that keeps dying
STEADY_AFTER_S = 30.0  # one that lived this long starts again without a wait
LONGEST_LOG = 20_000_000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process to keep running: its name, its command line, what it adds to the environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_s: float = 15.0


@dataclass(kw_only=True)
class _Life:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    deaths: int = 0
    next_start: float = 0.0


class Supervisor:
    """Keeps `parts` running until it is told to stop; `say` gets one line for each thing that happens."""

    def __init__(
        self, parts: Sequence[Part], *, run_folder: Path, log_folder: Path | None, say: Callable[[str, str], None]
    ) -> None:
        self._lives = [_Life(part=part) for part in parts]
        self._run_folder, self._log_folder, self._say = run_folder, log_folder, say
        self._next_shortening = 0.0
        run_folder.mkdir(parents=True, exist_ok=True)
        if log_folder is not None:
            log_folder.mkdir(parents=True, exist_ok=True)

    def look_after(self) -> None:
        """One look: start what is due, note what died. Called several times a second."""
        moment = time.monotonic()
        for life in self._lives:
            if life.process is None:
                if moment >= life.next_start:
                    self._start(life)
            elif life.process.poll() is not None:
                self._bury(life, moment)
        if self._log_folder is not None and moment >= self._next_shortening:
            self._next_shortening = moment + 60
            for log in self._log_folder.glob("*.log"):
                _shorten(log)

    def stop(self) -> None:
        """End all parts, gently at first; returns when every one is gone."""
        for life in self._lives:
            if life.process is not None and life.process.poll() is None:
                life.process.send_signal(signal.SIGTERM)
        for life in self._lives:
            if life.process is not None:
                self._see_end(life.process, life.part)
                (self._run_folder / f"{life.part.name}.pid").unlink(missing_ok=True)
                life.process = None

    def pid_of(self, name: str) -> int | None:
        """The process id of a part; None while it is down."""
        return next((life.process.pid for life in self._lives if life.part.name == name and life.process), None)

    def _start(self, life: _Life) -> None:
        output = None
        if self._log_folder is not None:
            output = (self._log_folder / f"{life.part.name}.log").open("ab")
        try:
            life.process = subprocess.Popen(
                life.part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **life.part.environment},
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  (one thread only)
            )
        finally:
            if output is not None:
                output.close()
        life.born = time.monotonic()
        mark = mark_of(life.process.pid)
        if mark is not None:
            write_mark(self._run_folder / f"{life.part.name}.pid", mark=mark)
        if life.deaths:
            self._say(life.part.name, f"started again, process {life.process.pid}")

    def _bury(self, life: _Life, moment: float) -> None:
        """Note a death and when to try again; whatever the dead one started is ended too."""
        process = life.process
        if process is None:
            return
        _kill_session(process.pid)
        life.deaths = 1 if moment - life.born > STEADY_AFTER_S else life.deaths + 1
        wait = WAITS_S[min(life.deaths, len(WAITS_S)) - 1]
        life.process, life.next_start = None, moment + wait
        self._say(
            life.part.name,
            f"died ({_how(process.returncode)}), starts again in {wait:g} s{self._last_words(life.part)}",
        )

    def _last_words(self, part: Part) -> str:
        if self._log_folder is None:
            return ""
        with contextlib.suppress(OSError):
            lines = (self._log_folder / f"{part.name}.log").read_bytes()[-2000:].decode(errors="replace").splitlines()
            words = [line.strip() for line in lines if line.strip()]
            return f": {words[-1][:200]} (log: {self._log_folder / part.name}.log)" if words else ""
        return ""

    def _see_end(self, process: subprocess.Popen[bytes], part: Part) -> None:
        try:
            process.wait(part.stop_s)
        except subprocess.TimeoutExpired:
            self._say(part.name, f"did not stop in {part.stop_s:g} s and is killed")
        _kill_session(process.pid)
        process.wait()


def stop_orphans(run_folder: Path, *, say: Callable[[str, str], None]) -> int:
    """End the processes that a killed supervisor left, known by id and start; how many there were."""
    found: list[tuple[str, ProcessMark]] = []
    for file in sorted(run_folder.glob("*.pid")):
        mark = read_mark(file)
        if mark is not None and is_alive(mark):
            found.append((file.stem, mark))
    for name, mark in found:
        say(name, f"process {mark.pid} was left by a supervisor that died: stopping it")
        send_signal(mark, signal.SIGTERM)
    for _name, mark in found:
        if not wait_until_gone(mark, seconds=15):
            _kill_session(mark.pid)
            wait_until_gone(mark, seconds=5)
    for file in run_folder.glob("*.pid"):
        file.unlink(missing_ok=True)
    return len(found)


def _end_with_parent() -> None:
    """In the child before it becomes the program: SIGTERM when the supervisor dies, however it dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_session(leader: int) -> None:
    """Kill what is left of the process group that `leader` led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit {code}"


def _shorten(log: Path) -> None:
    """Keep what a log that has grown long says now as `<name>.log.1`, and empty it: its writer appends, and goes on."""
    if log.stat().st_size > LONGEST_LOG:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
