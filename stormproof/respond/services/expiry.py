"""Acknowledgements run out: whoever gave one is asked, and without an answer paging goes on where it stopped."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from stormproof.core.actor import SYSTEM
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.people import selectors as people
from stormproof.people.models import User
from stormproof.respond.choices import EntryKind, IncidentState
from stormproof.respond.facts import AcknowledgementRanOut
from stormproof.respond.models import Acknowledgement, Escalation, Incident
from stormproof.respond.rules import ASK_LASTS
from stormproof.respond.services.links import make_ack_link
from stormproof.respond.services.locking import lock_incidents
from stormproof.respond.services.paging import is_answered, resume
from stormproof.respond.services.timeline import write_timeline
from stormproof.respond.services.words import page_of, question_of


@transaction.atomic
def let_acknowledgements_run_out(*, at: datetime) -> int:
    """Ask whose acknowledgement has run out; resume paging where nobody answered in time. How many were due."""
    is_due = Q(asked_at__isnull=True, expires_at__lte=at) | Q(asked_at__lte=at - ASK_LASTS)
    live = Acknowledgement.objects.filter(is_due, ended_at__isnull=True, incident__state=IncidentState.ACKNOWLEDGED)
    if not live.exists():
        return 0
    lock_incidents()
    due = list(live.select_for_update(of=("self",)).select_related("incident", "person").order_by("expires_at", "pk"))
    for one in due:
        if one.asked_at is None and one.person is not None and one.person.is_active:
            _ask(one, one.person, at=at)
        else:
            _end(one, at=at)
    return len(due)


def _ask(one: Acknowledgement, person: User, *, at: datetime) -> None:
    incident = one.incident
    Acknowledgement.objects.filter(pk=one.pk).update(asked_at=at)
    point = next(iter(people.contact_points_of(person)), None)
    channel, address = (point.channel, point.address) if point else ("email", person.email)
    link = make_ack_link(incident, person=person, at=at)
    payload = question_of(incident, link=link, minutes=int(ASK_LASTS.total_seconds() // 60))
    if channel == "webhook":
        payload = {"json": {"event": "still on it?", "incident": incident.label, "url": page_of(incident), **payload}}
        payload["json"]["acknowledge_url"] = link
    key = f"ask:{one.pk}:{one.expires_at.timestamp():.0f}"
    post_message(channel=channel, address=address, payload=payload, key=key, at=at, about=f"incident:{incident.pk}")
    text = f"Asked {person} whether they are still on it"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=key)


def _end(one: Acknowledgement, *, at: datetime) -> None:
    Acknowledgement.objects.filter(pk=one.pk).update(ended_at=at)
    incident = Incident.objects.select_for_update(of=("self",)).select_related("root_node").get(pk=one.incident_id)
    escalations = list(Escalation.objects.filter(incident=incident, cycle=incident.cycle))
    if escalations and all(is_answered(escalation) for escalation in escalations):
        return
    if not Acknowledgement.objects.filter(incident=incident, ended_at__isnull=True).exists():
        Incident.objects.filter(pk=incident.pk).update(state=IncidentState.OPEN)
        incident.state = IncidentState.OPEN
    text = f"{one.person or 'Nobody'} did not say that they are still on it; paging goes on"
    key = f"ran-out:{one.pk}:{one.expires_at.timestamp():.0f}"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=key)
    tell(AcknowledgementRanOut(incident_id=incident.pk, user_id=one.person_id), at=at)
    resume(incident, at=at)
