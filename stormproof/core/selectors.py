"""What the system says of itself: the audit trail, parked reactions, the outbox, the running processes."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from stormproof.core.actor import Actor
from stormproof.core.models import FactRecord, Message, ParkedReaction, SealedFact


def facts_visible(
    actor: Actor, *, name: str = "", subject: str = "", who: str = "", since: datetime | None = None
) -> QuerySet[FactRecord]:
    """The audit trail, newest first, narrowed by fact name, subject (`incident:12`) and actor (`user:5`)."""
    actor.require("audit.read")
    found = FactRecord.objects.order_by("-happened_at", "-id")
    if name:
        found = found.filter(name__icontains=name)
    if subject:
        found = found.filter(subjects__contains=[subject])
    if who:
        found = found.filter(Q(actor=who) | Q(actor_name__icontains=who))
    if since is not None:
        found = found.filter(happened_at__gte=since)
    return found


def parked_reactions(actor: Actor) -> QuerySet[ParkedReaction]:
    """Reactions that were set aside and that nobody has settled, oldest first."""
    actor.require("people.admin")
    return ParkedReaction.objects.filter(settled_at__isnull=True).select_related("fact").order_by("parked_at")


def messages_visible(actor: Actor, *, state: str = "", about: str = "") -> QuerySet[Message]:
    """The outbox without its sealed payloads, newest first."""
    actor.require("audit.read")
    found = Message.objects.defer("sealed_payload").order_by("-created_at", "-pk")
    if state:
        found = found.filter(state=state)
    if about:
        found = found.filter(about=about)
    return found


def seal_head() -> tuple[int, str]:
    """Where the hash chain stands: how many facts are sealed, and the last hash."""
    last = SealedFact.objects.order_by("-position").values_list("position", "hash").first()
    return last or (0, "")
