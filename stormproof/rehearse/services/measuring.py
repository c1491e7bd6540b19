"""What an exercise measured: times from the rows of incident and run, orders from customers and shop."""

from __future__ import annotations

from typing import Any

from stormproof.recover.choices import RunState
from stormproof.recover.selectors import run_times
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.rules import Seen, gaps_of, lost_beyond, lost_of, times_of_exercise
from stormproof.rehearse.selectors import promise_for
from stormproof.rehearse.services.crowd import acknowledged_by, failed_requests_of, stored_orders


def measured_values(run: ExerciseRun, shape: ExerciseShape, *, is_counted: bool = True) -> dict[str, Any]:
    """Every figure of the run and the gaps they leave, ready to be written; orders only when `is_counted`.

    Raises `CannotCount` when the customers or the shop cannot be asked.
    """
    incident = run.incident
    procedure_run = run.run
    people_and_machines = run_times(procedure_run) if procedure_run else None
    measured = times_of_exercise(
        fault_at=run.fault_at,
        opened_at=incident.opened_at if incident else None,
        run_started_at=procedure_run.started_at if procedure_run else None,
        human_s=people_and_machines.human_s if people_and_machines else None,
        machine_s=people_and_machines.machine_s if people_and_machines else None,
        recovered_at=run.recovered_at,
    )
    promise = promise_for(run.target, within_s=shape.within, most_failed_requests=shape.most_failed_requests)
    customers = shape.customers if is_counted else None
    orders = acknowledged_by(customers) if customers else []
    lost = lost_of(orders, stored_orders(shape.orders)) if shape.orders and is_counted else []
    seen = Seen(
        acknowledged=len(orders) if customers else None,
        lost=len(lost),
        lost_beyond_rpo=lost_beyond(lost, fault_at=run.fault_at, rpo_s=promise.rpo_s),
        failed_requests=failed_requests_of(customers) if customers else None,
    )
    gaps = gaps_of(
        measured,
        seen,
        promise,
        wants_incident=shape.detection == "incident",
        counts=customers is not None and shape.orders is not None,
    )
    if procedure_run is not None and procedure_run.state != RunState.DONE:
        gaps.append(f"The procedure ended as {procedure_run.state}: {procedure_run.reason[:200]}")
    return {
        "detect_s": measured.detect_s,
        "decide_s": measured.decide_s,
        "human_s": measured.human_s,
        "machine_s": measured.machine_s,
        "rto_s": measured.rto_s,
        "orders_acknowledged": seen.acknowledged,
        "orders_lost": sorted(order.number for order in lost),
        "failed_requests": seen.failed_requests,
        "gaps": [*run.gaps, *gaps],
    }
