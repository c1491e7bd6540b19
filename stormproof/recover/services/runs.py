"""Starting runs and stopping them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.jobs import defer_named
from stormproof.core.refusals import Refused
from stormproof.recover.choices import ACTIVE_RUN_STATES, RunMode, RunState
from stormproof.recover.facts import RunAbortAsked, RunStarted
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.models import Procedure, Run
from stormproof.recover.services.journal import finish_run


class CannotStartRun(Refused):
    """The run was not started."""


class CannotAbortRun(Refused):
    """The run has ended already."""


def start_run(
    procedure: Procedure,
    *,
    reference: str,
    mode: str = RunMode.REAL,
    parameters: Mapping[str, str | None] | None = None,
    deadline_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Run:
    """Start a run of `procedure` as it stands now; a worker takes it up as soon as this commits.

    `reference` says on whose behalf (`incident:12`); `deadline_at` is the moment the RTO is over. A drill that waits
    on the same node is ended in favour of a real run. Raises
    `CannotStartRun` for a retired procedure, wrong parameters, or a node on which another run is on; `NotAllowed`.
    """
    actor.require("recover.run")
    if procedure.retired_at is not None:
        raise CannotStartRun(f"{procedure.name} is retired", hint="Bring it back in continuity.yaml first.")
    values = values_for(ProcedureShape.model_validate(procedure.definition), parameters or {})
    try:
        with transaction.atomic():
            if mode == RunMode.REAL:
                _clear_away_idle_drills(procedure, at=at)
            run = Run.objects.create(
                procedure=procedure,
                node_id=procedure.node_id,
                version=procedure.version,
                definition=procedure.definition,
                parameters=values,
                mode=RunMode(mode),
                reference=reference,
                deadline_at=deadline_at,
                started_by=actor.key,
                started_by_name=actor.name,
                started_by_user_id=actor.user_id,
                started_at=at,
            )
            tell(_started(run), at=at, actor=actor)
            wake(run)
            return run
    except IntegrityError as error:
        if "recover_run_one_per_node" not in str(error):
            raise
        raise _other_run_is_on(procedure) from error


def _started(run: Run) -> RunStarted:
    return RunStarted(
        run_id=run.pk, procedure_id=run.procedure_id, node_id=run.node_id, reference=run.reference, mode=run.mode
    )


def _clear_away_idle_drills(procedure: Procedure, *, at: datetime) -> None:
    """The real thing does not wait for a drill that waits for somebody."""
    idle = Run.objects.filter(
        node_id=procedure.node_id, mode=RunMode.DRILL, state__in=(RunState.WAITING, RunState.HELD)
    )
    for drill in idle.select_for_update():
        finish_run(drill.pk, state=RunState.ABORTED, reason=f"a real run of {procedure.name} took its place", at=at)


def _other_run_is_on(procedure: Procedure) -> CannotStartRun:
    other = Run.objects.filter(node_id=procedure.node_id, state__in=ACTIVE_RUN_STATES).first()
    which = f"run {other.pk} ({other.procedure_name}, {other.get_state_display().lower()})" if other else "another run"
    return CannotStartRun(
        f"{which} is on for {procedure.node}: one run at a time may act on it",
        hint="Wait until it ends, answer its question, or stop it.",
    )


def values_for(shape: ProcedureShape, given: Mapping[str, str | None]) -> dict[str, str]:
    """A value for each parameter of the procedure; raises `CannotStartRun` for unknown, missing or overlong ones."""
    for name, value in given.items():
        if name not in shape.parameters:
            known = ", ".join(shape.parameters) or "none"
            raise CannotStartRun(f"{shape.name} has no parameter {name!r}", field=name, hint=f"It has: {known}.")
        if len(str(value or "")) > 500:
            raise CannotStartRun(f"the value of {name} is longer than 500 characters", field=name)
    values = {}
    for name, parameter in shape.parameters.items():
        value = given.get(name) or parameter.default
        if value is None:
            raise CannotStartRun(f"{name} has no value", field=name, hint=parameter.description or "Give one.")
        values[name] = str(value)
    return values


def wake(run: Run) -> None:
    """Have a worker drive the run, in the caller's transaction. The claim, not the job, keeps two from driving it."""
    defer_named("recover.drive_run", queue="runs", priority=20, run_id=run.pk)


@transaction.atomic
def abort_run(run: Run, *, reason: str, actor: Actor, at: datetime) -> None:
    """Stop a run: at once when it waits, otherwise as soon as its worker sees it, within a second.

    What was done stays done. Raises `CannotAbortRun`, `NotAllowed`.
    """
    actor.require("recover.run")
    held = Run.objects.select_for_update().get(pk=run.pk)
    if not held.is_active:
        raise CannotAbortRun(f"run {run.pk} has ended: {held.get_state_display().lower()}")
    if held.abort_asked_at is None:
        Run.objects.filter(pk=run.pk).update(
            abort_asked_at=at, abort_asked_by=actor.name, reason=reason or f"stopped by {actor.name}"
        )
        tell(RunAbortAsked(run_id=run.pk, reason=reason), at=at, actor=actor)
    if held.state in (RunState.WAITING, RunState.HELD):
        finish_run(held.pk, state=RunState.ABORTED, reason=reason or f"stopped by {actor.name}", at=at, actor=actor)
