"""The outbox: every outgoing message is a row, claimed with a lease, sent by a lane per provider, retried.

At least once, with a stable key: a sender that dies between sending and recording sends again under the same key
(`Message-ID` of a mail, `Idempotency-Key` of a webhook). One dead provider delays no other: a lane is one job lock.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.db.models import Q

from stormproof.core.actor import Actor
from stormproof.core.facts import MessageGaveUp, MessageSent, MessageSentAgain, tell
from stormproof.core.jobs import defer_named
from stormproof.core.kinds import CannotSend, sender_for
from stormproof.core.models import Message
from stormproof.core.refusals import Refused
from stormproof.core.secrets import open_text, seal_text

WAITS = (1, 5, 15, 60, 300)  # seconds before each retry; after the last the message is given up
LEASE = timedelta(seconds=30)
BATCH = 50


class CannotSendAgain(Refused):
    """The message is on its way or has gone."""


def post_message(
    *,
    channel: str,
    address: str,
    payload: dict[str, Any],
    key: str,
    at: datetime,
    about: str = "",
    is_reported: bool = True,
    lane: str = "",
) -> Message:
    """Put a message into the outbox in the caller's transaction; a key that was posted before posts nothing new.

    E-mail payload: `subject`, `text`, optional `html`, `headers`. Webhook payload: `json`, optional `headers`.
    With `is_reported` the fact `MessageSent` is told; `MessageGaveUp` is told always.
    A `lane` of one's own keeps mass mails from delaying pages.
    """
    row = Message(
        key=key,
        channel=channel,
        lane=lane or lane_of(channel, address),
        address=address,
        sealed_payload=seal_text(json.dumps(payload)),
        about=about,
        is_reported=is_reported,
        next_at=at,
        created_at=at,
    )
    Message.objects.bulk_create([row], ignore_conflicts=True)
    message = Message.objects.get(key=key)
    if message.state == "pending" and message.attempts == 0:
        _wake(message.lane)
    return message


def lane_of(channel: str, address: str) -> str:
    """The provider a message goes through: mails share one lane, webhooks have one per host."""
    if channel == "email":
        return "email"
    return f"{channel}:{urlsplit(address).netloc.lower()}"[:160]


@transaction.atomic
def send_again(message_id: int, *, actor: Actor, at: datetime) -> Message:
    """Put a message that was given up back into its lane; raises `CannotSendAgain` for one in any other state."""
    actor.require("people.admin")
    changed = Message.objects.filter(pk=message_id, state="failed").update(state="pending", attempts=0, next_at=at)
    if not changed:
        raise CannotSendAgain("Only a message that was given up can be sent again; reload the page.")
    message = Message.objects.get(pk=message_id)
    tell(MessageSentAgain(message_id=message.pk, key=message.key), at=at, actor=actor)
    _wake(message.lane)
    return message


def wake_lanes(*, at: datetime) -> None:
    """Defer a drain for each lane that has a message due (first tries wake their lane themselves)."""
    due = Message.objects.filter(Q(state="pending") | Q(state="sending"), next_at__lte=at)
    for lane in due.order_by().values_list("lane", flat=True).distinct():
        if not _is_awake(lane):
            _wake(lane)


def drain(lane: str, *, clock: Callable[[], datetime]) -> int:
    """Send the messages of `lane` that are due, one after the other; returns how many were tried."""
    tried = 0
    while tried < BATCH:
        message = _claim(lane, at=clock())
        if message is None:
            return tried
        tried += 1
        try:
            sender_for(message.channel)(message.address, json.loads(open_text(message.sealed_payload)), message.key)
        except CannotSend as error:
            _record_failure(message, error=str(error), is_final=error.is_final, at=clock())
        else:
            _record_success(message, at=clock())
    with transaction.atomic():
        _wake(lane)
    return tried


@transaction.atomic
def _claim(lane: str, *, at: datetime) -> Message | None:
    """The next due message, leased to this sender: pending, or `sending` with a lease that ran out."""
    message = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(Q(state="pending") | Q(state="sending"), lane=lane, next_at__lte=at)
        .order_by("next_at", "pk")
        .first()
    )
    if message is None:
        return None
    message.state, message.lease, message.next_at = "sending", uuid.uuid4(), at + LEASE
    message.save(update_fields=["state", "lease", "next_at"])
    return message


@transaction.atomic
def _record_success(message: Message, *, at: datetime) -> None:
    """Mark it sent, also when the lease ran out meanwhile: it did go out."""
    changed = (
        Message.objects.filter(pk=message.pk)
        .exclude(state="sent")
        .update(state="sent", sent_at=at, lease=None, last_error="", attempts=message.attempts + 1)
    )
    if changed and message.is_reported:
        tell(MessageSent(message_id=message.pk, key=message.key, about_what=message.about), at=at)


@transaction.atomic
def _record_failure(message: Message, *, error: str, is_final: bool, at: datetime) -> None:
    """Set the next try, or give up after the last; a sender whose lease ran out changes nothing."""
    tries = message.attempts + 1
    mine = Message.objects.filter(pk=message.pk, lease=message.lease)
    if is_final or tries > len(WAITS):
        if mine.update(state="failed", lease=None, last_error=error[:2000], attempts=tries):
            fact = MessageGaveUp(message_id=message.pk, key=message.key, about_what=message.about, error=error[:500])
            tell(fact, at=at)
        return
    wait = timedelta(seconds=WAITS[tries - 1])
    mine.update(state="pending", lease=None, last_error=error[:2000], attempts=tries, next_at=at + wait)


def _wake(lane: str) -> None:
    defer_named("core.drain_lane", queue="outbox", lock=f"lane:{lane}", priority=5, lane=lane)


def _is_awake(lane: str) -> bool:
    """Whether a drain of this lane already waits for a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock = %s)",
            [f"lane:{lane}"],
        )
        return bool(cursor.fetchone()[0])
