"""The section `paging` of continuity.yaml: who is paged for which team, in which order, and who is told outside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Duration, Known, Problem, write_duration
from stormproof.people.models import Team, User
from stormproof.people.selectors import people_by_email
from stormproof.respond.document.schedules import DAYS, Clock, Day, Zone
from stormproof.respond.models import PagingPolicy, PolicyStep, Schedule
from stormproof.respond.selectors import paging_webhooks, policies
from stormproof.respond.services import (
    StepHours,
    StepPart,
    drop_paging_policies,
    set_paging_policy,
    set_paging_webhooks,
)
from stormproof.respond.services.policies import DEFAULT_REPEAT, DEFAULT_WAIT_SECONDS

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", to_lower=True, max_length=254)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=500)]
Wait = Annotated[Duration, Field(ge=1)]
AckLasts = Annotated[Duration, Field(ge=60)]


class StepShape(BaseModel):
    """One person of the order who may take another time than the others."""

    model_config = ConfigDict(extra="forbid")

    person: Email
    wait: Wait


class StepHoursShape(BaseModel):
    """Hours of the week at which a step counts."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    days: list[Day] = Field(default_factory=lambda: list(DAYS), min_length=1)
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Zone = "UTC"


class PolicyStepShape(BaseModel):
    """Everybody whom it names is paged at once; then it waits before the next step."""

    model_config = ConfigDict(extra="forbid")

    people: list[Email] = Field(default_factory=list)
    schedules: list[Slug] = Field(default_factory=list, description="Whoever is on call in them then")
    teams: list[Slug] = Field(default_factory=list, description="Who is on call for them, else the first")
    everyone_of: list[Slug] = Field(default_factory=list, description="All members of these teams")
    wait: Wait = DEFAULT_WAIT_SECONDS
    severities: list[Annotated[int, Field(ge=1, le=4)]] = Field(default_factory=list, description="Left out: all")
    hours: StepHoursShape | None = Field(default=None, description="Left out: always")

    @model_validator(mode="after")
    def _names_somebody(self) -> PolicyStepShape:
        if not (self.people or self.schedules or self.teams or self.everyone_of):
            raise ValueError("a step names people, schedules, teams or everyone_of")
        return self


class TeamPagingShape(BaseModel):
    """How a team is paged: one step after the other until somebody answers."""

    model_config = ConfigDict(extra="forbid")

    people: list[Email | StepShape] = Field(
        default_factory=list, description="In order; left out: the members of the team as they are named there"
    )
    steps: list[PolicyStepShape] = Field(default_factory=list, max_length=20, description="Instead of `people`")
    wait: Wait = Field(default=DEFAULT_WAIT_SECONDS, description="How long each may take to answer")
    repeat: int = Field(default=DEFAULT_REPEAT, ge=1, le=20, description="How often the order is gone through")
    webhooks: list[Url] = Field(default_factory=list, description="Told of this team's incidents")
    last_resort: list[Email] = Field(
        default_factory=list, description="Paged at the very end; left out: administrators"
    )
    ack_lasts: AckLasts | None = Field(default=None, description="Left out: 1h for severity 1, 4h for the others")
    acks: int = Field(default=1, ge=1, le=10, description="How many people must be on it before paging stops")

    @model_validator(mode="after")
    def _people_or_steps(self) -> TeamPagingShape:
        if self.people and self.steps:
            raise ValueError("name either people or steps, not both")
        return self


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
            found += _check_steps(slug, team, known)
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
        users = people_by_email([email for team in wanted.teams.values() for email, _ in _addresses(team)])
        drop_paging_policies(keep=list(wanted.teams), actor=actor)
        for slug, team in wanted.teams.items():
            set_paging_policy(
                Team.objects.get(slug=slug),
                order=[(users[email], wait) for email, wait in _order(team)],
                steps=[_part(step, users) for step in team.steps],
                wait_seconds=team.wait,
                repeat=team.repeat,
                webhooks=team.webhooks,
                is_default=slug == wanted.default_team,
                last_resort=[users[email] for email in team.last_resort],
                ack_seconds=team.ack_lasts,
                acks_needed=team.acks,
                actor=actor,
            )
        set_paging_webhooks(wanted.webhooks, actor=actor)


def _order(team: TeamPagingShape) -> list[tuple[str, int]]:
    return [(one, team.wait) if isinstance(one, str) else (one.person, one.wait) for one in team.people]


def _addresses(team: TeamPagingShape) -> list[tuple[str, tuple[str | int, ...]]]:
    """Each address with where it stands."""
    found: list[tuple[str, tuple[str | int, ...]]] = [
        (email, ("people", place)) for place, (email, _) in enumerate(_order(team))
    ]
    for place, step in enumerate(team.steps):
        found += [(email, ("steps", place, "people", number)) for number, email in enumerate(step.people)]
    return found + [(email, ("last_resort", place)) for place, email in enumerate(team.last_resort)]


def _part(step: PolicyStepShape, users: dict[str, User]) -> StepPart:
    hours = step.hours
    return StepPart(
        people=tuple(users[email] for email in step.people),
        schedules=tuple(Schedule.objects.filter(slug__in=step.schedules, retired_at__isnull=True)),
        teams=tuple(Team.objects.filter(slug__in=step.teams)),
        everyone_of=tuple(Team.objects.filter(slug__in=step.everyone_of)),
        wait_seconds=step.wait,
        severities=tuple(sorted(set(step.severities))),
        hours=StepHours(
            days=tuple(sorted({DAYS.index(day) for day in hours.days})),
            start=time.fromisoformat(hours.start),
            end=time.fromisoformat(hours.end),
            zone=hours.zone,
        )
        if hours
        else None,
    )


def _members(known: Known) -> set[str]:
    """Everybody whom the document names as a member of a team."""
    teams = known.document.get("teams") or {}
    return {email for team in teams.values() for email in team.members}


def _check_people(slug: str, team: TeamPagingShape, members: set[str]) -> Iterable[Problem]:
    here = people_by_email([email for email, _ in _addresses(team)])
    order = [email for email, _ in _order(team)]
    for email, where in _addresses(team):
        path = ("paging", "teams", slug, *where)
        if where[0] == "people" and email in order[: int(where[1])]:
            yield Problem(path, f"{email} is in the order twice", "name each person once")
        if email not in members and email not in here:
            yield Problem(path, f"nobody has the address {email}", "add it to the members of a team")


def _check_steps(slug: str, team: TeamPagingShape, known: Known) -> Iterable[Problem]:
    for place, step in enumerate(team.steps):
        path = ("paging", "teams", slug, "steps", place)
        for kind, names in (("teams", step.teams), ("everyone_of", step.everyone_of)):
            for number, name in enumerate(names):
                if not known.has("team", name):
                    yield _unknown_team((*path, kind, number), name, known)
        for number, name in enumerate(step.schedules):
            if not known.has("schedule", name):
                hint = f"schedules: {', '.join(known.of('schedule')) or 'none yet'}"
                yield Problem((*path, "schedules", number), f"there is no on-call schedule {name!r}", hint)


def _unknown_team(path: tuple[str | int, ...], slug: str, known: Known) -> Problem:
    teams = ", ".join(known.of("team")) or "none yet"
    return Problem(path, f"there is no team {slug!r}", f"teams: {teams}")


def _in_file_form(policy: PagingPolicy) -> dict[str, Any]:
    steps = list(policy.steps.all())
    form: dict[str, Any] = {"wait": write_duration(policy.wait_seconds), "repeat": policy.repeat}
    if all(_is_one_person(step) for step in steps):
        form["people"] = [_person_in_file_form(step, policy) for step in steps]
    else:
        form["steps"] = [_step_in_file_form(step) for step in steps]
    if last_resort := [user.email for user in policy.last_resort.all()]:
        form["last_resort"] = last_resort
    if policy.ack_seconds is not None:
        form["ack_lasts"] = write_duration(policy.ack_seconds)
    return {**form, "acks": policy.acks_needed, "webhooks": policy.webhooks}


def _is_one_person(step: PolicyStep) -> bool:
    others = [*step.schedules.all(), *step.teams.all(), *step.everyone_of.all(), *step.severities, *step.hours]
    return len(step.people.all()) == 1 and not others


def _person_in_file_form(step: PolicyStep, policy: PagingPolicy) -> Any:
    email = step.people.all()[0].email
    if step.wait_seconds == policy.wait_seconds:
        return email
    return {"person": email, "wait": write_duration(step.wait_seconds)}


def _step_in_file_form(step: PolicyStep) -> dict[str, Any]:
    named = {
        "people": [user.email for user in step.people.all()],
        "schedules": [schedule.slug for schedule in step.schedules.all()],
        "teams": [team.slug for team in step.teams.all()],
        "everyone_of": [team.slug for team in step.everyone_of.all()],
        "severities": step.severities,
    }
    form: dict[str, Any] = {key: value for key, value in named.items() if value}
    form["wait"] = write_duration(step.wait_seconds)
    if step.hours:
        form["hours"] = {**step.hours, "days": [DAYS[day] for day in step.hours["days"]]}
    return form
