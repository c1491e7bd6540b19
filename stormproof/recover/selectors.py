"""Procedures and runs, as an actor may see them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.recover.models import Procedure, Run
from stormproof.recover.rules import RunTimes, times_of


def procedure_list(actor: Actor) -> QuerySet[Procedure]:
    """The procedures in use, in the order of the file."""
    if not actor.may("recover.read"):
        return Procedure.objects.none()
    return Procedure.objects.filter(retired_at__isnull=True).select_related("node")


def procedure_for(actor: Actor, slug: str) -> Procedure:
    """One procedure, retired or not; raises `NotFound`."""
    found = Procedure.objects.filter(slug=slug).select_related("node").first()
    if found is None or not actor.may("recover.read"):
        raise NotFound(f"There is no procedure {slug}")
    return found


def procedures_for_nodes(node_ids: Iterable[int]) -> list[Procedure]:
    """The procedures in use that recover any of these nodes, the automatic ones first."""
    found = Procedure.objects.filter(node_id__in=list(node_ids), retired_at__isnull=True).select_related("node")
    return sorted(found, key=lambda procedure: (not procedure.is_automatic, procedure.position, procedure.pk))


def run_list(actor: Actor) -> QuerySet[Run]:
    """All runs, newest first."""
    if not actor.may("recover.read"):
        return Run.objects.none()
    return Run.objects.select_related("procedure", "node")


def run_for(actor: Actor, id: int) -> Run:
    """One run; raises `NotFound`."""
    found = Run.objects.filter(pk=id).select_related("procedure", "node").first()
    if found is None or not actor.may("recover.read"):
        raise NotFound(f"There is no run {id}")
    return found


def run_times(run: Run, *, at: datetime | None = None) -> RunTimes:
    """How long people and machines took for `run`; one that is on is measured until `at`."""
    waits = [(row.asked_at, row.answered_at) for row in run.journal.all() if row.asked_at is not None]
    ended_at = run.finished_at or at or run.started_at
    return times_of(started_at=run.started_at, ended_at=ended_at, waits=waits)
