"""Jobs that the worker tests defer; the worker processes they start import this module."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stormproof.core.facts import Fact, on
from stormproof.core.jobs import task


@dataclass(frozen=True, kw_only=True)
class ErrandAsked(Fact):
    """Somebody asked for an errand."""

    errand_id: int
    file: str
    seconds: float


@on(ErrandAsked)
def write_a_line_when_an_errand_is_asked(fact: ErrandAsked, *, at: datetime) -> None:
    """Note start, work, note end."""
    note(fact.file, f"start {os.getpid()}")
    time.sleep(fact.seconds)
    note(fact.file, f"end {os.getpid()}")


@on(ErrandAsked)
def stumble_when_an_errand_is_asked(fact: ErrandAsked, *, at: datetime) -> None:
    """Fail always when told to."""
    if fact.errand_id < 0:
        raise ValueError("this errand cannot be run")


@task()
def time_a_hop(file: str, asked_at: float) -> None:
    """Note how long the job took to start."""
    note(file, str(time.time() - asked_at))


def note(file: str, line: str) -> None:
    """Append a line in one write."""
    with Path(file).open("a") as out:
        out.write(f"{line}\n")
