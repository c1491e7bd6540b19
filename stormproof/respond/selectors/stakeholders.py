"""Reads of audiences: who gets an update, what was sent, what the next one would say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from stormproof.core.refusals import NotFound
from stormproof.people.models import User
from stormproof.respond.models import Audience, Incident, StakeholderUpdate
from stormproof.respond.selectors.situation import situation_of

DEFAULT_TEMPLATE = """{title}, since {since} UTC.

State: {stage}. Severity {severity}.
Affected: {functions}.
Cost so far: {cost}.

What we do next:

The next update follows.
"""


def audiences() -> QuerySet[Audience]:
    """Who is kept informed."""
    return Audience.objects.order_by("slug")


def audience_named(slug: str) -> Audience:
    """One audience; raises `NotFound`."""
    found = Audience.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no audience {slug}")
    return found


def recipients_of(audience: Audience) -> list[str]:
    """The addresses an update goes to, each once, in order."""
    found = list(audience.addresses)
    people = User.objects.filter(is_active=True).order_by("email")
    if audience.is_everyone:
        found += list(people.values_list("email", flat=True))
    elif audience.teams:
        found += list(people.filter(memberships__team__slug__in=audience.teams).values_list("email", flat=True))
    return list(dict.fromkeys(address.lower() for address in found))


@dataclass(frozen=True, kw_only=True)
class AudienceNow:
    """An audience of an incident: what it was sent last, and when it expects the next."""

    audience: Audience
    last: StakeholderUpdate | None

    @property
    def due_at(self) -> datetime | None:
        """When the next update is expected."""
        return self.last.next_due_at if self.last else None


def audiences_of(incident: Incident) -> list[AudienceNow]:
    """Every audience with the last update of this incident; of a private one those that may know of it."""
    found = audiences().filter(sees_private=True) if incident.is_private else audiences()
    last: dict[str, StakeholderUpdate] = {}
    for update in incident.updates.order_by("sent_at", "pk"):
        last[update.audience] = update
    return [AudienceNow(audience=one, last=last.get(one.slug)) for one in found]


def updates_of(incident: Incident) -> QuerySet[StakeholderUpdate]:
    """What was sent, the newest first."""
    return incident.updates.order_by("-sent_at", "-pk")


def draft_update(incident: Incident, audience: Audience, at: datetime) -> tuple[str, str]:
    """Subject and text of the next update, from the audience's template."""
    situation = situation_of(incident, at)
    functions = ", ".join(node.name for node in situation.functions) or "nothing that customers use"
    known = {
        "label": incident.label,
        "title": incident.title,
        "severity": str(incident.severity),
        "stage": str(incident.stage),
        "since": f"{incident.impact_started_at:%Y-%m-%d %H:%M}",
        "functions": functions,
        "cost": f"about {situation.so_far:,.0f} {situation.currency}",
        "cause": str(incident.root_node or "not known yet"),
    }
    text = audience.template or DEFAULT_TEMPLATE
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return f"{incident.label} {incident.title}: {incident.stage}"[:200], text
