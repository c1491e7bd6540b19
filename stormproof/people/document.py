"""The section `teams` of continuity.yaml: each team's name and its members by e-mail address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Known, Problem
from stormproof.people.choices import Role
from stormproof.people.models import Team
from stormproof.people.selectors import people_by_email
from stormproof.people.services import invite_user, put_team, retire_team

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$|^[^@\s]+@localhost$", to_lower=True, max_length=254)
]


class TeamShape(BaseModel):
    """People who look after something together."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    members: list[Email] = Field(default_factory=list, description="E-mail addresses; unknown people are invited")


class TeamsSection:
    """Teams and their members. A member who is not here yet is invited as a responder."""

    key = "teams"
    rank = 20
    shape: Any = dict[Slug, TeamShape]

    def names(self, value: dict[str, TeamShape]) -> set[str]:
        """Each team as `team:<slug>`."""
        return {f"team:{slug}" for slug in value}

    def check(self, value: dict[str, TeamShape], known: Known) -> list[Problem]:
        """A person is in a team once."""
        found = []
        for slug, team in value.items():
            for place, email in enumerate(team.members):
                if email in team.members[:place]:
                    path = ("teams", slug, "members", place)
                    found.append(Problem(path, f"{email} is in the team already", "Name each member once"))
        return found

    def read(self) -> dict[str, Any] | None:
        """The teams in use, by short name."""
        teams = Team.objects.filter(retired_at__isnull=True).order_by("slug").prefetch_related("memberships__user")
        return {
            team.slug: {"name": team.name, "members": [each.user.email for each in team.memberships.all()]}
            for team in teams
        } or None

    def apply(self, value: dict[str, TeamShape] | None, *, actor: Actor, at: datetime) -> None:
        """Make, change and retire teams until they are as the file says."""
        wanted = value or {}
        emails = list(dict.fromkeys(email for team in wanted.values() for email in team.members))
        people = people_by_email(emails)
        for email in emails:
            if email not in people:
                people[email] = invite_user(email, roles=[Role.RESPONDER], actor=actor, at=at)
        for slug, team in wanted.items():
            put_team(slug, name=team.name, members=[people[email] for email in team.members], actor=actor, at=at)
        for team_left in Team.objects.filter(retired_at__isnull=True).exclude(slug__in=wanted):
            retire_team(team_left, actor=actor, at=at)
