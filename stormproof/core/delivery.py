"""Delivery of facts to reactions: once each, retried, and parked when it keeps failing."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import ParkedReactionRetried, ReactionParked, origin, reaction_named, read_fact, tell
from stormproof.core.jobs import defer_named
from stormproof.core.models import Delivery, FactRecord, ParkedReaction
from stormproof.core.refusals import Refused

TRIES = 6


class CannotRetryReaction(Refused):
    """The parked reaction was settled already."""


@transaction.atomic
def deliver_once(*, fact_id: int, reaction: str, at: datetime) -> bool:
    """Run `reaction` on the fact unless it has run; True when it ran now. One transaction holds act and mark."""
    record = FactRecord.objects.get(pk=fact_id)
    if not _mark(fact_id=fact_id, reaction=reaction, at=at):
        return False
    token = origin.set(f"fact:{fact_id}")
    try:
        reaction_named(reaction)(read_fact(record), at=record.happened_at)
    finally:
        origin.reset(token)
    return True


def _mark(*, fact_id: int, reaction: str, at: datetime) -> bool:
    sql = f"""INSERT INTO {Delivery._meta.db_table} (fact_id, reaction, delivered_at) VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING"""  # noqa: S608 (the table's name is ours); waits for a twin that is at it
    with connection.cursor() as cursor:
        cursor.execute(sql, [fact_id, reaction, at])
        return bool(cursor.rowcount == 1)


@transaction.atomic
def park(*, fact_id: int, reaction: str, error: Exception, attempts: int, at: datetime) -> None:
    """Set a failing reaction aside for a person, and tell it (which pages the admins)."""
    record = FactRecord.objects.get(pk=fact_id)
    parked = ParkedReaction.objects.create(
        fact=record,
        reaction=reaction,
        error=f"{type(error).__name__}: {error}"[:4000],
        attempts=attempts,
        parked_at=at,
    )
    if record.name != ReactionParked.__name__:  # a failing pager must not page about itself for ever
        tell(ReactionParked(parked_id=parked.pk, reaction=reaction, fact_name=record.name), at=at)


@transaction.atomic
def retry_parked(parked_id: int, *, actor: Actor, at: datetime) -> None:
    """Send a parked reaction again; raises `CannotRetryReaction` when somebody has settled it."""
    actor.require("people.admin")
    taken = ParkedReaction.objects.filter(pk=parked_id, settled_at__isnull=True).update(
        settled_at=at, settled_by=actor.key
    )
    if not taken:
        raise CannotRetryReaction("This reaction has been retried or dropped already; reload the page.")
    parked = ParkedReaction.objects.get(pk=parked_id)
    defer_named("core.deliver", queue="facts", fact_id=parked.fact_id, reaction=parked.reaction)
    tell(ParkedReactionRetried(parked_id=parked_id, reaction=parked.reaction), at=at, actor=actor)
