"""The section `paging` of continuity.yaml: who is paged for which team, in which order, and who is told outside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Duration, Known, Problem, write_duration
from stormproof.people.models import Team
from stormproof.people.selectors import people_by_email
from stormproof.respond.models import PagingPolicy
from stormproof.respond.selectors import paging_webhooks, policies
from stormproof.respond.services import drop_paging_policies, set_paging_policy, set_paging_webhooks
from stormproof.respond.services.policies import DEFAULT_REPEAT, DEFAULT_WAIT_SECONDS

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", to_lower=True, max_length=254)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=500)]
Wait = Annotated[Duration, Field(ge=1)]


class StepShape(BaseModel):
    """One person of the order who may take another time than the others."""

    model_config = ConfigDict(extra="forbid")

    person: Email
    wait: Wait


class TeamPagingShape(BaseModel):
    """How a team is paged: one person after the other until somebody answers."""

    model_config = ConfigDict(extra="forbid")

    people: list[Email | StepShape] = Field(
        default_factory=list, description="In order; left out: the members of the team as they are named there"
    )
    wait: Wait = Field(default=DEFAULT_WAIT_SECONDS, description="How long each may take to answer")
    repeat: int = Field(default=DEFAULT_REPEAT, ge=1, le=20, description="How often the order is gone through")
    webhooks: list[Url] = Field(default_factory=list, description="Told of this team's incidents")


class PagingShape(BaseModel):
    """Who is paged when something goes down."""

    model_config = ConfigDict(extra="forbid")

    teams: dict[Slug, TeamPagingShape] = Field(default_factory=dict)
    default_team: Slug | None = Field(default=None, description="Paged when what went down has no team")
    webhooks: list[Url] = Field(default_factory=list, description="Told of every incident")


class PagingSection:
    """Paging policies, the default one, and the webhooks that are told of every incident."""

    key = "paging"
    rank = 300
    shape: Any = PagingShape

    def names(self, value: PagingShape) -> set[str]:
        """It defines no names that others refer to."""
        return set()

    def check(self, value: PagingShape, known: Known) -> list[Problem]:
        """Teams and people exist, and nobody is in an order twice."""
        found = []
        for slug in value.teams:
            if not known.has("team", slug):
                found.append(_unknown_team(("paging", "teams", slug), slug, known))
        if value.default_team is not None:
            if not known.has("team", value.default_team):
                found.append(_unknown_team(("paging", "default_team"), value.default_team, known))
            elif value.default_team not in value.teams:
                hint = f"add {value.default_team}: {{}} under paging.teams"
                found.append(Problem(("paging", "default_team"), "the default team has no paging of its own", hint))
        members = _members(known)
        for slug, team in value.teams.items():
            found += _check_people(slug, team, members)
        return found

    def read(self) -> dict[str, Any] | None:
        """The policies as they are stored."""
        rows = list(policies())
        default = next((policy.team.slug for policy in rows if policy.is_default), None)
        section = {
            "teams": {policy.team.slug: _in_file_form(policy) for policy in rows},
            "default_team": default,
            "webhooks": paging_webhooks(),
        }
        return {key: value for key, value in section.items() if value} or None

    def apply(self, value: PagingShape | None, *, actor: Actor, at: datetime) -> None:
        """Make the policies as the file says; teams it does not name are paged by their members."""
        wanted = value or PagingShape()
        users = people_by_email([email for team in wanted.teams.values() for email, _ in _steps(team)])
        drop_paging_policies(keep=list(wanted.teams), actor=actor)
        for slug, team in wanted.teams.items():
            set_paging_policy(
                Team.objects.get(slug=slug),
                order=[(users[email], wait) for email, wait in _steps(team)],
                wait_seconds=team.wait,
                repeat=team.repeat,
                webhooks=team.webhooks,
                is_default=slug == wanted.default_team,
                actor=actor,
            )
        set_paging_webhooks(wanted.webhooks, actor=actor)


def _steps(team: TeamPagingShape) -> list[tuple[str, int]]:
    return [(one, team.wait) if isinstance(one, str) else (one.person, one.wait) for one in team.people]


def _members(known: Known) -> set[str]:
    """Everybody whom the document names as a member of a team."""
    teams = known.document.get("teams") or {}
    return {email for team in teams.values() for email in team.members}


def _check_people(slug: str, team: TeamPagingShape, members: set[str]) -> Iterable[Problem]:
    emails = [email for email, _ in _steps(team)]
    here = people_by_email(emails)
    for place, email in enumerate(emails):
        path = ("paging", "teams", slug, "people", place)
        if email in emails[:place]:
            yield Problem(path, f"{email} is in the order twice", "name each person once")
        if email not in members and email not in here:
            yield Problem(path, f"nobody has the address {email}", "add it to the members of a team")


def _unknown_team(path: tuple[str | int, ...], slug: str, known: Known) -> Problem:
    teams = ", ".join(known.of("team")) or "none yet"
    return Problem(path, f"there is no team {slug!r}", f"teams: {teams}")


def _in_file_form(policy: PagingPolicy) -> dict[str, Any]:
    people: list[Any] = [
        step.person.email
        if step.wait_seconds == policy.wait_seconds
        else {"person": step.person.email, "wait": write_duration(step.wait_seconds)}
        for step in policy.steps.all()
    ]
    form: dict[str, Any] = {"people": people, "wait": write_duration(policy.wait_seconds), "repeat": policy.repeat}
    return {**form, "webhooks": policy.webhooks}
