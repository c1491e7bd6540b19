"""What `recover` tells the stages above it."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class ProcedureChanged(Fact):
    """A procedure was written or rewritten; runs that are on keep the version they started with."""

    procedure_id: int
    node_id: int
    version: int


@dataclass(frozen=True, kw_only=True)
class ProcedureRetired(Fact):
    """A procedure can no longer be started."""

    procedure_id: int
    node_id: int


@dataclass(frozen=True, kw_only=True)
class RunStarted(Fact):
    """A run of a procedure began."""

    run_id: int
    procedure_id: int
    node_id: int
    reference: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class RunTakenOver(Fact):
    """The worker that drove a run fell silent and another one took the run over."""

    run_id: int
    from_executor: str
    to_executor: str
    step: str


@dataclass(frozen=True, kw_only=True)
class StepFinished(Fact):
    """A step ended: done, failed, skipped or undone."""

    run_id: int
    step: str
    state: str
    attempt: int


@dataclass(frozen=True, kw_only=True)
class StepOutcomeUnknown(Fact):
    """A step was interrupted and nobody can say whether it took effect."""

    run_id: int
    step: str


@dataclass(frozen=True, kw_only=True)
class RunNeedsPerson(Fact):
    """A run waits until a person answers the question about a step."""

    run_id: int
    step: str
    question: str


@dataclass(frozen=True, kw_only=True)
class StepAnswered(Fact):
    """A person answered the question about a step."""

    run_id: int
    step: str
    answer: str
    note: str


@dataclass(frozen=True, kw_only=True)
class StepApproved(Fact):
    """One person approved a step, or refused it."""

    run_id: int
    step: str
    decision: str


@dataclass(frozen=True, kw_only=True)
class RunAbortAsked(Fact):
    """A person asked that a run stop."""

    run_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunFinished(Fact):
    """A run ended: done, failed, aborted or undone."""

    run_id: int
    procedure_id: int
    node_id: int
    reference: str
    state: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class EffectsStopped(Fact):
    """The stop switch was set: no run starts a new effect."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class EffectsAllowed(Fact):
    """The stop switch was released: held runs go on."""

    reason: str
