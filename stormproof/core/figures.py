"""Figures about the platform itself, for `/metrics`, `/readyz` and `stormproof doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Q

from stormproof.core.models import FactRecord, Message, ParkedReaction


@dataclass(frozen=True, kw_only=True)
class OutboxFigures:
    """How the outgoing messages fare: waiting, the age of the oldest that is due, given up."""

    waiting: int
    oldest_waiting_s: float
    given_up: int


def outbox_figures(*, at: datetime) -> OutboxFigures:
    """The state of the outbox at `at`; a message that waits for its retry is not late."""
    open_states = Q(state__in=["pending", "sending"])
    found = Message.objects.aggregate(
        waiting=Count("pk", filter=open_states),
        oldest=Min("next_at", filter=open_states & Q(next_at__lte=at)),
        given_up=Count("pk", filter=Q(state="failed")),
    )
    oldest = (at - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return OutboxFigures(waiting=found["waiting"], oldest_waiting_s=oldest, given_up=found["given_up"])


def reactions_parked() -> int:
    """How many reactions are set aside for a person."""
    return ParkedReaction.objects.filter(settled_at__isnull=True).count()


def jobs_by_state() -> dict[str, int]:
    """Jobs in the queue by procrastinate's state: todo, doing, failed ..."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status")
        return {str(state): int(count) for state, count in cursor.fetchall()}


def newest_fact_id() -> int:
    """The id of the newest fact; 0 when nothing has happened yet."""
    newest = FactRecord.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0
