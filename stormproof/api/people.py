"""People, teams and tokens for programs. The pattern that the other apps' modules follow."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from ninja import Router, Schema
from ninja.pagination import paginate
from ninja.responses import Status

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.people import selectors, services
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


class PersonIn(Schema):
    """Whom to invite."""

    email: str
    roles: list[str]
    name: str = ""


class RolesIn(Schema):
    """The roles a person is to have, all of them."""

    roles: list[str]


class TeamIn(Schema):
    """A team's name and its members by id, in order."""

    name: str
    members: list[int]


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


@router.post("/people", response={201: PersonOut}, summary="Invite a person")
def invite_person(request: Request, new: PersonIn) -> Status[User]:
    """A mail with a link to choose a password goes out."""
    made = services.invite_user(new.email, roles=new.roles, name=new.name, actor=request.actor, at=now())
    return Status(201, made)


@router.put("/people/{id}/roles", response=PersonOut, summary="Set a person's roles")
def put_roles(request: Request, id: int, wanted: RolesIn) -> User:
    """Exactly these roles; the last administrator stays one."""
    person = selectors.person_for(request.actor, id)
    services.set_roles(person, roles=wanted.roles, actor=request.actor, at=now())
    return person


@router.post("/people/{id}/deactivate", response=PersonOut, summary="Switch a person off")
def deactivate_person(request: Request, id: int) -> User:
    """No sign-in, no token, no pages; can be undone."""
    person = selectors.person_for(request.actor, id)
    services.deactivate_user(person, actor=request.actor, at=now())
    return person


@router.post("/people/{id}/reactivate", response=PersonOut, summary="Switch a person on again")
def reactivate_person(request: Request, id: int) -> User:
    """With the roles held before."""
    person = selectors.person_for(request.actor, id)
    services.reactivate_user(person, actor=request.actor, at=now())
    return person


@router.get("/teams", response=list[TeamOut], summary="List teams")
@paginate
def list_teams(request: Request) -> QuerySet[Team]:
    """The teams in use, with their members."""
    request.actor.require("people.read")
    return selectors.team_list(request.actor)


@router.put("/teams/{slug}", response=TeamOut, summary="Make or change a team")
def put_team(request: Request, slug: str, wanted: TeamIn) -> Team:
    """The team with this name and exactly these members."""
    request.actor.require("people.write")
    members = [selectors.person_for(request.actor, id) for id in wanted.members]
    return services.put_team(slug, name=wanted.name, members=members, actor=request.actor, at=now())


@router.delete("/teams/{slug}", response={204: None}, summary="Retire a team")
def retire_team(request: Request, slug: str) -> Status[None]:
    """Its history stays."""
    services.retire_team(selectors.team_for(request.actor, slug), actor=request.actor, at=now())
    return Status(204, None)


@router.get("/tokens", response=list[TokenOut], summary="List tokens")
@paginate
def list_tokens(request: Request) -> QuerySet[ApiToken]:
    """One's own tokens; all of them for administrators."""
    if request.actor.key.startswith("token:"):
        request.actor.require("people.read")
    return selectors.token_list(request.actor)


@router.delete("/tokens/{id}", response={204: None}, summary="Revoke a token")
def revoke_token(request: Request, id: int) -> Status[None]:
    """It opens nothing from now on. Tokens are issued in the console, where the person is asked again."""
    if request.actor.key.startswith("token:"):
        request.actor.require("people.write")
    services.revoke_token(selectors.api_token_for(request.actor, id), actor=request.actor, at=now())
    return Status(204, None)
