"""What each role may do, and what may be asked of names, scopes and links: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from stormproof.people.choices import APPS, PERMISSIONS, LinkPurpose, Role

READS = frozenset(f"{app}.read" for app in APPS)

PERMISSIONS_OF_ROLE: Mapping[str, frozenset[str]] = {
    Role.ADMIN: frozenset(PERMISSIONS),
    Role.CONTINUITY_MANAGER: frozenset(PERMISSIONS) - {"people.admin"},
    Role.RESPONDER: READS
    | {"watch.write", "recover.write", "respond.write", "inform.write", "review.write"}
    | {"respond.act", "recover.run", "recover.approve", "inform.publish"},
    Role.SUPPORT_AGENT: frozenset({"business.read", "watch.read", "respond.read", "inform.read", "inform.write"}),
    Role.EMPLOYEE: frozenset(),
    Role.AUDITOR: READS | {"audit.read"},
}

LIFE_OF_LINK: Mapping[str, timedelta] = {
    LinkPurpose.SET_UP: timedelta(hours=24),
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.CONTACT: timedelta(days=2),
}


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything that holders of `roles` may do together; an unknown role grants nothing."""
    return frozenset().union(*(PERMISSIONS_OF_ROLE.get(role, frozenset()) for role in roles))


def may_grant(role: str, permissions: frozenset[str]) -> bool:
    """Whether one who has `permissions` may give or take `role`: nobody hands out more than they hold."""
    return "people.admin" in permissions or (
        "people.write" in permissions and PERMISSIONS_OF_ROLE[role] <= permissions and role != Role.ADMIN
    )


def permissions_of_token(scopes: Iterable[str], roles_of_owner: Iterable[str]) -> frozenset[str]:
    """What a token may do: its scopes, and never more than its owner may today."""
    return frozenset(scopes) & permissions_of(roles_of_owner)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes that are no permissions of this product, sorted."""
    return sorted(set(scopes) - set(PERMISSIONS))


def link_expires_at(purpose: str, *, made_at: datetime) -> datetime:
    """When a one-time link for `purpose` stops working."""
    return made_at + LIFE_OF_LINK[purpose]


def needs_second_factor(roles: Iterable[str], required: Iterable[str]) -> bool:
    """Whether a person with `roles` must sign in with a second factor, where `required` are the roles that must."""
    return not set(roles).isdisjoint(required)
