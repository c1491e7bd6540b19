"""Procedures for an incident: automatic ones start by themselves once, the others are a person's choice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from stormproof.business import selectors as business
from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.refusals import Refused
from stormproof.recover import selectors as recover
from stormproof.recover import services as recovery
from stormproof.recover.models import Procedure, Run
from stormproof.respond.choices import EntryKind
from stormproof.respond.models import Incident, IncidentRun
from stormproof.respond.rules import needs_beneath
from stormproof.respond.selectors import root_node_ids, rto_of
from stormproof.respond.services.locking import locked
from stormproof.respond.services.timeline import write_timeline
from stormproof.watch import selectors as watch

LONGEST_DOUBT_SECONDS = 30


class CannotRunForIncident(Refused):
    """The incident is over, or the procedure recovers nothing of it."""


@transaction.atomic
def start_automatic_procedures(incident: Incident, *, at: datetime) -> list[IncidentRun]:
    """Start the automatic procedures of the root causes, each once per incident, and propose the others."""
    incident = locked(incident)
    if incident.is_over:
        return []
    started = []
    for procedure in recover.procedures_for_nodes(root_node_ids(incident)):
        if procedure.is_automatic:
            one = _start_once(incident, procedure, at=at)
            started += [one] if one else []
        else:
            text = f"Procedure “{procedure.name}” is ready to be started by hand"
            key = f"proposed:{procedure.pk}"
            write_timeline(incident, kind=EntryKind.RUN, text=text, actor=SYSTEM, at=at, key=key)
    return started


@transaction.atomic
def start_procedure(
    incident: Incident, procedure: Procedure, *, actor: Actor, at: datetime, parameters: Mapping[str, str] | None = None
) -> Run:
    """Start a procedure for the incident by hand. Raises `CannotRunForIncident`, and what recover refuses."""
    actor.require("recover.run")
    incident = locked(incident)
    if incident.is_over:
        raise CannotRunForIncident(f"{incident.label} is resolved")
    text = f"{actor.name} starts “{procedure.name}”"
    write_timeline(incident, kind=EntryKind.RUN, text=text, actor=actor, at=at)
    run = recovery.start_run(
        procedure,
        reference=f"incident:{incident.pk}",
        mode="drill" if incident.is_drill else "real",
        parameters=dict(parameters or {}),
        deadline_at=_deadline_of(incident),
        actor=actor,
        at=at,
    )
    IncidentRun.objects.create(incident=incident, procedure=procedure, run=run, is_automatic=False, created_at=at)
    return run


def _deadline_of(incident: Incident) -> datetime | None:
    promise = rto_of(incident)
    return promise[0] if promise else None


def _start_once(incident: Incident, procedure: Procedure, *, at: datetime) -> IncidentRun | None:
    """The row is the right to start: whoever inserts it starts the run, in one transaction."""
    one, is_new = IncidentRun.objects.get_or_create(
        incident=incident, procedure=procedure, is_automatic=True, defaults={"created_at": at}
    )
    if not is_new:
        return None
    try:
        with transaction.atomic():
            one.run = recovery.start_run(
                procedure,
                reference=f"incident:{incident.pk}",
                mode="drill" if incident.is_drill else "real",
                deadline_at=_deadline_of(incident),
                actor=SYSTEM,
                at=at,
            )
        text = f"Procedure “{procedure.name}” started by itself"
    except Refused as refusal:
        one.refusal = refusal.message[:500]
        text = f"Procedure “{procedure.name}” was not started: {refusal.message}"
    one.save(update_fields=["run", "refusal"])
    key = f"started:{procedure.pk}"
    write_timeline(incident, kind=EntryKind.RUN, text=text, actor=SYSTEM, at=at, key=key)
    return one


def seconds_of_doubt(incident: Incident) -> int:
    """How long to wait before procedures may act on the root cause: 0 when nothing deeper can still turn out to be it.

    A web server often fails because of the database beneath it, and is looked at first. So what lies beneath the
    root and was last seen up before the impact began is given one more interval to show.
    """
    if incident.root_node_id is None:
        return 0
    beneath = needs_beneath(business.graph_now(), incident.root_node_id)
    doubtful = watch.monitors_in_use().filter(
        Q(last_at__lte=incident.impact_started_at) | Q(last_at__isnull=True),
        node__in=beneath,
        enabled=True,
        due_at__isnull=True,  # a heartbeat is not asked, it is waited for
    )
    intervals = doubtful.order_by().values_list("interval_seconds", flat=True)
    return min(max((seconds + 2 for seconds in intervals), default=0), LONGEST_DOUBT_SECONDS)
