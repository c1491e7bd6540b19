"""Links that let a paged person acknowledge without signing in: signed, 24 hours, once."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.core import signing

from stormproof.core.env import env
from stormproof.people.models import User
from stormproof.respond.models import AckLink, Incident
from stormproof.respond.rules import ACK_LINK_LASTS

SALT = "stormproof.respond.acknowledge"


def make_ack_link(incident: Incident, *, person: User, at: datetime) -> str:
    """The address under which `person` may acknowledge; the signature and the row must both be good."""
    link = AckLink.objects.create(
        nonce=secrets.token_urlsafe(24), incident=incident, person=person, expires_at=at + ACK_LINK_LASTS
    )
    return f"{env.public_url}/ack/{signing.dumps(link.nonce, salt=SALT)}"


def nonce_of(token: str) -> str | None:
    """The nonce in a signed link, None when the signature is not ours. How long it lasts is in its row."""
    try:
        return str(signing.loads(token, salt=SALT))
    except signing.BadSignature:
        return None
