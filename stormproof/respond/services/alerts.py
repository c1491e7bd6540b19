"""Alerts: a monitor that is down becomes part of an incident, and of none when it is green again.

Deciding which incident an alert belongs to needs all open ones at rest, so these decisions are made one at a time
(an advisory lock, held for a few milliseconds). That a fact counts once is kept by the database, not by the lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from stormproof.business import selectors as business
from stormproof.core.actor import SYSTEM
from stormproof.engine.graph import Graph
from stormproof.respond.choices import EntryKind, IncidentState
from stormproof.respond.models import Alert, DrillWindow, Incident
from stormproof.respond.rules import REOPEN_WITHIN, Candidate, incident_to_join, leans_on_any, suppressors
from stormproof.respond.services.assessing import functions_hit
from stormproof.respond.services.incidents import note_detection, open_incident, reassess, reopen_incident
from stormproof.respond.services.locking import lock_incidents
from stormproof.respond.services.merging import merge_what_has_one_cause
from stormproof.respond.services.relations import declare_by_rules
from stormproof.respond.services.timeline import write_timeline
from stormproof.watch import selectors as watch


@transaction.atomic
def open_alert(*, monitor_id: int, node_id: int, reason: str, failed_since: datetime, at: datetime) -> Incident | None:
    """Take in that a monitor went down: its alert, and the incident it joins, re-opens or opens.

    None when the fact was taken in before.
    """
    lock_incidents()
    alert = _new_alert(monitor_id, node_id=node_id, reason=reason, failed_since=failed_since, at=at)
    if alert is None:
        return None
    incident = _take_in(alert, at=at)
    _close_if_green_already(monitor_id, at=at)
    return incident


def open_external(*, node_id: int, reason: str, failed_since: datetime, at: datetime) -> tuple[Alert, bool]:
    """The alert of a node that other systems report, and whether it is new; a new one joins or opens an incident.

    A node has one at most, however many systems report it. Inside the caller's transaction.
    """
    lock_incidents()
    fresh = Alert(node_id=node_id, reason=reason[:500], failed_since=failed_since, opened_at=at)
    Alert.objects.bulk_create([fresh], ignore_conflicts=True)
    rows = Alert.objects.select_related("node", "incident", "incident__root_node")
    alert = rows.get(node_id=node_id, monitor__isnull=True, closed_at__isnull=True)
    if alert.incident is not None:
        return alert, False
    _take_in(alert, at=at)
    return alert, True


def close_external(alert_ids: Iterable[int], *, at: datetime) -> None:
    """End the alerts of other systems among `alert_ids` that no open group holds; in the caller's transaction."""
    lock_incidents()
    over = Alert.objects.select_related("node", "incident").filter(pk__in=list(alert_ids), closed_at__isnull=True)
    for alert in over.exclude(groups__closed_at__isnull=True):
        _end(alert, text=f"{alert.node.name}: what was reported is over", at=at)


def _take_in(alert: Alert, *, at: datetime) -> Incident:
    """The incident that a new alert joins, re-opens or opens."""
    node_id = alert.node_id
    graph = business.graph_now()
    window = _drill_window(graph, node_id=node_id, at=at)
    incident = _incident_to_join(graph, node_id=node_id, at=at)
    if incident is not None:
        _put(alert, incident, at=at)
        reassess(incident, graph=graph, at=at)
        merge_what_has_one_cause(incident, graph=graph, at=at)
    elif (past := _incident_to_reopen(node_id, window=window, at=at)) is not None:
        incident = past
        _put(alert, incident, at=at)
        reopen_incident(incident, graph=graph, at=at)
    else:
        incident = open_incident(alert, graph=graph, window=window, at=at)  # writes the line of the detection
        alert.incident = incident
        alert.save(update_fields=["incident"])
    _mark_suppressed(graph)
    declare_by_rules(at=at)
    return incident


@transaction.atomic
def close_alert(*, monitor_id: int, at: datetime) -> Incident | None:
    """Take in that a monitor is green again; None when it had no open alert."""
    lock_incidents()
    alert = (
        Alert.objects.select_related("node", "incident")
        .filter(monitor_id=monitor_id, closed_at__isnull=True, opened_at__lte=at)
        .first()
    )
    if alert is None or alert.incident is None:
        return None
    return _end(alert, text=f"{alert.node.name} is up again", at=at)


def _end(alert: Alert, *, text: str, at: datetime) -> Incident | None:
    Alert.objects.filter(pk=alert.pk).update(closed_at=at)
    incident = alert.incident
    if incident is None:
        return None
    write_timeline(incident, kind=EntryKind.RECOVERED, text=text, actor=SYSTEM, at=at, key=f"green:{alert.pk}")
    _note_recovery(incident, at=at)
    return incident


def _close_if_green_already(monitor_id: int, *, at: datetime) -> None:
    """The recovery may have been delivered before the failure; then nobody else would close this alert."""
    monitor = watch.monitors_by_id([monitor_id])[monitor_id]
    if monitor.down_since is None and monitor.state_since >= at:
        close_alert(monitor_id=monitor_id, at=monitor.state_since)


def _new_alert(monitor_id: int, *, node_id: int, reason: str, failed_since: datetime, at: datetime) -> Alert | None:
    """The alert of this fact, None when it is there already: two unique constraints decide."""
    fresh = Alert(monitor_id=monitor_id, node_id=node_id, reason=reason[:500], failed_since=failed_since, opened_at=at)
    Alert.objects.bulk_create([fresh], ignore_conflicts=True)
    found = Alert.objects.filter(monitor_id=monitor_id, opened_at=at, incident__isnull=True)
    return found.select_related("node").first()


def _put(alert: Alert, incident: Incident, *, at: datetime) -> None:
    alert.incident = incident
    alert.save(update_fields=["incident"])
    note_detection(incident, alert, at=at)


def _incident_to_join(graph: Graph, *, node_id: int, at: datetime) -> Incident | None:
    unresolved = Incident.objects.exclude(state=IncidentState.RESOLVED)
    open_ones = {incident.pk: incident for incident in unresolved.select_related("root_node", "drill_window")}
    nodes: dict[int, set[int]] = {
        pk: {incident.root_node_id} if incident.root_node_id else set() for pk, incident in open_ones.items()
    }
    for pk, node in Alert.objects.filter(incident__in=open_ones).values_list("incident_id", "node_id"):
        nodes[pk].add(node)
    declared = [pk for pk, incident in open_ones.items() if incident.is_declared]
    if declared:
        through = Incident.functions.through.objects.filter(incident_id__in=declared)
        for pk, node in through.values_list("incident_id", "node_id"):
            nodes[pk].add(node)
    candidates = [
        Candidate(incident_id=pk, opened_at=incident.opened_at, nodes=frozenset(nodes[pk]))
        for pk, incident in open_ones.items()
    ]
    found = incident_to_join(graph, node=node_id, candidates=candidates, at=at)
    return open_ones[found] if found else None


def _incident_to_reopen(node_id: int, *, window: DrillWindow | None, at: datetime) -> Incident | None:
    """The incident of this node that ended within half an hour, if it belongs to the same drill, or to none."""
    return (
        Incident.objects.select_related("root_node", "drill_window")
        .filter(
            Q(root_node_id=node_id) | Q(alerts__node_id=node_id),
            state=IncidentState.RESOLVED,
            resolved_at__gte=at - REOPEN_WITHIN,
            drill_window=window,
            merged_into__isnull=True,
        )
        .order_by("-resolved_at", "-pk")
        .first()
    )


def _drill_window(graph: Graph, *, node_id: int, at: datetime) -> DrillWindow | None:
    """The drill that expects trouble at this node or beneath it."""
    windows = DrillWindow.objects.filter(starts_at__lte=at, ends_at__gt=at).prefetch_related("nodes").order_by("-pk")
    for window in windows:
        if leans_on_any(graph, node_id, {node.pk for node in window.nodes.all()}):
            return window
    return None


def _mark_suppressed(graph: Graph) -> None:
    """Write at each open alert which root cause explains it."""
    alerts = list(Alert.objects.filter(closed_at__isnull=True))
    beside = set(watch.ids_beside_nodes())
    explained = suppressors(graph, down={alert.node_id for alert in alerts if alert.monitor_id not in beside})
    changed = [alert for alert in alerts if alert.suppressed_by_id != explained.get(alert.node_id)]
    for alert in changed:
        alert.suppressed_by_id = explained.get(alert.node_id)
    if changed:
        Alert.objects.bulk_update(changed, ["suppressed_by"])


def _note_recovery(incident: Incident, *, at: datetime) -> None:
    """Write down when no function is hit any more, and when the last alert is gone."""
    if incident.is_over or incident.is_declared:
        return
    waited_for = incident.alerts.filter(closed_at__isnull=True).exclude(monitor_id__in=watch.ids_beside_nodes())
    down = set(waited_for.values_list("node_id", flat=True))
    if not down:
        incident.green_at = at
    if incident.impact_ended_at is None and not functions_hit(down) and (not down or incident.functions.exists()):
        incident.impact_ended_at = at
    incident.save(update_fields=["green_at", "impact_ended_at"])
