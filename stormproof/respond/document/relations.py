"""The parts of the section `incidents` about rules that declare incidents, audiences and the war room."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.core.document import SLUG, Duration, Known, Problem, write_duration
from stormproof.respond.models import Audience, DeclareRule

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", to_lower=True, max_length=254)]


class RuleShape(BaseModel):
    """When an incident is declared by itself: so many alerts that fit, within so long."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=1, le=1000)
    within: Annotated[Duration, Field(ge=1)]
    team: Slug | None = Field(None, description="Only alerts on what this team looks after")
    function: Slug | None = Field(None, description="Only alerts of incidents that hit this function")
    kinds: list[str] = Field(default_factory=list, description="Only alerts of monitors of these kinds")
    severity_at_most: int | None = Field(None, ge=1, le=4, description="Only alerts of incidents this grave or graver")
    severity: int | None = Field(None, ge=1, le=4, description="Of what is declared; left out: from the functions")
    private: bool = False
    laws: list[Slug] = Field(default_factory=list, description="Whose legal clocks start")


class AudienceShape(BaseModel):
    """People who are kept informed by mail."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    addresses: list[Email] = Field(default_factory=list)
    teams: list[Slug] = Field(default_factory=list, description="Their members too")
    everyone: bool = Field(False, description="Everybody who can sign in")
    every: Annotated[Duration, Field(ge=60)] | None = Field(None, description="When the next update is due")
    template: str = Field(
        "", max_length=5000, description="{title} {label} {severity} {stage} {since} {functions} {cost}"
    )
    sees_private: bool = False


def check_rules(rules: dict[str, RuleShape], known: Known) -> list[Problem]:
    """The teams and functions that rules name exist."""
    found = []
    for slug, rule in rules.items():
        path = ("incidents", "rules", slug)
        if rule.team is not None and not known.has("team", rule.team):
            found.append(Problem((*path, "team"), f"there is no team {rule.team!r}", "name one of this document"))
        if rule.function is not None and not known.has("node", rule.function):
            text = f"there is no function {rule.function!r}"
            found.append(Problem((*path, "function"), text, "name one of this document"))
    return found


def check_audiences(audiences: dict[str, AudienceShape], known: Known) -> list[Problem]:
    """The teams that audiences name exist."""
    return [
        Problem(("incidents", "audiences", slug, "teams"), f"there is no team {team!r}", "name one of this document")
        for slug, audience in audiences.items()
        for team in audience.teams
        if not known.has("team", team)
    ]


def rule_of(slug: str, shape: RuleShape) -> DeclareRule:
    """The rule as a row that is not saved yet."""
    return DeclareRule(
        slug=slug,
        title=shape.title,
        team=shape.team or "",
        function=shape.function or "",
        kinds=shape.kinds,
        severity_at_most=shape.severity_at_most,
        count=shape.count,
        within_seconds=shape.within,
        severity=shape.severity,
        is_private=shape.private,
        laws=shape.laws,
    )


def rule_in_file_form(rule: DeclareRule) -> dict[str, Any]:
    """The rule as the file would say it."""
    form = {
        "title": rule.title,
        "team": rule.team,
        "function": rule.function,
        "kinds": rule.kinds,
        "severity_at_most": rule.severity_at_most,
        "count": rule.count,
        "within": write_duration(rule.within_seconds),
        "severity": rule.severity,
        "private": rule.is_private,
        "laws": rule.laws,
    }
    return {key: value for key, value in form.items() if value}


def audience_of(slug: str, shape: AudienceShape) -> Audience:
    """The audience as a row that is not saved yet."""
    return Audience(
        slug=slug,
        name=shape.name,
        addresses=shape.addresses,
        teams=shape.teams,
        is_everyone=shape.everyone,
        every_seconds=shape.every,
        template=shape.template,
        sees_private=shape.sees_private,
    )


def audience_in_file_form(audience: Audience) -> dict[str, Any]:
    """The audience as the file would say it."""
    form = {
        "name": audience.name,
        "addresses": audience.addresses,
        "teams": audience.teams,
        "everyone": audience.is_everyone,
        "every": write_duration(audience.every_seconds) if audience.every_seconds else None,
        "template": audience.template,
        "sees_private": audience.sees_private,
    }
    return {key: value for key, value in form.items() if value}
