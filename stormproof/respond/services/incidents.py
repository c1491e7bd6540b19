"""The life of an incident: opened, widened, re-opened, resolved; by alerts or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from stormproof.business.models import Node
from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.engine.graph import Graph
from stormproof.people.models import User
from stormproof.respond.choices import EntryKind, IncidentRole, IncidentState
from stormproof.respond.facts import (
    ImpactWidened,
    IncidentHandedOver,
    IncidentMitigated,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    RootCauseMoved,
    SeverityChanged,
)
from stormproof.respond.models import Alert, DrillWindow, Escalation, Incident
from stormproof.respond.rules import SETTLE, deeper_root, title_of
from stormproof.respond.services.assessing import Assessment, assess, functions_hit
from stormproof.respond.services.locking import lock_incidents, locked
from stormproof.respond.services.paging import page_again, start_paging, tell_webhooks
from stormproof.respond.services.roles import end_roles, put_in_role
from stormproof.respond.services.timeline import write_timeline
from stormproof.watch import selectors as watch


class CannotDeclareIncident(Refused):
    """The incident has no title, or a function it names is none."""


class CannotChangeSeverity(Refused):
    """The incident is over, or the severity is not 1 to 4."""


class CannotHandOver(Refused):
    """The incident is over, or the person cannot command it."""


class CannotMitigateIncident(Refused):
    """There is no reason, or the incident is stable or over already."""


class CannotResolveIncident(Refused):
    """There is no reason, the incident is over already, or monitors are still red."""


def open_incident(alert: Alert, *, graph: Graph, window: DrillWindow | None, at: datetime) -> Incident:
    """An incident for an alert that belongs to none; inside the caller's transaction."""
    hit = functions_hit([alert.node_id], graph=graph)
    meaning = assess(hit, root=alert.node, at=at)
    incident = Incident.objects.create(
        title=meaning.title,
        severity=meaning.severity.level,
        severity_reason=meaning.severity.reason,
        impact_started_at=min(alert.failed_since, at),
        opened_at=at,
        root_node=alert.node,
        is_drill=window is not None,
        drill_window=window,
    )
    note_detection(incident, alert, at=at)
    announce_opening(incident, meaning, actor=SYSTEM, at=at)
    return incident


def note_detection(incident: Incident, alert: Alert, *, at: datetime) -> None:
    """Write on the timeline what a monitor saw; once."""
    text = f"{alert.node.name}: {alert.reason}" if alert.reason else f"{alert.node.name} is down"
    key = f"alert:{alert.pk}"
    write_timeline(incident, kind=EntryKind.DETECTED, text=text, actor=SYSTEM, at=at, key=key)


@transaction.atomic
def declare_incident(
    *,
    title: str,
    functions: Sequence[Node] = (),
    root: Node | None = None,
    severity: int | None = None,
    is_private: bool = False,
    is_drill: bool = False,
    impact_started_at: datetime | None = None,
    actor: Actor,
    at: datetime,
    rule: str = "",
) -> Incident:
    """Open an incident that a person sees before the monitors do; the severity follows from the functions if not given.

    Raises `CannotDeclareIncident`.
    """
    actor.require("respond.act")
    title = title.strip()
    if not title or len(title) > 200:
        raise CannotDeclareIncident("An incident needs a title of at most 200 characters", field="title")
    if wrong := [node for node in functions if node.kind != "function"]:
        raise CannotDeclareIncident(f"{wrong[0].name} is not a business function", field="functions")
    if severity is not None and severity not in range(1, 5):
        raise CannotDeclareIncident(f"Severity {severity} does not exist", field="severity", hint="Choose 1 to 4.")
    started = impact_started_at or at
    if started > at:
        raise CannotDeclareIncident("It cannot have started in the future", field="impact_started_at")
    hit = {node.pk for node in functions} | set(functions_hit([root.pk]) if root else [])
    meaning = assess(sorted(hit), root=root, at=at)
    incident = Incident.objects.create(
        title=title,
        severity=severity or meaning.severity.level,
        severity_reason=f"Set by {actor.name}" if severity else meaning.severity.reason,
        severity_by_hand=severity is not None,
        impact_started_at=started,
        opened_at=at,
        root_node=root,
        declared_by_id=actor.user_id,
        is_declared=True,
        is_drill=is_drill,
        is_private=is_private,
        rule=rule,
    )
    announce_opening(incident, meaning, actor=actor, at=at)
    return incident


def announce_opening(incident: Incident, meaning: Assessment, *, actor: Actor, at: datetime) -> None:
    """Tell that an incident is there and page for it; inside the caller's transaction."""
    incident.functions.add(*meaning.functions)
    text = f"{incident.label} opened, severity {incident.severity}: {incident.severity_reason}"
    write_timeline(incident, kind=EntryKind.OPENED, text=text, actor=actor, at=at, key="opened")
    tell(
        IncidentOpened(
            incident_id=incident.pk,
            root_node_id=incident.root_node_id,
            severity=incident.severity,
            function_ids=[node.pk for node in meaning.functions],
            is_drill=incident.is_drill,
        ),
        at=at,
        actor=actor,
    )
    start_paging(incident, at=at)
    tell_webhooks(incident, event="opened", at=at)


def reassess(incident: Incident, *, graph: Graph, at: datetime) -> None:
    """Follow a new alert: the cause may lie deeper, more functions may be hit, and it may be graver."""
    open_alerts = incident.alerts.filter(closed_at__isnull=True)
    down = set(open_alerts.values_list("node_id", flat=True))
    incident.green_at = None
    before = set(incident.functions.values_list("pk", flat=True))
    now_hit = set(functions_hit(down, graph=graph))
    if now_hit or not before:
        incident.impact_ended_at = None
    incident.save(update_fields=["green_at", "impact_ended_at"])
    causes = open_alerts.exclude(monitor_id__in=watch.ids_beside_nodes()).values_list("node_id", flat=True)
    _move_root(incident, deeper_root(graph, current=incident.root_node_id, down=set(causes)), at=at)
    if now_hit - before:
        _widen(incident, before | now_hit, at=at)


def _move_root(incident: Incident, to_node_id: int | None, *, at: datetime) -> None:
    before = incident.root_node
    if to_node_id is None or to_node_id == incident.root_node_id:
        return
    taken = Incident.objects.exclude(state=IncidentState.RESOLVED).filter(root_node_id=to_node_id, is_declared=False)
    if taken.exclude(pk=incident.pk).exists():
        return
    root = Node.objects.get(pk=to_node_id)
    incident.root_node = root
    if not incident.is_declared and not incident.functions.exists():
        incident.title = title_of(functions=[], root=root.name)
    incident.save(update_fields=["root_node", "title"])
    text = f"The cause is {root.name}" + (f", not {before.name}" if before else "")
    key = f"root:{incident.cycle}:{to_node_id}"
    write_timeline(incident, kind=EntryKind.ROOT_CAUSE, text=text, actor=SYSTEM, at=at, key=key)
    tell(
        RootCauseMoved(incident_id=incident.pk, from_node_id=before.pk if before else None, to_node_id=to_node_id),
        at=at,
    )
    start_paging(incident, at=at)


def _widen(incident: Incident, functions: Iterable[int], *, at: datetime) -> None:
    """More functions are hit than before; a severity set by hand stays, any other may only rise."""
    ids = sorted(functions)
    meaning = assess(ids, root=incident.root_node, at=at)
    incident.functions.set(ids)
    if not incident.is_declared:
        incident.title = meaning.title
        incident.save(update_fields=["title"])
    tell(ImpactWidened(incident_id=incident.pk, function_ids=ids), at=at)
    if not incident.severity_by_hand and meaning.severity.level < incident.severity:
        _set_severity(incident, meaning.severity.level, reason=meaning.severity.reason, actor=SYSTEM, at=at)


def reopen_incident(incident: Incident, *, graph: Graph, at: datetime) -> None:
    """Take up a resolved incident again: its clock runs on, everybody is paged anew."""
    incident.state = IncidentState.OPEN
    incident.resolved_at = incident.acknowledged_at = incident.green_at = incident.impact_ended_at = None
    incident.resolution = ""
    incident.commander = None
    end_roles(incident, at=at)
    incident.cycle += 1
    incident.save()
    text = f"{incident.label} is back"
    key = f"reopened:{incident.cycle}"
    write_timeline(incident, kind=EntryKind.REOPENED, text=text, actor=SYSTEM, at=at, key=key)
    tell(IncidentReopened(incident_id=incident.pk), at=at)
    start_paging(incident, at=at)
    tell_webhooks(incident, event="reopened", at=at)
    reassess(incident, graph=graph, at=at)


@transaction.atomic
def change_severity(incident: Incident, *, severity: int, reason: str, actor: Actor, at: datetime) -> None:
    """Set the severity by hand; from then on the machine leaves it alone. Raises `CannotChangeSeverity`."""
    actor.require("respond.act")
    incident = locked(incident)
    if incident.is_over:
        raise CannotChangeSeverity(f"{incident.label} is resolved")
    if severity not in range(1, 5):
        raise CannotChangeSeverity(f"Severity {severity} does not exist", field="severity", hint="Choose 1 to 4.")
    if severity == incident.severity:
        raise CannotChangeSeverity(f"{incident.label} has severity {severity} already", field="severity")
    incident.severity_by_hand = True
    _set_severity(incident, severity, reason=reason.strip() or f"Set by {actor.name}", actor=actor, at=at)


def _set_severity(incident: Incident, severity: int, *, reason: str, actor: Actor, at: datetime) -> None:
    before, incident.severity, incident.severity_reason = incident.severity, severity, reason[:300]
    rises = severity < before
    if rises:
        incident.cycle += 1
    incident.save(update_fields=["severity", "severity_reason", "severity_by_hand", "cycle"])
    text = f"Severity {before} → {severity}: {reason}"
    write_timeline(incident, kind=EntryKind.SEVERITY, text=text, actor=actor, at=at)
    tell(SeverityChanged(incident_id=incident.pk, before=before, severity=severity), at=at, actor=actor)
    if rises:
        page_again(incident, at=at)
        tell_webhooks(incident, event="severity raised", at=at)


@transaction.atomic
def hand_over(incident: Incident, *, to: User, actor: Actor, at: datetime) -> None:
    """Make another person the commander. Raises `CannotHandOver`."""
    actor.require("respond.act")
    incident = locked(incident)
    if incident.is_over:
        raise CannotHandOver(f"{incident.label} is resolved")
    if not to.is_active:
        raise CannotHandOver(f"{to} no longer works here", field="to", hint="Choose somebody else.")
    if incident.commander_id == to.pk:
        raise CannotHandOver(f"{to} commands {incident.label} already", field="to")
    before = incident.commander_id
    incident.commander = to
    incident.save(update_fields=["commander"])
    put_in_role(incident, role=IncidentRole.COMMANDER, person=to, actor=actor, at=at)
    write_timeline(incident, kind=EntryKind.HANDED_OVER, text=f"{to} commands now", actor=actor, at=at)
    fact = IncidentHandedOver(incident_id=incident.pk, from_user_id=before, user_id=to.pk)
    tell(fact, at=at, actor=actor)


@transaction.atomic
def mitigate_incident(incident: Incident, *, reason: str, actor: Actor, at: datetime) -> None:
    """Say that customers are no longer hit: the clock stands still, the incident goes on.

    The machine says so by itself when no function is hit any more; a new alert that hits one takes it back.
    Raises `CannotMitigateIncident`.
    """
    actor.require("respond.act")
    incident = locked(incident)
    if incident.is_over:
        raise CannotMitigateIncident(f"{incident.label} is resolved")
    if incident.impact_ended_at is not None:
        raise CannotMitigateIncident(f"{incident.label} is stable already")
    if not reason.strip() or len(reason) > 500:
        raise CannotMitigateIncident("A reason of at most 500 characters is needed", field="reason")
    incident.impact_ended_at = at
    incident.save(update_fields=["impact_ended_at"])
    text = f"Customers are no longer hit: {reason.strip()}"
    write_timeline(incident, kind=EntryKind.MITIGATED, text=text, actor=actor, at=at)
    tell(IncidentMitigated(incident_id=incident.pk), at=at, actor=actor)
    tell_webhooks(incident, event="stable", at=at)


@transaction.atomic
def resolve_incident(incident: Incident, *, reason: str, actor: Actor, at: datetime, despite_red: bool = False) -> None:
    """End an incident by hand; with `despite_red` the alerts that are still open are closed with it.

    Raises `CannotResolveIncident`.
    """
    actor.require("respond.act")
    incident = locked(incident)
    if incident.is_over:
        raise CannotResolveIncident(f"{incident.label} is resolved already")
    if not reason.strip():
        raise CannotResolveIncident("A reason is needed", field="reason", hint="Say what ended it.")
    red = list(incident.alerts.filter(closed_at__isnull=True).select_related("node"))
    if red and not despite_red:
        raise CannotResolveIncident(
            f"{len(red)} monitors are still red, the first at {red[0].node.name}",
            field="despite_red",
            hint="Wait until they are green, or say that you resolve it all the same.",
        )
    incident.alerts.filter(closed_at__isnull=True).update(closed_at=at)
    _resolve(incident, reason=reason.strip(), actor=actor, at=at)


@transaction.atomic
def resolve_what_has_settled(*, at: datetime) -> int:
    """Resolve the incidents whose monitors have all been green for a while; returns how many."""
    if not Incident.objects.exclude(state=IncidentState.RESOLVED).filter(green_at__lte=at - SETTLE).exists():
        return 0
    lock_incidents()
    due = (
        Incident.objects.select_for_update(skip_locked=True, of=("self",))
        .exclude(state=IncidentState.RESOLVED)
        .filter(green_at__lte=at - SETTLE, is_declared=False)
        .order_by("green_at")[:100]
    )
    count = 0
    for incident in due:
        if not incident.alerts.filter(closed_at__isnull=True).exists():
            _resolve(incident, reason="All monitors are green", actor=SYSTEM, at=at)
            count += 1
    return count


def _resolve(incident: Incident, *, reason: str, actor: Actor, at: datetime) -> None:
    incident.state = IncidentState.RESOLVED
    incident.resolved_at = at
    incident.resolution = reason[:500]
    incident.impact_ended_at = incident.impact_ended_at or at
    incident.save(update_fields=["state", "resolved_at", "resolution", "impact_ended_at"])
    Escalation.objects.filter(incident=incident, next_at__isnull=False).update(next_at=None)
    end_roles(incident, at=at)
    key = f"resolved:{incident.cycle}"
    write_timeline(incident, kind=EntryKind.RESOLVED, text=f"Resolved: {reason}", actor=actor, at=at, key=key)
    tell(IncidentResolved(incident_id=incident.pk), at=at, actor=actor)
    tell_webhooks(incident, event="resolved", at=at)
