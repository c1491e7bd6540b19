"""The section `schedules` of continuity.yaml: who is on call, by layers that take turns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.document import SLUG, Known, Problem
from stormproof.people.models import Team, User
from stormproof.people.selectors import people_by_email
from stormproof.respond.choices import TurnUnit
from stormproof.respond.models import Schedule
from stormproof.respond.selectors import layers_of, schedules_for
from stormproof.respond.services import Hours, LayerPart, SitePart, part_of, put_schedule, retire_schedule

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = {"h": TurnUnit.HOURS, "d": TurnUnit.DAYS, "w": TurnUnit.WEEKS, "mo": TurnUnit.MONTHS}
WORDS = {"daily": "1d", "weekly": "1w", "monthly": "1mo"}
_TURN = re.compile(r"^(\d{1,3})(h|d|w|mo)$")

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", to_lower=True, max_length=254)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone: write one like Europe/Berlin or UTC") from None
    return name


def _turn(text: str) -> str:
    found = _TURN.match(WORDS.get(text, text))
    if not found or not 1 <= int(found[1]) <= 400:
        raise ValueError(f"{text!r} is no turn: write daily, weekly, monthly, or a length like 12h, 3d, 2w, 1mo")
    return text


Zone = Annotated[str, AfterValidator(_zone)]
TurnLength = Annotated[str, AfterValidator(_turn)]


class HoursShape(BaseModel):
    """Hours of the week; an end before the start is on the next day."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    days: list[Day] = Field(default_factory=lambda: list(DAYS), min_length=1)
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")


class SiteShape(BaseModel):
    """One site of a layer that follows the sun: takes over each day when its own clocks show `from`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    zone: Zone
    takes_over: Clock = Field(alias="from")
    people: list[Email] = Field(min_length=1)
    days: int = Field(default=7, ge=1, le=400, description="How many days each of its people is on call in turn")


class LayerShape(BaseModel):
    """People who take turns; hand-offs are by the clocks of the zone."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    start: date = Field(description="The day of the first turn")
    hand_off: Clock = Field(default="09:00", description="The clock time at which turns begin")
    turns: TurnLength = Field(default="weekly", description="daily, weekly, monthly, or a length like 12h, 3d, 2w")
    people: list[Email] = Field(default_factory=list, description="In the order of their turns")
    zone: Zone | None = Field(default=None, description="Left out: the schedule's")
    hours: list[HoursShape] = Field(default_factory=list, description="Left out: always")
    on_holidays: Literal["count", "off", "only"] = "count"
    sites: list[SiteShape] = Field(default_factory=list, description="Follow the sun, instead of people and turns")

    @model_validator(mode="after")
    def _people_or_sites(self) -> LayerShape:
        if bool(self.people) == bool(self.sites):
            raise ValueError("a layer has either people or sites that follow the sun: name one of the two")
        return self


class ScheduleShape(BaseModel):
    """Who is on call; a later layer goes before an earlier one during its hours."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    zone: Zone = "UTC"
    team: Slug | None = None
    holidays: list[date] = Field(default_factory=list)
    layers: list[LayerShape] = Field(default_factory=list, max_length=20)


class SchedulesSection:
    """On-call schedules. Overrides, swaps and absences are made in the console and stay when the file is applied."""

    key = "schedules"
    rank = 290
    shape: Any = dict[Slug, ScheduleShape]

    def names(self, value: dict[str, ScheduleShape]) -> set[str]:
        """Each schedule as `schedule:<slug>`."""
        return {f"schedule:{slug}" for slug in value}

    def check(self, value: dict[str, ScheduleShape], known: Known) -> list[Problem]:
        """Teams and people exist."""
        found: list[Problem] = []
        teams = known.document.get("teams") or {}
        members = {email for team in teams.values() for email in team.members}
        here = people_by_email([email for schedule in value.values() for email, _ in _everybody(schedule)])
        for slug, schedule in value.items():
            if schedule.team is not None and not known.has("team", schedule.team):
                hint = f"teams: {', '.join(known.of('team')) or 'none yet'}"
                found.append(Problem(("schedules", slug, "team"), f"there is no team {schedule.team!r}", hint))
            for email, path in _everybody(schedule):
                if email not in members and email not in here:
                    hint = "add it to the members of a team"
                    found.append(Problem(("schedules", slug, *path), f"nobody has the address {email}", hint))
        return found

    def read(self) -> dict[str, Any] | None:
        """The schedules in use, by short name."""
        return {one.slug: _in_file_form(one) for one in schedules_for(SYSTEM).order_by("slug")} or None

    def apply(self, value: dict[str, ScheduleShape] | None, *, actor: Actor, at: datetime) -> None:
        """Make, change and retire schedules until they are as the file says."""
        wanted = value or {}
        users = people_by_email([email for schedule in wanted.values() for email, _ in _everybody(schedule)])
        for slug, shape in wanted.items():
            put_schedule(
                slug,
                name=shape.name,
                zone=shape.zone,
                team=Team.objects.get(slug=shape.team) if shape.team else None,
                holidays=shape.holidays,
                layers=[_part(layer, users, zone=shape.zone) for layer in shape.layers],
                actor=actor,
                at=at,
            )
        for left in schedules_for(SYSTEM).exclude(slug__in=wanted):
            retire_schedule(left, actor=actor, at=at)


def _everybody(schedule: ScheduleShape) -> Iterable[tuple[str, tuple[str | int, ...]]]:
    """Each address with where it stands."""
    for place, layer in enumerate(schedule.layers):
        for number, email in enumerate(layer.people):
            yield email, ("layers", place, "people", number)
        for at, site in enumerate(layer.sites):
            for number, email in enumerate(site.people):
                yield email, ("layers", place, "sites", at, "people", number)


def _part(layer: LayerShape, users: dict[str, User], *, zone: str) -> LayerPart:
    found = _TURN.match(WORDS.get(layer.turns, layer.turns))
    length, unit = (int(found[1]), UNITS[found[2]]) if found else (1, TurnUnit.WEEKS)
    return LayerPart(
        name=layer.name,
        starts_on=layer.start,
        zone=layer.zone or zone,
        hand_off=time.fromisoformat(layer.hand_off),
        unit=unit,
        length=length,
        people=tuple(users[email] for email in layer.people),
        hours=tuple(
            Hours(
                days=tuple(sorted({DAYS.index(day) for day in one.days})),
                start=time.fromisoformat(one.start),
                end=time.fromisoformat(one.end),
            )
            for one in layer.hours
        ),
        holidays=layer.on_holidays,
        sites=tuple(
            SitePart(
                zone=site.zone,
                takes_over=time.fromisoformat(site.takes_over),
                people=tuple(users[email] for email in site.people),
                turn_days=site.days,
            )
            for site in layer.sites
        ),
    )


def _in_file_form(schedule: Schedule) -> dict[str, Any]:
    form: dict[str, Any] = {"name": schedule.name, "zone": schedule.zone}
    if schedule.team is not None:
        form["team"] = schedule.team.slug
    if schedule.holidays:
        form["holidays"] = schedule.holidays
    form["layers"] = [_layer_in_file_form(part_of(layer), zone=schedule.zone) for layer in layers_of(schedule)]
    return form


def _layer_in_file_form(part: LayerPart, *, zone: str) -> dict[str, Any]:
    form: dict[str, Any] = {"name": part.name, "start": part.starts_on.isoformat()}
    if part.sites:
        form["sites"] = [
            {
                "zone": site.zone,
                "from": f"{site.takes_over:%H:%M}",
                "people": [user.email for user in site.people],
                "days": site.turn_days,
            }
            for site in part.sites
        ]
    else:
        letters = {unit: letter for letter, unit in UNITS.items()}
        turns = f"{part.length}{letters[TurnUnit(part.unit)]}"
        form |= {
            "hand_off": f"{part.hand_off:%H:%M}",
            "turns": next((word for word, short in WORDS.items() if short == turns), turns),
            "people": [user.email for user in part.people],
        }
    if part.zone != zone:
        form["zone"] = part.zone
    if part.hours:
        form["hours"] = [
            {"days": [DAYS[day] for day in one.days], "from": f"{one.start:%H:%M}", "to": f"{one.end:%H:%M}"}
            for one in part.hours
        ]
    if part.holidays != "count":
        form["on_holidays"] = part.holidays
    return form
