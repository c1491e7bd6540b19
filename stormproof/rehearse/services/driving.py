"""Driving a run of an exercise from phase to phase, under a claim; every step can be repeated by the next worker.

What is intended is committed before it is done. Clean-up is a phase like any other: whoever finds a run there, after a
crash, a time-out or a stop, does it again, and the run is not over before it is done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection

from stormproof.core.facts import Fact
from stormproof.recover.choices import FINISHED_RUN_STATES, RunState
from stormproof.recover.models import Run
from stormproof.recover.services.effects import patiently
from stormproof.rehearse.choices import STORM, Phase
from stormproof.rehearse.facts import FaultInjected
from stormproof.rehearse.kinds.calls import look
from stormproof.rehearse.kinds.contract import CannotInject
from stormproof.rehearse.kinds.registry import fault_of
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.rules import is_recovered
from stormproof.rehearse.selectors import incident_of, procedure_run_of
from stormproof.rehearse.services.claims import LEASE, Claim, Fenced, claim_exercise, renew, write
from stormproof.rehearse.services.cleaning import clean_up, settle
from stormproof.rehearse.services.crowd import CannotCount, acknowledged_by, send_customers, stop_customers
from stormproof.rehearse.services.measuring import measured_values

Clock = Callable[[], datetime]
PAUSE_SECONDS = 0.25
LONGEST_WARM_UP_SECONDS = 60.0  # beyond `warm_up`, for the first order
LONGEST_HUMAN_SECONDS = 3600.0  # an attended exercise waits so long for a person
MOST_MEASURE_TRIES = 5
log = structlog.get_logger(__name__)


def drive_run_of_exercise(exercise_run_id: int, *, executor: str, clock: Clock) -> None:
    """Drive the run until it is over. Does nothing when another worker drives it."""
    claim = patiently(lambda: claim_exercise(exercise_run_id, executor=executor, at=clock()))
    if claim is None:
        return
    over = threading.Event()
    keeper = threading.Thread(target=_keep_lease, args=(claim, clock, over), daemon=True)
    keeper.start()
    try:
        driver = _Driver(claim, clock)
        while driver.goes_on():
            time.sleep(PAUSE_SECONDS)
    except Fenced as error:
        log.warning("rehearse.fenced", run=exercise_run_id, error=str(error))
    finally:
        over.set()
        keeper.join(timeout=5)


def _keep_lease(claim: Claim, clock: Clock, over: threading.Event) -> None:
    """Renew the lease while the driver is busy with something long."""
    try:
        while not over.wait(LEASE.total_seconds() / 4):
            try:
                renew(claim, at=clock())
            except (DatabaseError, InterfaceError):
                connection.close()
    finally:
        connection.close()


class _Driver:
    """One worker under one claim."""

    def __init__(self, claim: Claim, clock: Clock) -> None:
        self.claim, self.clock = claim, clock
        self.run = patiently(lambda: ExerciseRun.objects.select_related("target").get(pk=claim.exercise_run_id))
        self.shape = ExerciseShape.model_validate(self.run.definition)

    def goes_on(self) -> bool:
        """Do what the phase asks for; whether there is more."""
        patiently(self.run.refresh_from_db)
        if self.run.abort_reason and self.run.phase not in (Phase.CLEANING, Phase.DONE):
            self._write(phase=Phase.CLEANING)
            return True
        if self.run.phase in STORM:
            self._watch()
            return True
        acts: dict[str, Callable[[], bool]] = {
            Phase.WARMING: self._warm,
            Phase.INJECTING: self._inject,
            Phase.MEASURING: self._measure,
            Phase.CLEANING: self._clean,
            Phase.DONE: lambda: False,
        }
        return acts[self.run.phase]()

    def _write(self, *, fact: Fact | None = None, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.run, name, value)
        patiently(lambda: write(self.claim, at=self.clock(), fact=fact, **values))

    def _give_up(self, gap: str, **values: Any) -> None:
        self._write(phase=Phase.CLEANING, gaps=[*self.run.gaps, gap], **values)

    def _since(self, moment: datetime | None) -> float:
        return (self.clock() - moment).total_seconds() if moment else 0.0

    def _warm(self) -> bool:
        """Customers order for a while, so that there is something to lose."""
        customers = self.shape.customers
        try:
            if customers is not None and not self.run.customers_started:
                send_customers(customers)
                self._write(customers_started=True)
            waited = self._since(self.run.started_at)
            if waited < self.shape.warm_up:
                return True
            if customers is None or acknowledged_by(customers):
                self._write(phase=Phase.INJECTING)
            elif waited > self.shape.warm_up + LONGEST_WARM_UP_SECONDS:
                self._give_up("No customer could place an order before the fault: the shop is not well")
        except CannotCount as error:
            self._give_up(str(error))
        return True

    def _inject(self) -> bool:
        """Note what will be hit, commit that, and break it."""
        try:
            kind, with_ = fault_of(self.shape.fault)
            if self.run.fault_intended_at is None:
                note = kind.prepare(with_)
                self._write(fault_note=note, fault_intended_at=self.clock())
            kind.inject(with_, self.run.fault_note)
        except CannotInject as error:
            self._give_up(f"Nothing was broken: {error}")
            return True
        fact = FaultInjected(exercise_run_id=self.run.pk, node_id=self.run.target_id, kind=kind.name)
        self._write(fact=fact, phase=Phase.WAITING, fault_at=self.run.fault_intended_at)
        return True

    def _watch(self) -> None:
        """The loop is at work: follow it, look whether the shop is back, and know when to give up."""
        procedure_run = self._follow()
        is_over = None if procedure_run is None else procedure_run.state in FINISHED_RUN_STATES
        verdict = look(self.shape.recovered_when)
        at = self.clock()
        if not verdict.is_done:
            self._note(seen_broken_at=self.run.seen_broken_at or at, recovered_at=None)
        elif self.run.recovered_at is None and is_recovered(
            seen_broken=self.run.seen_broken_at is not None, looks_well=True, run_is_over=is_over
        ):
            self._note(recovered_at=at)
        self._move_on(procedure_run, is_over)

    def _follow(self) -> Run | None:
        """The incident and the procedure run that belong to this drill, as soon as they are there."""
        if self.run.incident_id is None:
            incident = patiently(lambda: incident_of(self.run))
            if incident is not None:
                self._write(incident_id=incident.pk, phase=Phase.INCIDENT)
        if self.run.incident_id is not None and self.run.run_id is None:
            incident = patiently(lambda: incident_of(self.run))
            found = patiently(lambda: procedure_run_of(incident)) if incident else None
            if found is not None and found.run_id is not None:
                self._write(run_id=found.run_id, phase=Phase.RUNNING)
        run_id = self.run.run_id
        return None if run_id is None else patiently(lambda: Run.objects.get(pk=run_id))

    def _move_on(self, procedure_run: Run | None, is_over: bool | None) -> None:
        if self.run.recovered_at is not None and is_over is not False and self._is_detected():
            if self.run.phase != Phase.RECOVERED:
                self._write(phase=Phase.RECOVERED)
            if self._since(self.run.recovered_at) >= self.shape.cool_down:
                self._write(phase=Phase.MEASURING)
            return
        if procedure_run is not None and is_over and procedure_run.state != RunState.DONE and not self.run.is_attended:
            self._write(phase=Phase.MEASURING)  # nobody is there to help: it will not recover by itself
            return
        waits = procedure_run is not None and procedure_run.state == RunState.WAITING
        if waits and not self.run.is_attended:
            self._write(
                phase=Phase.MEASURING, gaps=[*self.run.gaps, "The procedure needed a person, and nobody attends"]
            )
        elif self._since(self.run.fault_at) > self.shape.give_up_after + (LONGEST_HUMAN_SECONDS if waits else 0):
            self._write(phase=Phase.MEASURING)

    def _is_detected(self) -> bool:
        return self.shape.detection == "none" or self.run.incident_id is not None

    def _note(self, **values: Any) -> None:
        """Write only what is new."""
        if any(getattr(self.run, name) != value for name, value in values.items()):
            self._write(**values)

    def _measure(self) -> bool:
        """Stop the customers and count; an answer that does not come becomes a gap."""
        customers = self.shape.customers
        try:
            if customers is not None:
                stop_customers(customers)
            values = patiently(lambda: measured_values(self.run, self.shape))
        except CannotCount as error:
            tries = self.run.measure_tries + 1
            if tries < MOST_MEASURE_TRIES:
                self._write(measure_tries=tries)
                time.sleep(1)
                return True
            values = patiently(lambda: measured_values(self.run, self.shape, is_counted=False))
            values["gaps"].append(f"Orders could not be counted: {error}")
        self._write(phase=Phase.CLEANING, **values)
        return True

    def _clean(self) -> bool:
        """Put everything back, wait until the shop is green again, and end."""
        if self.run.cleaned_at is None:
            values = clean_up(self.run, self.shape, at=self.clock())
            if values.get("cleaned_at"):
                values["cleaned_at"] = self.clock()
            self._write(**values)
            return True
        ending = patiently(lambda: settle(self.run, at=self.clock()))
        if ending is None:
            return True
        fact, values = ending
        self._write(fact=fact, **values)
        return False
