"""What the system says of itself: the audit trail, parked reactions, the outbox, the running processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from stormproof.core.actor import Actor
from stormproof.core.models import FactRecord, Message, ParkedReaction, SealedFact, Tick

FRESH = timedelta(seconds=15)


@dataclass(frozen=True)
class JobQueue:
    """How much durable work waits: jobs to do now, jobs running, jobs that failed, and the age of the oldest."""

    waiting: int
    running: int
    failed: int
    oldest_seconds: float


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


def processes_seen(actor: Actor, *, at: datetime) -> list[tuple[Tick, bool]]:
    """Each process that gave a sign of life in the last day, with whether it is fresh."""
    actor.require("audit.read")
    seen = Tick.objects.filter(ticked_at__gte=at - timedelta(days=1)).order_by("process", "instance")
    return [(tick, tick.ticked_at >= at - FRESH) for tick in seen]


def job_queue(actor: Actor) -> JobQueue:
    """The state of the durable work, in one query."""
    actor.require("audit.read")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()),"
            " count(*) FILTER (WHERE j.status = 'doing'), count(*) FILTER (WHERE j.status = 'failed'),"
            " coalesce(extract(epoch FROM now() - min(e.at) FILTER (WHERE j.status = 'todo'"
            " AND coalesce(j.scheduled_at, now()) <= now())), 0)"
            " FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'"
        )
        waiting, running, failed, oldest = cursor.fetchone()
    return JobQueue(waiting=waiting, running=running, failed=failed, oldest_seconds=float(oldest))


def seal_head() -> tuple[int, str]:
    """Where the hash chain stands: how many facts are sealed, and the last hash."""
    last = SealedFact.objects.order_by("-position").values_list("position", "hash").first()
    return last or (0, "")
