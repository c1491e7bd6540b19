"""API tokens: issued by a person, shown once, kept as a hash, revocable."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.people.facts import TokenIssued, TokenRevoked
from stormproof.people.models import ApiToken, User
from stormproof.people.rules import permissions_of, unknown_scopes
from stormproof.people.selectors import digest_of

USED_EVERY = timedelta(minutes=1)


class CannotIssueToken(Refused):
    """The scopes are unknown or beyond the owner, the expiry is past, or a token asks for a token."""


@transaction.atomic
def issue_token(
    owner: User, *, name: str, scopes: Iterable[str], expires_at: datetime | None, actor: Actor, at: datetime
) -> tuple[ApiToken, str]:
    """A token and its value, which nobody can read again; raises `CannotIssueToken`."""
    if actor.user_id != owner.pk:
        actor.require("people.admin")
    if actor.key.startswith("token:"):
        raise CannotIssueToken("A token cannot issue tokens", hint="Sign in to the console")
    wanted = _checked_scopes(scopes, owner=owner)
    if not name.strip():
        raise CannotIssueToken("A token needs a name", field="name", hint="Say what will use it")
    if expires_at is not None and expires_at <= at:
        raise CannotIssueToken("The expiry lies in the past", field="expires_at")
    raw = f"sp_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        owner=owner,
        name=name.strip(),
        prefix=raw[:9],
        digest=digest_of(raw),
        scopes=wanted,
        issued_at=at,
        expires_at=expires_at,
    )
    tell(TokenIssued(token_id=token.pk, user_id=owner.pk, scopes=wanted), at=at, actor=actor)
    return token, raw


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: Actor, at: datetime) -> None:
    """Make `token` open nothing from now on; doing it twice changes nothing."""
    if actor.user_id != token.owner_id:
        actor.require("people.admin")
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
        tell(TokenRevoked(token_id=token.pk, user_id=token.owner_id), at=at, actor=actor)


def note_token_used(token: ApiToken, *, at: datetime) -> None:
    """Remember when a token was last used, to within a minute; no fact, it is no decision."""
    if token.last_used_at is None or at - token.last_used_at > USED_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at - USED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)


def _checked_scopes(scopes: Iterable[str], *, owner: User) -> list[str]:
    wanted = sorted(set(scopes))
    if not wanted:
        raise CannotIssueToken("A token needs at least one scope", field="scopes")
    if unknown := unknown_scopes(wanted):
        raise CannotIssueToken(f"There is no permission {', '.join(unknown)}", field="scopes", hint="See the list")
    if beyond := sorted(set(wanted) - permissions_of(owner.roles)):
        hint = "A token never may more than its owner"
        raise CannotIssueToken(f"{owner} may not {', '.join(beyond)}", field="scopes", hint=hint)
    return wanted
