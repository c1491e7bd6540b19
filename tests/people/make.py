"""Makers for people: they go through the services, as the product does."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import make_password
from django.test import Client

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.secrets import open_text
from stormproof.people import services
from stormproof.people.models import User
from stormproof.people.selectors import actor_for

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PASSWORD = "a long sentence nobody guesses"
_numbers = count(1)


def person(*roles: str, email: str = "", name: str = "", at: datetime = AT) -> User:
    """Somebody with these roles who was invited and has accepted."""
    address = email or f"person-{next(_numbers)}@shop.example"
    user = services.invite_user(address, roles=roles, name=name or address.partition("@")[0], actor=SYSTEM, at=at)
    user.password = _password_hash()
    user.accepted_at = at
    user.save()
    return user


def actor(*roles: str) -> Actor:
    """What somebody with these roles may do."""
    return actor_for(person(*roles))


def signed_in(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def token_of(user: User, *scopes: str, at: datetime = AT) -> str:
    """The value of a token of `user`."""
    _, raw = services.issue_token(user, name="a test", scopes=scopes, expires_at=None, actor=actor_for(user), at=at)
    return raw


def with_app(user: User) -> str:
    """Give `user` an authenticator app; returns its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def secret_of(user: User) -> str:
    """The secret of the app that `user` set up."""
    return open_text(Authenticator.objects.get(user=user, type="totp").data["secret"])


def code_of(secret: str, *, steps: int = 0) -> str:
    """The six digits that an app with `secret` shows now, or so many steps of 30 s later (RFC 6238, RFC 4226)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


@lru_cache(maxsize=1)
def _password_hash() -> str:
    return make_password(PASSWORD)
