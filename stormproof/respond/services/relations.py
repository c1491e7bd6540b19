"""Links between incidents, who may know of one, and the rules that declare one by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.respond.choices import EntryKind, IncidentState, LinkKind
from stormproof.respond.facts import IncidentPrivacyChanged, IncidentsLinked, IncidentsUnlinked
from stormproof.respond.models import Alert, DeclareRule, Incident, IncidentLink, IncidentSettings
from stormproof.respond.services.incidents import declare_incident
from stormproof.respond.services.legal import start_legal_clocks
from stormproof.respond.services.locking import locked
from stormproof.respond.services.timeline import write_timeline


class CannotLink(Refused):
    """The two are one incident, there is no such kind of link, or it is there already."""


class CannotChangePrivacy(Refused):
    """It is so already, or there is no reason."""


class CannotSetWarRoom(Refused):
    """The address is none."""


@transaction.atomic
def link_incidents(incident: Incident, *, other: Incident, kind: str, actor: Actor, at: datetime) -> IncidentLink:
    """Say what an incident has to do with another. Raises `CannotLink`."""
    actor.require("respond.act")
    if kind not in LinkKind.values:
        raise CannotLink(f"{kind!r} is no kind of link", field="kind", hint=f"Choose of {', '.join(LinkKind.values)}.")
    if incident.pk == other.pk:
        raise CannotLink("An incident cannot be linked to itself", field="other")
    link, is_new = IncidentLink.objects.get_or_create(
        incident=incident, other=other, kind=kind, defaults={"made_at": at, "made_by": actor.name[:120]}
    )
    if not is_new:
        raise CannotLink(f"{incident.label} is linked so already", field="other")
    word = str(LinkKind(kind).label).lower()
    if incident.is_private == other.is_private:
        write_timeline(other, kind=EntryKind.LINKED, text=f"{incident.label} is {word} this", actor=actor, at=at)
    write_timeline(incident, kind=EntryKind.LINKED, text=f"Is {word} {other.label}", actor=actor, at=at)
    fact = IncidentsLinked(incident_id=incident.pk, other_incident_id=other.pk, kind=str(kind))
    tell(fact, at=at, actor=actor)
    return link


@transaction.atomic
def unlink_incidents(link: IncidentLink, *, actor: Actor, at: datetime) -> None:
    """Take a link away."""
    actor.require("respond.act")
    IncidentLink.objects.filter(pk=link.pk).delete()
    text = f"No longer linked to {link.other.label}"
    write_timeline(link.incident, kind=EntryKind.LINKED, text=text, actor=actor, at=at)
    fact = IncidentsUnlinked(incident_id=link.incident_id, other_incident_id=link.other_id)
    tell(fact, at=at, actor=actor)


@transaction.atomic
def set_privacy(incident: Incident, *, is_private: bool, reason: str, actor: Actor, at: datetime) -> None:
    """Make an incident private, or known to all who may read incidents. Raises `CannotChangePrivacy`."""
    actor.require("respond.act")
    incident = locked(incident)
    if incident.is_private == is_private:
        raise CannotChangePrivacy(f"{incident.label} is {'private' if is_private else 'not private'} already")
    if not reason.strip():
        raise CannotChangePrivacy("A reason is needed", field="reason")
    incident.is_private = is_private
    incident.save(update_fields=["is_private"])
    text = f"{'Private from now on' if is_private else 'No longer private'}: {reason.strip()}"
    write_timeline(incident, kind=EntryKind.DECISION, text=text[:5000], actor=actor, at=at)
    tell(IncidentPrivacyChanged(incident_id=incident.pk, is_private=is_private), at=at, actor=actor)


@transaction.atomic
def set_war_room(template: str, *, actor: Actor) -> None:
    """The address where people meet, with {number} or {label} in it; empty for none. Raises `CannotSetWarRoom`."""
    actor.require("respond.write")
    if template and not template.startswith(("https://", "http://")):
        raise CannotSetWarRoom(f"{template!r} is no address", field="war_room", hint="It begins with https://.")
    IncidentSettings.objects.update_or_create(pk=1, defaults={"war_room": template})


@transaction.atomic
def set_declare_rules(rules: Sequence[DeclareRule], *, actor: Actor) -> None:
    """Make these (unsaved) rules the ones that declare incidents by themselves."""
    actor.require("respond.write")
    DeclareRule.objects.all().delete()
    DeclareRule.objects.bulk_create(rules)


def declare_by_rules(*, at: datetime) -> None:
    """Declare what the rules say of the alerts there are now; inside the caller's transaction, which holds the lock."""
    for rule in DeclareRule.objects.all():
        if Incident.objects.exclude(state=IncidentState.RESOLVED).filter(rule=rule.slug).exists():
            continue
        fitting = list(_fitting(rule, at=at)[: max(rule.count, 50)])
        if len(fitting) >= rule.count:
            _declare(rule, fitting, at=at)


def _fitting(rule: DeclareRule, *, at: datetime) -> QuerySet[Alert]:
    since = at - timedelta(seconds=rule.within_seconds)
    found = Alert.objects.filter(opened_at__gte=since, opened_at__lte=at, incident__is_drill=False)
    if rule.team:
        found = found.filter(node__team__slug=rule.team)
    if rule.function:
        found = found.filter(incident__functions__slug=rule.function)
    if rule.kinds:
        found = found.filter(monitor__kind__in=rule.kinds)
    if rule.severity_at_most is not None:
        found = found.filter(incident__severity__lte=rule.severity_at_most)
    return found.select_related("incident", "node").order_by("opened_at", "pk").distinct()


def _declare(rule: DeclareRule, alerts: Sequence[Alert], *, at: datetime) -> None:
    incident = declare_incident(
        title=rule.title,
        severity=rule.severity,
        is_private=rule.is_private,
        impact_started_at=min(at, *(alert.failed_since for alert in alerts)),
        actor=SYSTEM,
        at=at,
        rule=rule.slug,
    )
    text = f"Declared by the rule {rule.slug}: {len(alerts)} alerts"
    write_timeline(incident, kind=EntryKind.OPENED, text=text, actor=SYSTEM, at=at, key="rule")
    others = dict.fromkeys(alert.incident_id for alert in alerts if alert.incident_id is not None)
    IncidentLink.objects.bulk_create(
        IncidentLink(incident_id=other, other=incident, kind=LinkKind.RELATED, made_at=at, made_by=SYSTEM.name)
        for other in others
    )
    if rule.laws:
        start_legal_clocks(incident, laws=rule.laws, aware_at=at, actor=SYSTEM, at=at)
