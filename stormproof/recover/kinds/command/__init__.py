"""`command`: a program on the worker's machine, given as a list of words. No shell stands between.

It gets a small environment of its own, runs in its own process group, and its whole group is ended at the deadline.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, StepKind, Verdict
from stormproof.recover.kinds.references import OWN
from stormproof.recover.kinds.shapes import Shape

MARK = "STORMPROOF_STEP"
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
GRACE_SECONDS = 2.0
KEPT = 1_000_000  # characters kept of the output while it runs; the journal keeps less
SHELLS = re.compile(r"(^|/)(sh|bash|dash|zsh|ksh|fish)$")

EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class CommandShape(Shape):
    """A program and its arguments."""

    argv: list[str] = Field(min_length=1, max_length=200)
    cwd: str | None = None
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    pass_environment: list[EnvironmentName] = Field(default_factory=list)
    ok_codes: list[int] = Field(default=[0], min_length=1)

    @field_validator("argv")
    @classmethod
    def _no_null(cls, argv: list[str]) -> list[str]:
        if not argv[0] or any("\x00" in word for word in argv):
            raise ValueError("the program's name is empty or a word holds a null byte")
        return argv

    @field_validator("pass_environment")
    @classmethod
    def _not_our_own(cls, names: list[str]) -> list[str]:
        own = [name for name in names if name.startswith(OWN)]
        if own:
            raise ValueError(f"{own[0]} belongs to Stormproof itself and is not passed on")
        return names


class Command(StepKind[CommandShape]):
    """Runs a local program."""

    name: ClassVar[str] = "command"
    title: ClassVar[str] = "Command"
    shape = CommandShape
    can_probe: ClassVar[bool] = True

    def faults(self, raw: dict[str, Any]) -> list[str]:
        """No parameter may name the program or stand in a text that a shell reads."""
        argv = raw.get("argv")
        if isinstance(argv, str):
            return ["argv is a list of words, such as [systemctl, restart, shop]: there is no shell to split a text"]
        words = [str(word) for word in argv] if isinstance(argv, list) else []
        if not words:
            return []
        if "${" in words[0]:
            return ["no ${parameter} may stand in the program's name"]
        if SHELLS.search(words[0]) and any("${" in word for word in words):
            return ["no ${parameter} may stand in what a shell reads: write a script and give it the value as a word"]
        return []

    def where(self, with_: CommandShape) -> str:
        """The command line."""
        return f"{' '.join(with_.argv)} on the worker's machine" + (f", in {with_.cwd}" if with_.cwd else "")

    def execute(self, with_: CommandShape, call: StepCall) -> Outcome:
        """Run it; an exit code that is not among `ok_codes` is a failure, a deadline leaves the outcome unclear."""
        process = _start(with_, call)
        output = _follow(process, call)
        if process.poll() is None:
            why = "stopped" if call.cancelled.is_set() else "out of time"
            end_group(process.pid, signal.SIGTERM)
            _wait(process)
            end_group(process.pid, signal.SIGKILL)
            process.wait()
            return Outcome("unclear", f"{output}\n[{why}: the command and its children were ended]".lstrip())
        code = process.returncode
        if code < 0:
            return Outcome("unclear", f"{output}\n[killed by signal {-code}]".lstrip(), {"signal": -code})
        state = "done" if code in with_.ok_codes else "failed"
        words = "" if state == "done" else f"\n[exit code {code}]"
        return Outcome("done" if state == "done" else "failed", f"{output}{words}".strip(), {"exit_code": code})

    def probe(self, with_: CommandShape, call: StepCall) -> Verdict:
        """Done when it exits well, not done when it does not."""
        outcome = self.execute(with_, call)
        states = {"done": "done", "failed": "not_done"}
        return Verdict(states.get(outcome.state, "inconclusive"), outcome.output)  # type: ignore[arg-type]

    def dry_run(self, with_: CommandShape) -> str:
        """Says what would run, and whether the program is there."""
        found = shutil.which(with_.argv[0], path=_path(with_))
        where = f"{with_.argv[0]} is {found}" if found else f"{with_.argv[0]} is NOT on this machine"
        return f"would run {self.where(with_)}; {where}"


def _path(with_: CommandShape) -> str:
    return with_.environment.get("PATH") or os.environ.get("PATH") or os.defpath


def _environment(with_: CommandShape, call: StepCall) -> dict[str, str]:
    names = [*PASSED, *with_.pass_environment]
    passed = {name: os.environ[name] for name in names if name in os.environ}
    about = {MARK: call.mark, "STORMPROOF_RUN": str(call.run_id), "STORMPROOF_MODE": call.mode}
    return {**passed, **with_.environment, **about, "STORMPROOF_KEY": call.key}


def _start(with_: CommandShape, call: StepCall) -> subprocess.Popen[bytes]:
    program = shutil.which(with_.argv[0], path=_path(with_))
    if program is None:
        raise CannotRunStep(f"there is no program {with_.argv[0]} on this worker")
    if with_.cwd is not None and not Path(with_.cwd).is_dir():
        raise CannotRunStep(f"there is no folder {with_.cwd} on this worker")
    try:
        return subprocess.Popen(
            [program, *with_.argv[1:]],
            cwd=with_.cwd,
            env=_environment(with_, call),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise CannotRunStep(f"{program} cannot be started: {error.strerror}") from error


def _follow(process: subprocess.Popen[bytes], call: StepCall) -> str:
    """Read the output until the program ends or its time is over.

    A child that it leaves behind and that still holds the pipe (a server it started) is not waited for.
    """
    pipe = process.stdout
    if pipe is None:
        raise CannotRunStep("the command has no output to follow")
    os.set_blocking(pipe.fileno(), False)
    text, kept = [], 0
    with selectors.DefaultSelector() as selector, pipe:
        selector.register(pipe, selectors.EVENT_READ)
        while not call.is_over():
            ended = process.poll() is not None
            selector.select(timeout=0 if ended else 0.05)
            chunk = pipe.read(65536)
            if chunk and kept < KEPT:
                words = chunk.decode(errors="replace")
                text.append(words)
                kept += len(words)
                call.say(words)
            if ended and not chunk:
                break
            if chunk == b"" and not ended:
                selector.unregister(pipe)
                _wait_over(process, call)
                break
    return "".join(text).strip()


def _wait_over(process: subprocess.Popen[bytes], call: StepCall) -> None:
    """The program closed its output: wait for its end, or for the end of its time."""
    while process.poll() is None and not call.is_over():
        call.pause(0.05)


def _wait(process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + GRACE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)


def end_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group that `pid` leads, if it still exists."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def stragglers_of(mark: str) -> list[int]:
    """The processes on this machine that a dead worker's attempt left behind, by the mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\x00"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def end_stragglers(mark: str) -> int:
    """End the processes an interrupted attempt left on this machine; how many there were."""
    found = stragglers_of(mark)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in found:
            _signal(pid, number)
        until = time.monotonic() + GRACE_SECONDS
        while stragglers_of(mark) and time.monotonic() < until:
            time.sleep(0.05)
        if not stragglers_of(mark):
            break
    return len(found)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
