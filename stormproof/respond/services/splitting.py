"""Alerts that do not belong where they are: attached elsewhere, or made an incident of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from stormproof.business import selectors as business
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.respond.choices import EntryKind, LinkKind
from stormproof.respond.facts import AlertAttached, IncidentSplit
from stormproof.respond.models import Alert, Incident, IncidentLink, TimelineEntry
from stormproof.respond.rules import deeper_root
from stormproof.respond.services.assessing import assess, functions_hit
from stormproof.respond.services.incidents import announce_opening, note_detection, reassess
from stormproof.respond.services.locking import locked
from stormproof.respond.services.merging import settle_if_green
from stormproof.respond.services.timeline import write_timeline


class CannotSplit(Refused):
    """No alert was chosen, all of them were, or one belongs to another incident."""


class CannotAttachAlert(Refused):
    """The incident is over, has the alert already, or there is no reason."""


@transaction.atomic
def split_incident(incident: Incident, *, alerts: Sequence[Alert], reason: str, actor: Actor, at: datetime) -> Incident:
    """Make an incident of its own of some alerts; the machine never merges it again. Raises `CannotSplit`."""
    actor.require("respond.act")
    incident = locked(incident)
    alerts = _now(alerts)
    if not reason.strip():
        raise CannotSplit("A reason is needed", field="reason", hint="Say why they do not belong together.")
    if not alerts or any(alert.incident_id != incident.pk for alert in alerts):
        raise CannotSplit("Choose alerts of this incident", field="alerts")
    ids = [alert.pk for alert in alerts]
    if not incident.alerts.exclude(pk__in=ids).exists() and not incident.is_declared:
        raise CannotSplit("Nothing would be left", field="alerts", hint="Leave at least one alert here.")
    graph = business.graph_now()
    root_id = deeper_root(graph, current=None, down=[alert.node_id for alert in alerts]) or alerts[0].node_id
    root = business.nodes_by_id([root_id])[root_id]
    is_taken = Incident.objects.exclude(state="resolved").filter(root_node=root, is_declared=False).exists()
    meaning = assess(functions_hit([alert.node_id for alert in alerts], graph=graph), root=root, at=at)
    new = Incident.objects.create(
        title=meaning.title,
        severity=meaning.severity.level,
        severity_reason=meaning.severity.reason,
        impact_started_at=min(alert.failed_since for alert in alerts),
        opened_at=at,
        root_node=root,
        is_declared=is_taken,
        declared_by_id=actor.user_id if is_taken else None,
        is_drill=incident.is_drill,
        drill_window=incident.drill_window,
        is_private=incident.is_private,
        stays_apart=True,
    )
    _move(alerts, incident, new)
    IncidentLink.objects.create(
        incident=new, other=incident, kind=LinkKind.RELATED, made_at=at, made_by=actor.name[:120]
    )
    text = f"{len(ids)} alerts became {new.label}: {reason.strip()}"
    write_timeline(incident, kind=EntryKind.MERGED, text=text[:5000], actor=actor, at=at)
    settle_if_green(incident, alerts, at=at)
    tell(IncidentSplit(incident_id=incident.pk, new_incident_id=new.pk), at=at, actor=actor)
    announce_opening(new, meaning, actor=actor, at=at)
    return new


@transaction.atomic
def attach_alert(alert: Alert, *, to: Incident, reason: str, actor: Actor, at: datetime) -> None:
    """Move an alert to the incident where it belongs. Raises `CannotAttachAlert`."""
    actor.require("respond.act")
    incident = locked(to)
    [alert] = _now([alert])
    if incident.is_over:
        raise CannotAttachAlert(f"{incident.label} is resolved")
    if alert.incident_id == incident.pk:
        raise CannotAttachAlert(f"{incident.label} has this alert already", field="alert")
    if not reason.strip():
        raise CannotAttachAlert("A reason is needed", field="reason")
    before = alert.incident
    if before is not None and (before.is_drill, before.is_private) != (incident.is_drill, incident.is_private):
        raise CannotAttachAlert("One is a drill or private and the other is not", field="alert")
    _move([alert], before, incident)
    text = f"{alert.node.name} belongs here: {reason.strip()}"
    write_timeline(incident, kind=EntryKind.LINKED, text=text[:5000], actor=actor, at=at)
    if before is not None:
        text = f"{alert.node.name} went to {incident.label}: {reason.strip()}"
        write_timeline(before, kind=EntryKind.LINKED, text=text[:5000], actor=actor, at=at)
        settle_if_green(locked(before), [alert], at=at)
    fact = AlertAttached(incident_id=incident.pk, from_incident_id=before.pk if before else None, alert_id=alert.pk)
    tell(fact, at=at, actor=actor)
    if alert.closed_at is None:
        reassess(incident, graph=business.graph_now(), at=at)


def _now(alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts as they are now, under the lock."""
    return list(Alert.objects.select_related("node", "incident").filter(pk__in=[one.pk for one in alerts]))


def _move(alerts: Sequence[Alert], before: Incident | None, after: Incident) -> None:
    """The alerts with the lines that tell of them."""
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(incident=after)
    keys = [f"{word}:{alert.pk}" for alert in alerts for word in ("alert", "green")]
    if before is not None:
        TimelineEntry.objects.filter(incident=before, key__in=keys).update(incident=after)
    for alert in alerts:
        note_detection(after, alert, at=alert.opened_at)
