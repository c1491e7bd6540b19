"""Who there is and what they may do: the only way to get a row of `people`."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from stormproof.core.actor import NOBODY, Actor
from stormproof.core.refusals import NotFound
from stormproof.people.choices import Role
from stormproof.people.models import ApiToken, ContactPoint, Team, User
from stormproof.people.rules import permissions_of, permissions_of_token


def actor_for(user: AbstractBaseUser | AnonymousUser | None) -> Actor:
    """The actor a signed-in person is; `NOBODY` for a stranger and for a person who was switched off."""
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    return Actor(key=f"user:{user.pk}", name=str(user), permissions=permissions_of(user.roles), user_id=user.pk)


def digest_of(raw: str) -> str:
    """The SHA-256 of a token's value in hex: the only form in which it is kept."""
    return hashlib.sha256(raw.encode()).hexdigest()


def token_for(raw: str, *, at: datetime) -> ApiToken | None:
    """The token whose value is `raw`, if it is neither revoked nor expired at `at` and its owner is active."""
    digest = digest_of(raw)
    live = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=at))
    token = ApiToken.objects.select_related("owner").filter(live, digest=digest, owner__is_active=True).first()
    return token if token and hmac.compare_digest(token.digest, digest) else None


def actor_of_token(token: ApiToken) -> Actor:
    """The actor a program with `token` is: it may what its scopes and its owner's roles both allow."""
    return Actor(
        key=f"token:{token.pk}",
        name=f"{token.name} ({token.owner})",
        permissions=permissions_of_token(token.scopes, token.owner.roles),
        user_id=token.owner_id,
    )


def actor_for_token(raw: str, *, at: datetime) -> Actor:
    """The actor that the token value `raw` stands for at `at`; `NOBODY` when it opens nothing."""
    token = token_for(raw, at=at)
    return actor_of_token(token) if token else NOBODY


def people_with_role(role: str) -> list[User]:
    """Everybody who is here and holds `role`, by address."""
    return list(User.objects.filter(is_active=True, roles__contains=[role]).order_by("email"))


def admins() -> QuerySet[User]:
    """The active people who hold the role of administrator."""
    return User.objects.filter(is_active=True, roles__contains=[Role.ADMIN])


def people_list(actor: Actor) -> QuerySet[User]:
    """All people by name and e-mail address, for whoever may read `people`; nobody for the others."""
    return User.objects.order_by("name", "email") if actor.may("people.read") else User.objects.none()


def person_for(actor: Actor, id: int) -> User:
    """One person; everybody sees themselves. Raises `NotFound`."""
    person = User.objects.filter(pk=id).first()
    if person is None or not (actor.may("people.read") or actor.user_id == person.pk):
        raise NotFound(f"There is no person {id}")
    return person


def people_by_email(emails: Sequence[str]) -> dict[str, User]:
    """The people with these addresses, by lower-case address; unknown addresses are left out."""
    return {user.email: user for user in User.objects.filter(email__in=[email.lower() for email in emails])}


def contact_points_of(user: User) -> list[ContactPoint]:
    """The verified contact points of `user`, in the order of fallback; none of a person who was switched off."""
    points = ContactPoint.objects.filter(user=user, user__is_active=True, verified_at__isnull=False)
    return list(points.order_by("position"))


def team_list(actor: Actor) -> QuerySet[Team]:
    """The teams in use, by name, with their members; none for those who may not read `people`."""
    if not actor.may("people.read"):
        return Team.objects.none()
    return Team.objects.filter(retired_at__isnull=True).order_by("name").prefetch_related("memberships__user")


def team_for(actor: Actor, slug: str) -> Team:
    """The team in use named `slug`; raises `NotFound`."""
    team = Team.objects.filter(slug=slug, retired_at__isnull=True).first()
    if team is None or not actor.may("people.read"):
        raise NotFound(f"There is no team {slug}")
    return team


def team_members(team: Team) -> list[User]:
    """The active members of `team`, in the order in which they are named."""
    return list(User.objects.filter(memberships__team=team, is_active=True).order_by("memberships__position", "pk"))


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The tokens `user` owns, newest first, the revoked and expired ones too."""
    return ApiToken.objects.filter(owner=user).order_by("-issued_at")


def token_list(actor: Actor) -> QuerySet[ApiToken]:
    """All tokens for administrators, one's own for everybody else, newest first."""
    tokens = ApiToken.objects.select_related("owner").order_by("-issued_at")
    return tokens if actor.may("people.admin") else tokens.filter(owner_id=actor.user_id)


def api_token_for(actor: Actor, id: int) -> ApiToken:
    """One token of one's own, any for administrators; raises `NotFound`."""
    token = token_list(actor).filter(pk=id).first()
    if token is None:
        raise NotFound(f"There is no token {id}")
    return token


def contact_point_list(actor: Actor, user: User) -> list[ContactPoint]:
    """All contact points of `user` in order, also the unverified; for the person and for administrators."""
    if actor.user_id != user.pk and not actor.may("people.admin"):
        return []
    return list(ContactPoint.objects.filter(user=user).order_by("position"))


def contact_point_for(actor: Actor, id: int) -> ContactPoint:
    """One contact point of one's own, any for administrators; raises `NotFound`."""
    point = ContactPoint.objects.select_related("user").filter(pk=id).first()
    if point is None or not (actor.user_id == point.user_id or actor.may("people.admin")):
        raise NotFound(f"There is no contact point {id}")
    return point


def teams_of(user: User) -> list[Team]:
    """The teams in use that `user` belongs to, by name."""
    return list(Team.objects.filter(memberships__user=user, retired_at__isnull=True).order_by("name"))


def second_factors_of(people: Sequence[User]) -> dict[int, list[str]]:
    """The kinds of second factor each of `people` has (`totp`, `webauthn`), by the person's id."""
    found: dict[int, list[str]] = {person.pk: [] for person in people}
    kinds = Authenticator.objects.filter(user__in=found, type__in=["totp", "webauthn"])
    for user_id, kind in kinds.order_by("type").values_list("user_id", "type").distinct():
        found[user_id].append(kind)
    return found
