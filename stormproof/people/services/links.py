"""One-time links: made with a signature, mailed, good once and until they expire."""

from __future__ import annotations

from datetime import datetime

from django.core import signing

from stormproof.core.env import env
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people.models import ContactPoint, OneTimeLink, User
from stormproof.people.rules import link_expires_at


class CannotUseLink(Refused):
    """The link was used, replaced or altered, or it has expired."""


def make_link(
    purpose: str, *, at: datetime, user: User | None = None, contact_point: ContactPoint | None = None
) -> tuple[OneTimeLink, str]:
    """A fresh link and its whole address; links made before for the same purpose and person stop working."""
    earlier = OneTimeLink.objects.filter(purpose=purpose, user=user, contact_point=contact_point, used_at__isnull=True)
    earlier.delete()
    link = OneTimeLink.objects.create(
        purpose=purpose,
        user=user,
        contact_point=contact_point,
        made_at=at,
        expires_at=link_expires_at(purpose, made_at=at),
    )
    return link, f"{env.public_url}/{purpose}/{signing.dumps(link.pk, salt=_salt(purpose))}/"


def link_behind(token: str, *, purpose: str, at: datetime) -> OneTimeLink:
    """The link that `token` stands for, still good at `at`; raises `CannotUseLink`."""
    try:
        pk = signing.loads(token, salt=_salt(purpose))
    except signing.BadSignature:
        raise CannotUseLink("This link is not one of ours", hint="Copy the whole address from the message") from None
    link = OneTimeLink.objects.filter(pk=pk, purpose=purpose).select_related("user", "contact_point__user").first()
    if link is None or link.used_at is not None:
        raise CannotUseLink("This link was used or replaced already", hint="Ask for a new one")
    if link.expires_at <= at:
        raise CannotUseLink("This link has expired", hint="Ask for a new one")
    return link


def use_link(link: OneTimeLink, *, at: datetime) -> None:
    """Spend `link` in the caller's transaction; of two who try at once, one is refused (`CannotUseLink`)."""
    unused = OneTimeLink.objects.filter(pk=link.pk, used_at__isnull=True, expires_at__gt=at)
    if not unused.update(used_at=at):
        raise CannotUseLink("This link was used already", hint="Ask for a new one")


def mail_link(link: OneTimeLink, *, address: str, subject: str, text: str, at: datetime) -> None:
    """Post the mail that carries a link; the outbox keeps its text sealed."""
    post_message(
        channel="email",
        address=address,
        payload={"subject": subject, "text": text},
        key=f"people:link:{link.pk}",
        at=at,
        is_reported=False,
    )


def _salt(purpose: str) -> str:
    return f"people.link.{purpose}"
