"""Making people, giving and taking roles, switching people off; the last administrator stays."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.people.choices import Channel, LinkPurpose, Role
from stormproof.people.facts import (
    FirstAdminMade,
    InvitationAccepted,
    ProfileChanged,
    RoleGranted,
    RoleRevoked,
    UserDeactivated,
    UserInvited,
    UserReactivated,
)
from stormproof.people.models import ContactPoint, OneTimeLink, User
from stormproof.people.rules import may_grant
from stormproof.people.services.links import CannotUseLink, link_behind, mail_link, make_link, use_link

SEEN_EVERY = timedelta(minutes=5)


class CannotInvite(Refused):
    """The address is wrong, or belongs to somebody who is here already."""


class CannotChangeRoles(Refused):
    """The role is unknown, beyond what the actor may hand out, or the last administrator's."""


class CannotDeactivate(Refused):
    """The last administrator stays."""


class CannotChangeProfile(Refused):
    """A value of the profile cannot be used."""


class CannotChoosePassword(Refused):
    """The password does not meet the rules."""


@transaction.atomic
def first_setup_link(*, at: datetime) -> str | None:
    """The address where the first administrator is made, good once and for a day; None when there is one already.

    A link that was made before stops working.
    """
    if _admins().exists():
        return None
    _, address = make_link(LinkPurpose.SET_UP, at=at)
    return address


def setup_link_behind(token: str, *, at: datetime) -> OneTimeLink:
    """The set-up link that `token` stands for; raises `CannotUseLink`, also once there is an administrator."""
    if _admins().exists():
        raise CannotUseLink("Stormproof is set up already", hint="Sign in, or ask an administrator for an invitation")
    return link_behind(token, purpose=LinkPurpose.SET_UP, at=at)


@transaction.atomic
def make_first_admin(token: str, *, email: str, name: str, password: str, at: datetime) -> User:
    """The first administrator, made with the set-up link.

    Raises `CannotUseLink`, `CannotInvite` for a wrong address, `CannotChoosePassword`.
    """
    use_link(setup_link_behind(token, at=at), at=at)
    address = _checked_address(email)
    user = User.objects.filter(email=address).first() or User(email=address, invited_at=at)
    _accept(user, name=name, password=password, at=at)
    user.roles = sorted({*user.roles, Role.ADMIN})
    user.save()
    _list_own_address(user, at=at)
    tell(FirstAdminMade(user_id=user.pk), at=at)
    return user


@transaction.atomic
def invite_user(email: str, *, roles: Iterable[str], actor: Actor, at: datetime, name: str = "") -> User:
    """A new person with `roles`, and a mail with a link to choose a password; raises `CannotInvite`.

    Whoever invites vouches for the address: it is the person's first contact point and pages may go there at once.
    """
    actor.require("people.write")
    address = _checked_address(email)
    if User.objects.filter(email=address).exists():
        raise CannotInvite(f"{address} is here already", field="email", hint="Change the roles of that person instead")
    wanted = _checked_roles(roles)
    _require_may_grant(wanted, actor=actor)
    user = User.objects.create_user(address, name=name.strip(), roles=wanted, invited_at=at)
    _list_own_address(user, at=at)
    tell(UserInvited(user_id=user.pk, roles=wanted), at=at, actor=actor)
    _mail_invitation(user, actor=actor, at=at)
    return user


@transaction.atomic
def invite_again(user: User, *, actor: Actor, at: datetime) -> None:
    """Mail a new invitation; the earlier link stops working. Refused (`CannotInvite`) once it was accepted."""
    actor.require("people.write")
    if user.accepted_at:
        raise CannotInvite(f"{user} has accepted already")
    _mail_invitation(user, actor=actor, at=at)


def invitation_behind(token: str, *, at: datetime) -> OneTimeLink:
    """The invitation that `token` stands for; raises `CannotUseLink`."""
    link = link_behind(token, purpose=LinkPurpose.INVITATION, at=at)
    if link.user is None or not link.user.is_active:
        raise CannotUseLink("This invitation was withdrawn")
    return link


@transaction.atomic
def accept_invitation(token: str, *, name: str, password: str, at: datetime) -> User:
    """The invited person with a password of their own; raises `CannotUseLink` or `CannotChoosePassword`."""
    link = invitation_behind(token, at=at)
    use_link(link, at=at)
    user = User.objects.select_for_update().get(pk=link.user_id or 0)
    _accept(user, name=name, password=password, at=at)
    user.save()
    tell(InvitationAccepted(user_id=user.pk), at=at)
    return user


@transaction.atomic
def set_roles(user: User, *, roles: Iterable[str], actor: Actor, at: datetime) -> None:
    """Give `user` exactly `roles`; raises `CannotChangeRoles` (the last administrator stays)."""
    actor.require("people.write")
    wanted, admins = set(_checked_roles(roles)), _locked_admins()
    person = User.objects.select_for_update().get(pk=user.pk)
    held = set(person.roles)
    _require_may_grant(wanted ^ held, actor=actor)
    if Role.ADMIN in held - wanted and admins <= {person.pk}:
        raise CannotChangeRoles(f"{person} is the last administrator", field="roles", hint="Make another one first")
    person.roles = sorted(wanted)
    person.save(update_fields=["roles"])
    for role in sorted(wanted - held):
        tell(RoleGranted(user_id=person.pk, role=role), at=at, actor=actor)
    for role in sorted(held - wanted):
        tell(RoleRevoked(user_id=person.pk, role=role), at=at, actor=actor)
    user.roles = person.roles


@transaction.atomic
def deactivate_user(user: User, *, actor: Actor, at: datetime) -> None:
    """Switch a person off: no sign-in, no token; raises `CannotDeactivate` for the last administrator."""
    actor.require("people.write")
    admins = _locked_admins()
    if Role.ADMIN in user.roles:
        actor.require("people.admin")
        if admins <= {user.pk}:
            raise CannotDeactivate(f"{user} is the last administrator", hint="Make another one first")
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        tell(UserDeactivated(user_id=user.pk), at=at, actor=actor)
    user.is_active = False


@transaction.atomic
def reactivate_user(user: User, *, actor: Actor, at: datetime) -> None:
    """Let a person in again, with the roles held before."""
    actor.require("people.write")
    _require_may_grant(user.roles, actor=actor)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        tell(UserReactivated(user_id=user.pk), at=at, actor=actor)
    user.is_active = True


@transaction.atomic
def change_profile(user: User, *, name: str, phone: str, time_zone: str, actor: Actor, at: datetime) -> None:
    """Change what a person says about themselves; raises `CannotChangeProfile` for an unknown time zone."""
    if actor.user_id != user.pk:
        actor.require("people.admin")
    if time_zone not in zoneinfo.available_timezones():
        raise CannotChangeProfile(f"{time_zone!r} is no time zone", field="time_zone", hint="Such as Europe/Berlin")
    fresh = {"name": name.strip(), "phone": phone.strip(), "time_zone": time_zone}
    changed = [field for field, value in fresh.items() if getattr(user, field) != value]
    for field in changed:
        setattr(user, field, fresh[field])
    if changed:
        user.save(update_fields=changed)
        tell(ProfileChanged(user_id=user.pk, fields=changed), at=at, actor=actor)


def note_seen(user: User, *, at: datetime) -> None:
    """Remember that a person was here, to within five minutes; no fact, it is no decision."""
    if user.seen_at is None or at - user.seen_at > SEEN_EVERY:
        stale = Q(seen_at__isnull=True) | Q(seen_at__lt=at - SEEN_EVERY)
        User.objects.filter(stale, pk=user.pk).update(seen_at=at)


def _admins() -> QuerySet[User]:
    return User.objects.filter(is_active=True, roles__contains=[Role.ADMIN])


def _locked_admins() -> set[int]:
    """The administrators, locked until the transaction ends: two cannot take the role from each other at once."""
    return {admin.pk for admin in _admins().select_for_update().order_by("pk")}


def _checked_address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise CannotInvite(f"{email!r} is no e-mail address", field="email", hint="Such as ada@shop.example") from None
    return address


def _checked_roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    if unknown := [role for role in wanted if role not in Role.values]:
        hint = f"The roles are {', '.join(Role.values)}"
        raise CannotChangeRoles(f"There is no role {', '.join(unknown)}", field="roles", hint=hint)
    return wanted


def _require_may_grant(roles: Iterable[str], *, actor: Actor) -> None:
    for role in sorted(roles):
        if not (actor.is_system or may_grant(role, actor.permissions)):
            raise CannotChangeRoles(
                f"You may not give or take the role {Role(role).label}",
                field="roles",
                hint="Nobody hands out more than they hold; ask an administrator",
            )


def _accept(user: User, *, name: str, password: str, at: datetime) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CannotChoosePassword(" ".join(error.messages), field="password") from None
    user.set_password(password)
    user.name, user.accepted_at, user.is_active = name.strip() or user.name, at, True


def _list_own_address(user: User, *, at: datetime) -> None:
    """The sign-in address is the first contact point; whoever made the person vouched for it."""
    if not ContactPoint.objects.filter(user=user, channel=Channel.EMAIL, address=user.email).exists():
        position = ContactPoint.objects.filter(user=user).count()
        ContactPoint.objects.create(
            user=user, channel=Channel.EMAIL, address=user.email, position=position, verified_at=at
        )


def _mail_invitation(user: User, *, actor: Actor, at: datetime) -> None:
    link, address = make_link(LinkPurpose.INVITATION, at=at, user=user)
    inviter = "Stormproof" if actor is SYSTEM else actor.name
    text = (
        f"{inviter} invites you to Stormproof, which keeps the shop running when something breaks.\n\n"
        f"Choose a password here, within seven days:\n{address}\n\n"
        "If you did not expect this, do nothing: nobody can sign in without this link."
    )
    mail_link(link, address=user.email, subject="Your invitation to Stormproof", text=text, at=at)
