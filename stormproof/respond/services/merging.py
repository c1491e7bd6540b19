"""Incidents that have one cause become one; and what was put together wrongly comes apart again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.engine.graph import Graph
from stormproof.respond.choices import EntryKind, IncidentState
from stormproof.respond.facts import IncidentMerged, IncidentMergeUndone
from stormproof.respond.models import (
    Alert,
    Escalation,
    Incident,
    IncidentRun,
    LegalClock,
    Merge,
    Page,
    Task,
    TimelineEntry,
)
from stormproof.respond.rules import suppressors
from stormproof.respond.services.locking import lock_incidents, locked
from stormproof.respond.services.timeline import write_timeline

UNDO_WITHIN = timedelta(hours=1)
FIELDS = ("state", "severity", "severity_reason", "resolution", "root_node_id", "commander_id", "title")
MOMENTS = ("impact_started_at", "impact_ended_at", "green_at", "acknowledged_at", "resolved_at")
MOVED: dict[str, type[Model]] = {
    "alerts": Alert,
    "pages": Page,
    "tasks": Task,
    "runs": IncidentRun,
    "legal_clocks": LegalClock,
}


class CannotMerge(Refused):
    """The two are one incident, or one is over, a drill or private and the other is not."""


class CannotUndoMerge(Refused):
    """It was undone already, or too long ago, or what came apart has one cause again."""


@transaction.atomic
def merge_incidents(source: Incident, *, into: Incident, actor: Actor, at: datetime) -> Merge:
    """Make `source` part of `into`: alerts, pages, tasks, runs, timeline and clocks move. Raises `CannotMerge`."""
    actor.require("respond.act")
    target, source = locked(into), locked(source)
    if source.pk == target.pk:
        raise CannotMerge("An incident cannot become part of itself", field="into")
    for one in (source, target):
        if one.is_over:
            raise CannotMerge(f"{one.label} is resolved", field="into", hint="Link them instead.")
    if source.is_drill != target.is_drill:
        raise CannotMerge("One is a drill and the other is not", field="into", hint="Link them instead.")
    if source.is_private != target.is_private:
        raise CannotMerge("One is private and the other is not", field="into", hint="Make both private first.")
    return merge(source, target, actor=actor, at=at)


def merge(source: Incident, target: Incident, *, actor: Actor, at: datetime) -> Merge:
    """The merge itself, for callers that hold the lock and have asked whether it may be."""
    moved: dict[str, Any] = {"source": _before(source), "target": _before(target)}
    moved["target"]["functions"] = list(target.functions.order_by().values_list("pk", flat=True))
    escalations = Escalation.objects.filter(incident=source, next_at__isnull=False)
    moved["escalations"] = list(escalations.values_list("pk", flat=True))
    Escalation.objects.filter(pk__in=moved["escalations"]).update(next_at=None)
    for name, model in MOVED.items():
        moved[name] = _move(model, source, target)
    moved["entries"] = _move_entries(source, target)
    _take_over(source, target, at=at)
    source.state, source.resolved_at, source.merged_into = IncidentState.RESOLVED, at, target
    source.resolution = f"Became part of {target.label}"
    source.impact_ended_at = source.impact_ended_at or at
    source.save()
    row = Merge.objects.create(
        source=source, target=target, at=at, by=actor.name[:120], is_automatic=actor.is_system, moved=moved
    )
    why = ", because one cause explains both" if actor.is_system else ""
    text = f"{source.label} ({source.title}) became part of this incident{why}"
    write_timeline(target, kind=EntryKind.MERGED, text=text, actor=actor, at=at)
    text = f"Became part of {target.label}{why}"
    write_timeline(source, kind=EntryKind.MERGED, text=text, actor=actor, at=at)
    tell(IncidentMerged(incident_id=target.pk, source_incident_id=source.pk), at=at, actor=actor)
    return row


def _before(incident: Incident) -> dict[str, Any]:
    moments = {name: _iso(getattr(incident, name)) for name in MOMENTS}
    return {**{name: getattr(incident, name) for name in FIELDS}, **moments}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _move(model: type[Model], source: Incident, target: Incident) -> list[int]:
    """Give the rows of one kind to the target, but those of which it has one already; their ids."""
    rows = model.objects.filter(incident=source)  # type: ignore[attr-defined]
    if model is IncidentRun:
        rows = rows.exclude(is_automatic=True, procedure__in=target.runs.filter(is_automatic=True).values("procedure"))
    if model is LegalClock:
        rows = rows.exclude(duty__in=target.legal_clocks.values("duty"))
    ids = list(rows.values_list("pk", flat=True))
    model.objects.filter(pk__in=ids).update(incident=target)  # type: ignore[attr-defined]
    return ids


def _move_entries(source: Incident, target: Incident) -> list[int]:
    entries = list(TimelineEntry.objects.filter(incident=source).only("pk", "key"))
    for entry in entries:
        entry.incident = target
        entry.key = f"{source.pk}/{entry.key}"[:120] if entry.key else ""
    TimelineEntry.objects.bulk_update(entries, ["incident", "key"])
    return [entry.pk for entry in entries]


def _take_over(source: Incident, target: Incident, *, at: datetime) -> None:
    """The clock runs from the earlier start, the graver severity holds, who is on one is on both."""
    target.functions.add(*source.functions.all())
    target.impact_started_at = min(target.impact_started_at, source.impact_started_at)
    if target.impact_ended_at is not None and source.impact_ended_at is None and source.functions.exists():
        target.impact_ended_at = None
    if target.alerts.filter(closed_at__isnull=True).exists():
        target.green_at = None
    if not target.severity_by_hand and source.severity < target.severity:
        target.severity, target.severity_reason = source.severity, source.severity_reason
    if target.state == IncidentState.OPEN and source.state == IncidentState.ACKNOWLEDGED:
        target.state, target.acknowledged_at = source.state, source.acknowledged_at
        target.commander_id = target.commander_id or source.commander_id
        Escalation.objects.filter(incident=target, next_at__isnull=False).update(next_at=None)
    target.save()


def merge_what_has_one_cause(incident: Incident, *, graph: Graph, at: datetime) -> None:
    """Merge the open incidents whose cause the cause of `incident` explains; inside the caller's transaction.

    Incidents that people declared, took apart or made private stay as they are.
    """
    if incident.root_node_id is None or incident.is_declared or incident.stays_apart or incident.is_private:
        return
    others = (
        Incident.objects.exclude(state=IncidentState.RESOLVED)
        .exclude(pk=incident.pk)
        .filter(is_declared=False, stays_apart=False, is_private=False, root_node__isnull=False)
        .filter(drill_window=incident.drill_window_id)
        .order_by("opened_at", "pk")
    )
    candidates = list(others)
    if not candidates:
        return
    down = set(Alert.objects.filter(closed_at__isnull=True).values_list("node_id", flat=True))
    explained = suppressors(graph, down=down)
    for other in candidates:
        if incident.root_node_id in down and explained.get(other.root_node_id or 0) == incident.root_node_id:
            merge(other, incident, actor=SYSTEM, at=at)


@transaction.atomic
def undo_merge(row: Merge, *, actor: Actor, at: datetime) -> Incident:
    """Take a merge apart again; what moved goes back, and both stay apart. Raises `CannotUndoMerge`."""
    actor.require("respond.act")
    lock_incidents()
    row = Merge.objects.select_for_update().get(pk=row.pk)
    if row.undone_at is not None:
        raise CannotUndoMerge("It was taken apart already")
    if at - row.at > UNDO_WITHIN:
        raise CannotUndoMerge("It is more than an hour ago", hint="Split off the alerts that do not belong here.")
    source, target = locked(row.source), locked(row.target)
    before = row.moved["source"]
    if target.root_node_id == before["root_node_id"] and before["root_node_id"] is not None and not source.is_declared:
        raise CannotUndoMerge("Both have the same cause by now", hint="Split off single alerts instead.")
    for name, model in MOVED.items():
        model.objects.filter(pk__in=row.moved[name], incident=target).update(incident=source)  # type: ignore[attr-defined]
    entries = list(TimelineEntry.objects.filter(pk__in=row.moved["entries"], incident=target))
    for entry in entries:
        entry.incident = source
        entry.key = entry.key.removeprefix(f"{source.pk}/")
    TimelineEntry.objects.bulk_update(entries, ["incident", "key"])
    _restore(source, before)
    source.merged_into, source.stays_apart, target.stays_apart = None, True, True
    source.save()
    target.impact_started_at = datetime.fromisoformat(row.moved["target"]["impact_started_at"])
    target.functions.set(row.moved["target"]["functions"])
    target.save(update_fields=["impact_started_at", "stays_apart"])
    if source.state == IncidentState.OPEN:
        Escalation.objects.filter(pk__in=row.moved["escalations"]).update(next_at=at)
    Merge.objects.filter(pk=row.pk).update(undone_at=at)
    for one, other in ((source, target), (target, source)):
        write_timeline(one, kind=EntryKind.MERGED, text=f"Taken apart from {other.label}", actor=actor, at=at)
    tell(IncidentMergeUndone(incident_id=target.pk, source_incident_id=source.pk), at=at, actor=actor)
    return source


def _restore(incident: Incident, before: dict[str, Any]) -> None:
    for name in FIELDS:
        setattr(incident, name, before[name])
    for name in MOMENTS:
        setattr(incident, name, datetime.fromisoformat(before[name]) if before[name] else None)


def settle_if_green(incident: Incident, alerts: Collection[Alert], *, at: datetime) -> None:
    """Note that an incident whose alerts were taken away has none open any more."""
    if alerts and not incident.is_over and not incident.alerts.filter(closed_at__isnull=True).exists():
        incident.green_at = at
        incident.save(update_fields=["green_at"])
