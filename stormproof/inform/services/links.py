"""Signed links for subscribers: to confirm an address (three days) and to leave (for ever)."""

from __future__ import annotations

from django.core import signing

from stormproof.core.env import env
from stormproof.inform.models import Subscriber

CONFIRM_SALT = "stormproof.inform.confirm"
LEAVE_SALT = "stormproof.inform.leave"
CONFIRM_SECONDS = 3 * 86_400


def confirm_link(subscriber: Subscriber) -> str:
    """The address that confirms a subscription."""
    return f"{env.public_url}/status/confirm/{signing.dumps(subscriber.nonce, salt=CONFIRM_SALT)}/"


def leave_link(subscriber: Subscriber) -> str:
    """The address that ends a subscription; it never expires."""
    return f"{env.public_url}/status/leave/{signing.Signer(salt=LEAVE_SALT).sign(subscriber.nonce)}/"


def nonce_to_confirm(token: str) -> str | None:
    """The nonce in a confirming link; None when it is not ours or too old."""
    try:
        return str(signing.loads(token, salt=CONFIRM_SALT, max_age=CONFIRM_SECONDS))
    except signing.BadSignature:
        return None


def nonce_to_leave(token: str) -> str | None:
    """The nonce in a leaving link; None when it is not ours."""
    try:
        return signing.Signer(salt=LEAVE_SALT).unsign(token)
    except signing.BadSignature:
        return None
