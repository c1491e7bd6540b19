"""Acknowledging: a person says "I am on it"; the first one commands the incident."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import NotFound, Refused
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from stormproof.respond.choices import EntryKind, IncidentRole, IncidentState, PageState
from stormproof.respond.facts import IncidentAcknowledged
from stormproof.respond.models import AckLink, Acknowledgement, Escalation, Incident, Page
from stormproof.respond.rules import acknowledgement_lasts
from stormproof.respond.services.links import nonce_of
from stormproof.respond.services.locking import locked
from stormproof.respond.services.paging import is_answered, tell_webhooks
from stormproof.respond.services.roles import put_in_role
from stormproof.respond.services.timeline import write_timeline


class CannotAcknowledge(Refused):
    """The incident is over, or the link was used or is too old."""


@transaction.atomic
def acknowledge_incident(incident: Incident, *, actor: Actor, at: datetime) -> Incident:
    """Stop the paging: `actor` is on it, and commands the incident if nobody does. Raises `CannotAcknowledge`."""
    actor.require("respond.act")
    return _acknowledge(incident, actor=actor, at=at)


@transaction.atomic
def acknowledge_by_link(token: str, *, at: datetime) -> Incident:
    """Acknowledge for the person a link was sent to. Raises `NotFound` for a foreign link, `CannotAcknowledge`."""
    link = AckLink.objects.select_related("person", "incident").filter(nonce=nonce_of(token) or "-").first()
    if link is None or not link.person.is_active:
        raise NotFound("This link is not one of ours")
    if link.expires_at <= at:
        raise CannotAcknowledge("This link is older than 24 hours", hint="Sign in and acknowledge on the page.")
    if not AckLink.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=at):
        raise CannotAcknowledge("This link was used already", hint="Sign in to see how the incident stands.")
    return _acknowledge(link.incident, actor=actor_for(link.person), at=at)


def _acknowledge(incident: Incident, *, actor: Actor, at: datetime) -> Incident:
    incident = locked(incident)
    if incident.merged_into is not None:  # the page was sent before it became part of another
        incident = locked(incident.merged_into)
    if incident.is_over:
        raise CannotAcknowledge(f"{incident.label} is resolved", hint="There is nothing left to do.")
    if actor.user_id is not None:
        pages = Page.objects.filter(incident=incident, person_id=actor.user_id)
        pages.exclude(state=PageState.ACKNOWLEDGED).update(state=PageState.ACKNOWLEDGED, answered_at=at)
    is_first = incident.state == IncidentState.OPEN
    again = _remember(incident, actor=actor, at=at)
    key = f"acknowledged:{incident.cycle}:{actor.key}{again}"
    text = f"{actor.name} is on it" + (" and commands" if is_first and actor.user_id else "")
    write_timeline(incident, kind=EntryKind.ACKNOWLEDGED, text=text, actor=actor, at=at, key=key)
    if is_first:
        incident.state = IncidentState.ACKNOWLEDGED
        incident.acknowledged_at = incident.acknowledged_at or at
        incident.commander_id = actor.user_id
        incident.save(update_fields=["state", "acknowledged_at", "commander"])
        if actor.user_id is not None:
            person = User.objects.get(pk=actor.user_id)
            put_in_role(incident, role=IncidentRole.COMMANDER, person=person, actor=actor, at=at)
        tell(IncidentAcknowledged(incident_id=incident.pk, user_id=actor.user_id), at=at, actor=actor)
        tell_webhooks(incident, event="acknowledged", at=at)
    for escalation in Escalation.objects.select_for_update().filter(incident=incident, next_at__isnull=False):
        if is_answered(escalation):
            Escalation.objects.filter(pk=escalation.pk).update(next_at=None)
    return incident


def _remember(incident: Incident, *, actor: Actor, at: datetime) -> str:
    """Keep that `actor` is on it, and until when that counts; a mark of its own for one who says so again."""
    said = Escalation.objects.filter(incident=incident, cycle=incident.cycle, ack_seconds__isnull=False)
    shortest = said.order_by("ack_seconds").values_list("ack_seconds", flat=True).first()
    expires_at = at + acknowledgement_lasts(severity=incident.severity, own_seconds=shortest)
    before = Acknowledgement.objects.filter(incident=incident, person_id=actor.user_id).first()
    fresh = {"acknowledged_at": at, "expires_at": expires_at, "asked_at": None, "ended_at": None}
    Acknowledgement.objects.update_or_create(incident=incident, person_id=actor.user_id, defaults=fresh)
    was_doubted = before is not None and (before.asked_at or before.ended_at)
    return f":{at.timestamp():.0f}" if was_doubted else ""
