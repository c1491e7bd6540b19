"""Contact points: listed by their person, used only after the link that was sent there came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Max

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people.choices import Channel, LinkPurpose
from stormproof.people.facts import (
    ContactPointAdded,
    ContactPointRemoved,
    ContactPointsReordered,
    ContactPointVerified,
)
from stormproof.people.models import ContactPoint, User
from stormproof.people.services.links import CannotUseLink, link_behind, mail_link, make_link, use_link

MOST = 10


class CannotAddContactPoint(Refused):
    """The address does not fit the channel, or is on the list already."""


class CannotRemoveContactPoint(Refused):
    """The last verified contact point stays: otherwise nobody could page this person."""


class CannotReorderContactPoints(Refused):
    """The new order does not name each contact point once."""


@transaction.atomic
def add_contact_point(user: User, *, channel: str, address: str, actor: Actor, at: datetime) -> ContactPoint:
    """List a way to reach `user`, last in the order, and send the verifying link; raises `CannotAddContactPoint`."""
    _require_own(user, actor=actor)
    address = _checked_address(channel, address)
    listed = ContactPoint.objects.filter(user=user)
    if listed.filter(channel=channel, address=address).exists():
        raise CannotAddContactPoint(f"{address} is on the list already", field="address")
    if listed.count() >= MOST:
        raise CannotAddContactPoint(f"{MOST} contact points are the most", hint="Remove one first")
    last = listed.aggregate(last=Max("position"))["last"]
    position = 0 if last is None else last + 1
    point = ContactPoint.objects.create(user=user, channel=channel, address=address, position=position)
    tell(ContactPointAdded(contact_point_id=point.pk, user_id=user.pk, channel=channel), at=at, actor=actor)
    _send_verification(point, at=at)
    return point


@transaction.atomic
def verify_again(point: ContactPoint, *, actor: Actor, at: datetime) -> None:
    """Send a new verification link; nothing happens when the contact point is verified."""
    _require_own(point.user, actor=actor)
    if point.verified_at is None:
        _send_verification(point, at=at)


@transaction.atomic
def verify_contact_point(token: str, *, at: datetime) -> ContactPoint:
    """Mark the contact point verified whose link came back; raises `CannotUseLink`."""
    link = link_behind(token, purpose=LinkPurpose.CONTACT, at=at)
    use_link(link, at=at)
    point = link.contact_point
    if point is None:
        raise CannotUseLink("This contact point is gone")
    ContactPoint.objects.filter(pk=point.pk).update(verified_at=at)
    point.verified_at = at
    tell(ContactPointVerified(contact_point_id=point.pk, user_id=point.user_id), at=at)
    return point


@transaction.atomic
def remove_contact_point(point: ContactPoint, *, actor: Actor, at: datetime) -> None:
    """Take a contact point off the list; raises `CannotRemoveContactPoint` for the last verified one."""
    _require_own(point.user, actor=actor)
    User.objects.select_for_update().get(pk=point.user_id)
    others = ContactPoint.objects.filter(user=point.user_id, verified_at__isnull=False).exclude(pk=point.pk)
    if point.verified_at and not others.exists():
        raise CannotRemoveContactPoint("This is the last verified contact point", hint="Verify another one first")
    pk = point.pk
    point.delete()
    _number(list(ContactPoint.objects.filter(user=point.user_id).order_by("position")))
    tell(ContactPointRemoved(contact_point_id=pk, user_id=point.user_id), at=at, actor=actor)


@transaction.atomic
def reorder_contact_points(user: User, *, ids: Sequence[int], actor: Actor, at: datetime) -> None:
    """Set the order of fallback; raises `CannotReorderContactPoints` unless `ids` names each contact point once."""
    _require_own(user, actor=actor)
    points = {point.pk: point for point in ContactPoint.objects.select_for_update().filter(user=user)}
    if sorted(ids) != sorted(points):
        raise CannotReorderContactPoints("The order must name each contact point once", field="ids")
    _number([points[pk] for pk in ids])
    tell(ContactPointsReordered(user_id=user.pk, contact_point_ids=list(ids)), at=at, actor=actor)


def _number(points: Sequence[ContactPoint]) -> None:
    """Give `points` the positions 0, 1, 2 ...; the constraint on the order is checked at the end of the transaction."""
    for position, point in enumerate(points):
        point.position = position
    ContactPoint.objects.bulk_update(points, ["position"])


def _require_own(user: User, *, actor: Actor) -> None:
    if actor.user_id != user.pk:
        actor.require("people.admin")


def _checked_address(channel: str, address: str) -> str:
    if channel == Channel.EMAIL:
        try:
            validate_email(address.strip())
        except ValidationError:
            raise CannotAddContactPoint(f"{address!r} is no e-mail address", field="address") from None
        return address.strip().lower()
    if channel == Channel.WEBHOOK:
        parts = urlsplit(address.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            hint = "Such as https://chat.example/hooks/abc"
            raise CannotAddContactPoint(f"{address!r} is no web address", field="address", hint=hint)
        return address.strip()
    raise CannotAddContactPoint(f"There is no channel {channel!r}", field="channel", hint=", ".join(Channel.values))


def _send_verification(point: ContactPoint, *, at: datetime) -> None:
    link, address = make_link(LinkPurpose.CONTACT, at=at, contact_point=point)
    text = f"{point.user} wants Stormproof to send pages here. Open this within two days to allow it:\n{address}"
    if point.channel == Channel.EMAIL:
        mail_link(link, address=point.address, subject="May Stormproof page you here?", text=text, at=at)
        return
    post_message(
        channel="webhook",
        address=point.address,
        payload={"json": {"type": "contact_point.verify", "text": text, "link": address}},
        key=f"people:link:{link.pk}",
        at=at,
        is_reported=False,
    )
