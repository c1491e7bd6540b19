"""People, teams and tokens for programs. The pattern that the other apps' modules follow."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from ninja import Router, Schema
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.people import selectors
from stormproof.people.models import ApiToken, Team, User

router = Router(tags=["people"])


class PersonOut(Schema):
    """A person as others see them."""

    id: int
    email: str
    name: str
    roles: list[str]
    time_zone: str
    is_active: bool


class MeOut(Schema):
    """Who is calling, and what the caller may do."""

    key: str
    name: str
    user_id: int | None
    permissions: list[str]


class TeamOut(Schema):
    """A team with its members in order."""

    slug: str
    name: str
    members: list[PersonOut]

    @staticmethod
    def resolve_members(team: Team) -> list[User]:
        """The members in the order in which continuity.yaml names them."""
        return [membership.user for membership in team.memberships.all()]


class TokenOut(Schema):
    """A token without its value, which is shown only once."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@router.get("/me", response=MeOut, summary="Who am I")
def me(request: Request) -> dict[str, object]:
    """The actor behind the token or session."""
    actor = request.actor
    return {
        "key": actor.key,
        "name": actor.name,
        "user_id": actor.user_id,
        "permissions": sorted(actor.permissions),
    }


@router.get("/people", response=list[PersonOut], summary="List people")
@paginate
def list_people(request: Request) -> QuerySet[User]:
    """All people, by name."""
    request.actor.require("people.read")
    return selectors.people_list(request.actor)


@router.get("/people/{id}", response=PersonOut, summary="One person")
def get_person(request: Request, id: int) -> User:
    """One person."""
    return selectors.person_for(request.actor, id)


@router.get("/teams", response=list[TeamOut], summary="List teams")
@paginate
def list_teams(request: Request) -> QuerySet[Team]:
    """The teams in use, with their members."""
    request.actor.require("people.read")
    return selectors.team_list(request.actor)


@router.get("/tokens", response=list[TokenOut], summary="List tokens")
@paginate
def list_tokens(request: Request) -> QuerySet[ApiToken]:
    """One's own tokens; all of them for administrators."""
    if request.actor.key.startswith("token:"):
        request.actor.require("people.read")
    return selectors.token_list(request.actor)
