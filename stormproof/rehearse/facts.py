"""What rehearse tells."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class ExerciseDefined(Fact):
    """An exercise was written or changed."""

    exercise_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class ExerciseRetired(Fact):
    """An exercise is no longer in use."""

    exercise_id: int


@dataclass(frozen=True, kw_only=True)
class ExerciseStarted(Fact):
    """A run of an exercise began; nothing is broken yet."""

    about = ("overview",)
    exercise_run_id: int
    exercise_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class FaultInjected(Fact):
    """Something was broken on purpose."""

    about = ("overview",)
    exercise_run_id: int
    node_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class ExercisePhaseReached(Fact):
    """A run of an exercise went on to its next phase."""

    exercise_run_id: int
    phase: str


@dataclass(frozen=True, kw_only=True)
class ExerciseStopped(Fact):
    """A person asked to stop a run; it is cleaned up now."""

    exercise_run_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ExerciseFinished(Fact):
    """A run of an exercise is over, measured and cleaned up."""

    about = ("overview",)
    exercise_run_id: int
    exercise_id: int
    node_id: int
    passed: bool
    outcome: str
