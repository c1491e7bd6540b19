"""Putting back what an exercise broke, and waiting until the shop is green again."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Q

from stormproof.core.actor import SYSTEM
from stormproof.recover.choices import ACTIVE_RUN_STATES
from stormproof.recover.models import Run
from stormproof.recover.services import CannotAbortRun, abort_run
from stormproof.rehearse.choices import Outcome, Phase
from stormproof.rehearse.facts import ExerciseFinished
from stormproof.rehearse.kinds.calls import act
from stormproof.rehearse.kinds.contract import CannotInject
from stormproof.rehearse.kinds.registry import fault_of
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.selectors import incidents_caused_by, monitors_near
from stormproof.rehearse.services.crowd import CannotCount, stop_customers
from stormproof.respond.choices import IncidentState
from stormproof.respond.services import CannotResolveIncident, end_drill, resolve_incident
from stormproof.watch.choices import State

MOST_TRIES = 5
PAUSE_SECONDS = 2.0
ACT_SECONDS = 120.0
LONGEST_STOP_SECONDS = 15.0  # a step at work may take so long to end
SETTLE_SECONDS = 90.0  # how long monitors and procedures may take to be quiet again
log = structlog.get_logger(__name__)


def clean_up(run: ExerciseRun, shape: ExerciseShape, *, at: datetime) -> dict[str, Any]:
    """Take the fault back and do each `clean_up` act; what to write. Safe to repeat, and repeated until it works."""
    _stop_procedure(run, at=at)
    faults = [fault for fault in (_undo(run, shape), *_acts(run, shape), _send_home(run, shape)) if fault]
    if not faults:
        return {"cleaned_at": at, "clean_error": ""}
    log.warning("rehearse.clean_up_failed", run=run.pk, tries=run.clean_tries + 1, error=faults[0][:300])
    values: dict[str, Any] = {"clean_tries": run.clean_tries + 1, "clean_error": "\n".join(faults)[:4000]}
    if run.clean_tries + 1 < MOST_TRIES:
        time.sleep(PAUSE_SECONDS)
        return values
    gap = f"Clean-up failed {MOST_TRIES} times, look after the shop: {faults[0][:300]}"
    return {**values, "cleaned_at": at, "gaps": [*run.gaps, gap]}


def _stop_procedure(run: ExerciseRun, *, at: datetime) -> None:
    """What the drill started does not go on into the clean-up, nor stand in the way of the real thing."""
    if run.run_id is None:
        return
    try:
        abort_run(Run.objects.get(pk=run.run_id), reason="the exercise is over", actor=SYSTEM, at=at)
    except CannotAbortRun:
        return
    until = time.monotonic() + LONGEST_STOP_SECONDS
    while Run.objects.filter(pk=run.run_id, state__in=ACTIVE_RUN_STATES).exists() and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)


def _undo(run: ExerciseRun, shape: ExerciseShape) -> str:
    """Take the fault back; why that failed, or ""."""
    if run.fault_intended_at is None:
        return ""
    try:
        kind, with_ = fault_of(shape.fault)
        kind.undo(with_, run.fault_note)
    except (CannotInject, OSError) as error:
        return f"undoing {shape.fault.kind}: {error}"
    return ""


def _acts(run: ExerciseRun, shape: ExerciseShape) -> list[str]:
    """Do every act, also after one that failed; why they failed."""
    if run.fault_intended_at is None:
        return []
    found = []
    for number, action in enumerate(shape.clean_up):
        outcome = act(action, reference=run.reference, number=number, seconds=ACT_SECONDS)
        if outcome.state != "done":
            found.append(f"{action.kind}: {outcome.output[-500:]}")
    return found


def _send_home(run: ExerciseRun, shape: ExerciseShape) -> str:
    """Stop the customers, who may be ordering still after a stop or a crash."""
    if shape.customers is None:
        return ""
    try:
        stop_customers(shape.customers)
    except CannotCount as error:
        return str(error)
    return ""


def settle(run: ExerciseRun, *, at: datetime) -> tuple[ExerciseFinished, dict[str, Any]] | None:
    """How the run ends, once monitors, procedures and incidents of the drill are quiet; None while they are not."""
    unrest = _unrest(run, at=at)
    waited = (at - run.cleaned_at).total_seconds() if run.cleaned_at else 0.0
    if unrest and waited < SETTLE_SECONDS:
        return None
    gaps = [*run.gaps, *([f"Not quiet {SETTLE_SECONDS:.0f} s after the clean-up: {unrest}"] if unrest else [])]
    end_drill(run.reference, at=at)
    outcome = Outcome.ABORTED if run.abort_reason else (Outcome.FAILED if gaps else Outcome.PASSED)
    fact = ExerciseFinished(
        exercise_run_id=run.pk,
        exercise_id=run.exercise_id,
        node_id=run.target_id,
        passed=outcome == Outcome.PASSED,
        outcome=outcome.value,
    )
    return fact, {
        "phase": Phase.DONE,
        "outcome": outcome,
        "gaps": gaps,
        "finished_at": at,
        "lease_until": None,
    }


def _unrest(run: ExerciseRun, *, at: datetime) -> str:
    """What is not quiet yet, or ""; drills whose monitors are green again are resolved on the way."""
    if run.fault_intended_at is None:
        return ""
    stale = Q(last_at__isnull=True) | Q(last_at__lt=run.cleaned_at)
    red = Q(state__in=[State.DOWN, State.UNKNOWN])
    unseen = monitors_near(run.target).filter(red | (stale & Q(due_at__isnull=True))).first()
    incidents = list(incidents_caused_by(run).exclude(state=IncidentState.RESOLVED))
    references = [f"incident:{incident.pk}" for incident in incidents]
    if Run.objects.filter(reference__in=references, state__in=ACTIVE_RUN_STATES).exists():
        return "a procedure is still at work"
    if unseen is not None:
        return f"monitor {unseen.slug} is {unseen.state}"
    for incident in incidents:
        try:
            resolve_incident(incident, reason="The exercise is over and cleaned up", actor=SYSTEM, at=at)
        except CannotResolveIncident:
            return f"{incident.label} is still red"
    return ""
