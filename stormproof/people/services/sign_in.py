"""What the sign-in door tells: who came in with what, and which factors were added or removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.people.facts import MfaEnrolled, MfaRemoved, PasswordChanged, SignedIn
from stormproof.people.models import User
from stormproof.people.selectors import actor_for


@transaction.atomic
def note_sign_in(user: User, *, methods: Sequence[str], at: datetime) -> None:
    """Tell that `user` signed in with `methods`."""
    User.objects.filter(pk=user.pk).update(last_login=at, seen_at=at)
    tell(SignedIn(user_id=user.pk, methods=list(methods)), at=at, actor=actor_for(user))


@transaction.atomic
def note_factor_added(user: User, *, kind: str, at: datetime) -> None:
    """Tell that `user` enrolled a second factor of `kind`."""
    tell(MfaEnrolled(user_id=user.pk, kind=kind), at=at, actor=actor_for(user))


@transaction.atomic
def note_factor_removed(user: User, *, kind: str, actor: Actor, at: datetime) -> None:
    """Tell that a second factor of `kind` was removed from `user` by `actor`."""
    tell(MfaRemoved(user_id=user.pk, kind=kind), at=at, actor=actor)


@transaction.atomic
def reset_second_factors(user: User, *, actor: Actor, at: datetime) -> None:
    """Remove every second factor of `user`, for somebody who lost theirs; the role may ask for new ones at once."""
    actor.require("people.admin")
    held = Authenticator.objects.filter(user=user)
    kinds = sorted(set(held.values_list("type", flat=True)))
    held.delete()
    for kind in kinds:
        tell(MfaRemoved(user_id=user.pk, kind=kind), at=at, actor=actor)


@transaction.atomic
def note_password_changed(user: User, *, at: datetime) -> None:
    """Tell that the password of `user` is a new one."""
    tell(PasswordChanged(user_id=user.pk), at=at, actor=actor_for(user))
