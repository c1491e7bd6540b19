"""Mail subscribers: asked, confirmed by a link (double opt-in), gone with one click."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from stormproof.business import selectors as business
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import NotFound, Refused
from stormproof.inform.facts import SubscriberConfirmed, SubscriberLeft
from stormproof.inform.models import SubscribeAttempt, Subscriber
from stormproof.inform.rules import Asked
from stormproof.inform.selectors import status_page
from stormproof.inform.services.links import confirm_link, nonce_to_confirm, nonce_to_leave
from stormproof.inform.services.mailing import LANE, bulk_headers

_ADDRESS = re.compile(r"^[^@\s<>,;:\"\\]{1,64}@[^@\s<>,;:\"\\.]+(?:\.[^@\s<>,;:\"\\.]+)+$")
UNCONFIRMED_KEPT = timedelta(days=7)
LEFT_KEPT = timedelta(days=30)


class CannotSubscribe(Refused):
    """The address is none, or mails were asked for too often."""


@transaction.atomic
def ask_to_subscribe(email: str, *, origin: str, at: datetime) -> None:
    """Mail a confirming link to `email`; raises `CannotSubscribe`. `origin` is the network address that asked.

    Whether the address is a subscriber already is told to nobody: one who is gets no mail.
    """
    address = email.strip().lower()
    if len(address) > 254 or not _ADDRESS.match(address):
        raise CannotSubscribe("This is not an e-mail address", field="email", hint="Write it like name@example.org.")
    _refuse_too_often(address, origin=origin, at=at)
    subscriber, _ = Subscriber.objects.get_or_create(
        email=address, defaults={"nonce": secrets.token_urlsafe(24), "asked_at": at}
    )
    if subscriber.state == "confirmed":
        return
    Subscriber.objects.filter(pk=subscriber.pk).update(asked_at=at)
    shop = status_page().name or business.business_now().name or "our shop"
    text = (
        f"Somebody, probably you, asked for mails about outages of {shop}.\n\n"
        f"To get them, open this link and press the button:\n{confirm_link(subscriber)}\n\n"
        "The link works for three days. If it was not you, do nothing: you will get no further mail.\n"
    )
    post_message(
        channel="email",
        address=address,
        payload={"subject": f"Confirm: mails about {shop}", "text": text, "headers": bulk_headers()},
        key=f"subscribe:{subscriber.pk}:{int(at.timestamp() * 1000)}",
        about=f"subscriber:{subscriber.pk}",
        is_reported=False,
        lane=LANE,
        at=at,
    )


def _refuse_too_often(address: str, *, origin: str, at: datetime) -> None:
    who, what = keyed_hash(origin), keyed_hash(address)
    hour = SubscribeAttempt.objects.filter(at__gt=at - timedelta(hours=1))
    asked = Asked(
        by_origin_this_hour=hour.filter(origin=who).count(),
        for_email_today=SubscribeAttempt.objects.filter(email_hash=what, at__gt=at - timedelta(days=1)).count(),
        by_everybody_this_hour=hour.count(),
    )
    if asked.is_too_often:
        raise CannotSubscribe("Too many requests", field="email", hint="Try again in an hour.")
    SubscribeAttempt.objects.create(origin=who, email_hash=what, at=at)


def keyed_hash(text: str) -> str:
    """A hash that only this installation can compute: counts without keeping addresses."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def confirm_subscription(token: str, *, at: datetime) -> Subscriber:
    """The subscriber behind a confirming link, confirmed now; raises `NotFound`. Twice changes nothing."""
    subscriber = subscriber_of(nonce_to_confirm(token))
    if subscriber.state != "confirmed":
        subscriber.confirmed_at, subscriber.left_at = at, None
        subscriber.save(update_fields=["confirmed_at", "left_at"])
        tell(SubscriberConfirmed(subscriber_id=subscriber.pk), at=at)
    return subscriber


@transaction.atomic
def leave_subscription(token: str, *, at: datetime) -> Subscriber:
    """The subscriber behind a leaving link gets no more mails; raises `NotFound`. Twice changes nothing."""
    subscriber = subscriber_of(nonce_to_leave(token))
    _end(subscriber, at=at)
    return subscriber


@transaction.atomic
def remove_subscriber(subscriber: Subscriber, *, actor: Actor, at: datetime) -> None:
    """A person of the shop ends a subscription, because the subscriber asked for it."""
    actor.require("inform.write")
    _end(subscriber, at=at)


def _end(subscriber: Subscriber, *, at: datetime) -> None:
    changed = Subscriber.objects.filter(pk=subscriber.pk, left_at__isnull=True).update(left_at=at)
    if changed:
        tell(SubscriberLeft(subscriber_id=subscriber.pk), at=at)


def check_confirm_link(token: str) -> None:
    """Raise `NotFound` unless the confirming link is ours and young enough."""
    subscriber_of(nonce_to_confirm(token))


def check_leave_link(token: str) -> None:
    """Raise `NotFound` unless the leaving link is ours."""
    subscriber_of(nonce_to_leave(token))


def subscriber_of(nonce: str | None) -> Subscriber:
    """The subscriber with that nonce; raises `NotFound`."""
    found = Subscriber.objects.filter(nonce=nonce).first() if nonce else None
    if found is None:
        raise NotFound("This link is not one of ours, or it is too old")
    return found


@transaction.atomic
def forget_stale_subscriptions(*, at: datetime) -> int:
    """Delete addresses that were never confirmed or that left long ago, and old attempts; how many addresses."""
    SubscribeAttempt.objects.filter(at__lt=at - timedelta(days=1)).delete()
    never = Q(confirmed_at__isnull=True, asked_at__lt=at - UNCONFIRMED_KEPT)
    return Subscriber.objects.filter(never | Q(left_at__lt=at - LEFT_KEPT)).delete()[0]
