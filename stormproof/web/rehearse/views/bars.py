"""A run of an exercise drawn: its phases in order, and where the time went against the promise."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.rehearse.choices import Phase
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.rules import Promise


@dataclass(frozen=True)
class PhaseLine:
    """One phase of the run as the reader sees it."""

    label: str
    state: str  # done, started, pending


@dataclass(frozen=True)
class Bar:
    """One stretch of time: where it begins and how long it is, in thousandths of the width."""

    name: str
    css: str
    x: float
    width: float
    seconds: float


@dataclass(frozen=True)
class Bars:
    """The stretches of a run, and the limits as lines."""

    bars: list[Bar]
    limits: list[tuple[str, float, float]]  # name, x, seconds
    span_s: float


def phases_of(run: ExerciseRun) -> list[PhaseLine]:
    """Every phase with its state; phases that were skipped by a stop count as done."""
    order = list(Phase)
    place = order.index(Phase(run.phase))
    found = []
    for number, phase in enumerate(order):
        word = "done" if number < place or not run.is_live else ("started" if number == place else "pending")
        found.append(PhaseLine(str(phase.label), word))
    return found


def bars_of(run: ExerciseRun, promise: Promise) -> Bars | None:
    """Detect, decide, people, machines and the rest until recovery; None before there is anything to draw."""
    if run.rto_s is None:
        return None
    parts = [
        ("Detect", "g-detect", run.detect_s),
        ("Decide", "g-decide", run.decide_s),
        ("Waiting for people", "g-human", run.human_s),
        ("Machines", "g-machine", run.machine_s),
    ]
    limits = [
        (name, limit)
        for name, limit in (("RTO", promise.rto_s), ("Limit", promise.within_s))
        if limit is not None and limit <= run.rto_s * 20
    ]
    span = max([run.rto_s, *(limit for _, limit in limits)]) * 1.05 or 1.0
    bars, begun = [], 0.0
    for name, css, seconds in parts:
        length = min(seconds or 0.0, max(0.0, run.rto_s - begun))
        bars.append(Bar(name, css, begun / span * 1000, length / span * 1000, seconds or 0.0))
        begun += length
    rest = max(0.0, run.rto_s - begun)
    bars.append(Bar("Until customers noticed it was back", "g-rest", begun / span * 1000, rest / span * 1000, rest))
    return Bars(bars, [(name, limit / span * 1000, limit) for name, limit in limits], span)
