"""Updates to those who must know but do not respond: staff, management, partners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.respond.choices import EntryKind, IncidentRole
from stormproof.respond.facts import StakeholdersReminded, StakeholdersUpdated
from stormproof.respond.models import Audience, Incident, StakeholderUpdate
from stormproof.respond.selectors.stakeholders import recipients_of
from stormproof.respond.services.locking import locked
from stormproof.respond.services.timeline import write_timeline


class CannotSendUpdate(Refused):
    """The text is empty, nobody would get it, or the audience may not know of a private incident."""


@transaction.atomic
def set_audiences(audiences: Sequence[Audience], *, actor: Actor) -> None:
    """Make these (unsaved) audiences the ones that are kept informed."""
    actor.require("respond.write")
    Audience.objects.all().delete()
    Audience.objects.bulk_create(audiences)


@transaction.atomic
def send_update(
    incident: Incident,
    audience: Audience,
    *,
    subject: str,
    text: str,
    next_in_seconds: float | None = None,
    actor: Actor,
    at: datetime,
) -> StakeholderUpdate:
    """Mail an update to an audience and say when the next is due. Raises `CannotSendUpdate`."""
    actor.require("respond.act")
    incident = locked(incident)
    if not subject.strip() or len(subject) > 200 or "\n" in subject:
        raise CannotSendUpdate("A subject of at most 200 characters on one line is needed", field="subject")
    if not text.strip() or len(text) > 20_000:
        raise CannotSendUpdate("A text of at most 20000 characters is needed", field="text")
    if incident.is_private and not audience.sees_private:
        raise CannotSendUpdate(f"{incident.label} is private, and {audience} may not know of it", field="audience")
    people = recipients_of(audience)
    if not people:
        raise CannotSendUpdate(f"{audience} has no addresses", field="audience", hint="Name them in continuity.yaml.")
    number = incident.updates.filter(audience=audience.slug).count() + 1
    update = StakeholderUpdate.objects.create(
        incident=incident,
        audience=audience.slug,
        number=number,
        subject=subject.strip(),
        text=text.strip(),
        recipients=len(people),
        sent_at=at,
        sent_by=actor.name[:120],
        next_due_at=at + timedelta(seconds=next_in_seconds) if next_in_seconds and not incident.is_over else None,
    )
    StakeholderUpdate.objects.filter(incident=incident, audience=audience.slug, number__lt=number).update(
        next_due_at=None
    )
    _mail(update, people, at=at)
    line = f"Update {number} to {audience.name} ({len(people)}): {update.subject}"
    write_timeline(incident, kind=EntryKind.UPDATE, text=line, actor=actor, at=at)
    fact = StakeholdersUpdated(incident_id=incident.pk, audience=audience.slug, number=number, recipients=len(people))
    tell(fact, at=at, actor=actor)
    return update


def _mail(update: StakeholderUpdate, addresses: Sequence[str], *, at: datetime) -> None:
    """One mail to each, in a lane of its own so that no page waits for them."""
    for place, address in enumerate(addresses):
        post_message(
            channel="email",
            address=address,
            payload={"subject": update.subject, "text": update.text},
            key=f"update:{update.pk}:{place}",
            at=at,
            about=f"incident:{update.incident_id}",
            is_reported=False,
            lane="updates",
        )


@transaction.atomic
def remind_of_updates(*, at: datetime) -> int:
    """Mail who communicates, or commands, that an audience expects an update now; once each. Returns how many."""
    due = (
        StakeholderUpdate.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("incident__commander")
        .filter(next_due_at__lte=at, reminded_at__isnull=True, incident__resolved_at__isnull=True)
        .order_by("next_due_at", "pk")[:100]
    )
    count = 0
    for update in due:
        StakeholderUpdate.objects.filter(pk=update.pk).update(reminded_at=at)
        incident = update.incident
        role = incident.roles.filter(role=IncidentRole.COMMUNICATIONS, is_deputy=False, ended_at__isnull=True).first()
        person = role.person if role else incident.commander
        if person is None or not person.is_active:
            continue
        url = f"{env.public_url}/incidents/{incident.number}/updates/{update.audience}/"
        payload = {
            "subject": f"{incident.label}: {update.audience} expects an update",
            "text": f"The audience {update.audience} was promised the next update of {incident} by now.\n\n{url}\n",
        }
        key = f"update:{update.pk}:due"
        about = f"incident:{incident.pk}"
        post_message(channel="email", address=person.email, payload=payload, key=key, at=at, about=about)
        tell(StakeholdersReminded(incident_id=incident.pk, audience=update.audience), at=at)
        count += 1
    return count
