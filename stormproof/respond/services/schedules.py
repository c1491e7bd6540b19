"""On-call schedules: made, changed and retired, by hand or from continuity.yaml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.people.models import Team, User
from stormproof.respond.choices import HolidayMode, TurnUnit
from stormproof.respond.facts import ScheduleChanged, ScheduleRetired
from stormproof.respond.models import LayerMember, Schedule, ScheduleLayer
from stormproof.respond.selectors.oncall import layers_of
from stormproof.respond.services.duty import record_duty

MOST_LAYERS = 20
MOST_MEMBERS = 100


class CannotSetSchedule(Refused):
    """The schedule has no name, its zone does not exist, or a layer makes no sense."""


class CannotRetireSchedule(Refused):
    """A paging policy still names the schedule."""


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Weekdays (Monday is 0) and clock times at which a layer counts; an end before the start is on the next day."""

    days: tuple[int, ...]
    start: time
    end: time


@dataclass(frozen=True, kw_only=True)
class SitePart:
    """One site of a layer that follows the sun."""

    zone: str
    takes_over: time
    people: tuple[User, ...]
    turn_days: int = 7


@dataclass(frozen=True, kw_only=True)
class LayerPart:
    """A layer as somebody wants it: people in order who take turns, or sites that follow the sun."""

    name: str
    starts_on: date
    zone: str
    hand_off: time = time(9)
    unit: str = TurnUnit.WEEKS
    length: int = 1
    people: tuple[User, ...] = ()
    hours: tuple[Hours, ...] = ()
    holidays: str = HolidayMode.COUNT
    sites: tuple[SitePart, ...] = ()


@transaction.atomic
def put_schedule(
    slug: str,
    *,
    name: str,
    zone: str,
    team: Team | None = None,
    holidays: Sequence[date] = (),
    layers: Sequence[LayerPart] = (),
    actor: Actor,
    at: datetime,
) -> Schedule:
    """The schedule `slug` with exactly these layers, made or changed; what was until now stays history.

    Raises `CannotSetSchedule`.
    """
    actor.require("respond.write")
    _check(slug, name=name, zone=zone, layers=layers)
    days = [day.isoformat() for day in sorted(set(holidays))]
    fields = {"name": name.strip(), "zone": zone, "team": team, "holidays": days, "retired_at": None}
    schedule = Schedule.objects.select_for_update().filter(slug=slug).first()
    if schedule is None:
        schedule = Schedule.objects.create(slug=slug, made_at=at, recorded_until=at, **fields)
    else:
        had = {key: getattr(schedule, key) for key in fields}
        if had == fields and [part_of(layer) for layer in layers_of(schedule)] == list(layers):
            return schedule
        record_duty(schedule, at=at)
        Schedule.objects.filter(pk=schedule.pk).update(**fields)
        schedule.refresh_from_db()
        schedule.layers.all().delete()
    _write_layers(schedule, layers)
    tell(ScheduleChanged(schedule_id=schedule.pk, what="layers"), at=at, actor=actor)
    return schedule


@transaction.atomic
def put_layer(schedule: Schedule, part: LayerPart, *, position: int | None = None, actor: Actor, at: datetime) -> None:
    """Add a layer on top, or change the one at `position`. Changing its people may change who is on call now.

    Raises `CannotSetSchedule`.
    """
    parts = [part_of(layer) for layer in layers_of(schedule)]
    if position is None:
        parts.append(part)
    else:
        parts[position] = part
    _put_again(schedule, parts, actor=actor, at=at)


@transaction.atomic
def remove_layer(schedule: Schedule, *, position: int, actor: Actor, at: datetime) -> None:
    """Take a layer away."""
    parts = [part_of(layer) for layer in layers_of(schedule)]
    _put_again(schedule, [part for place, part in enumerate(parts) if place != position], actor=actor, at=at)


def _put_again(schedule: Schedule, parts: Sequence[LayerPart], *, actor: Actor, at: datetime) -> None:
    put_schedule(
        schedule.slug,
        name=schedule.name,
        zone=schedule.zone,
        team=schedule.team,
        holidays=[date.fromisoformat(day) for day in schedule.holidays],
        layers=parts,
        actor=actor,
        at=at,
    )


@transaction.atomic
def retire_schedule(schedule: Schedule, *, actor: Actor, at: datetime) -> None:
    """Take a schedule out of use; its history stays. Doing it twice changes nothing."""
    actor.require("respond.write")
    if schedule.retired_at is not None:
        return
    record_duty(schedule, at=at)
    if Schedule.objects.filter(pk=schedule.pk, retired_at__isnull=True).update(retired_at=at):
        schedule.gaps.all().delete()
        tell(ScheduleRetired(schedule_id=schedule.pk), at=at, actor=actor)


def part_of(layer: ScheduleLayer) -> LayerPart:
    """A stored layer as it would be asked for; reads its prefetched members."""
    members = list(layer.members.all())
    sites = tuple(
        SitePart(
            zone=site["zone"],
            takes_over=time.fromisoformat(site["from"]),
            turn_days=site["days"],
            people=tuple(member.person for member in members if member.site == place),
        )
        for place, site in enumerate(layer.sites)
    )
    return LayerPart(
        name=layer.name,
        starts_on=layer.starts_on,
        zone=layer.zone,
        hand_off=layer.hand_off,
        unit=layer.unit,
        length=layer.length,
        people=() if sites else tuple(member.person for member in members),
        hours=tuple(
            Hours(days=tuple(one["days"]), start=time.fromisoformat(one["from"]), end=time.fromisoformat(one["to"]))
            for one in layer.windows
        ),
        holidays=layer.holiday_mode,
        sites=sites,
    )


def _write_layers(schedule: Schedule, layers: Sequence[LayerPart]) -> None:
    for position, part in enumerate(layers):
        layer = ScheduleLayer.objects.create(
            schedule=schedule,
            position=position,
            name=part.name.strip(),
            zone=part.zone,
            starts_on=part.starts_on,
            hand_off=part.hand_off,
            unit=part.unit,
            length=part.length,
            windows=[
                {"days": list(one.days), "from": f"{one.start:%H:%M}", "to": f"{one.end:%H:%M}"} for one in part.hours
            ],
            holiday_mode=part.holidays,
            sites=[{"zone": one.zone, "from": f"{one.takes_over:%H:%M}", "days": one.turn_days} for one in part.sites],
        )
        places = [(0, part.people)] if not part.sites else [(n, site.people) for n, site in enumerate(part.sites)]
        LayerMember.objects.bulk_create(
            LayerMember(layer=layer, site=site, position=number, person=person)
            for site, people in places
            for number, person in enumerate(people)
        )


def _check(slug: str, *, name: str, zone: str, layers: Sequence[LayerPart]) -> None:
    if not re.match(SLUG, slug):
        raise CannotSetSchedule(f"{slug!r} is no short name", field="slug", hint="Small letters, digits and dashes.")
    if not name.strip() or len(name) > 120:
        raise CannotSetSchedule("A schedule needs a name of at most 120 characters", field="name")
    _check_zone(zone)
    if len(layers) > MOST_LAYERS:
        raise CannotSetSchedule(f"{MOST_LAYERS} layers are the most", field="layers")
    for part in layers:
        _check_layer(part)


def _check_layer(part: LayerPart) -> None:
    if not part.name.strip() or len(part.name) > 120:
        raise CannotSetSchedule("A layer needs a name of at most 120 characters", field="name")
    for zone in (part.zone, *(site.zone for site in part.sites)):
        _check_zone(zone)
    if part.unit not in TurnUnit.values:
        raise CannotSetSchedule(f"{part.unit!r} is no unit", field="unit", hint=f"One of {', '.join(TurnUnit.values)}.")
    if not 1 <= part.length <= 400:
        raise CannotSetSchedule(f"A turn of {part.length} {part.unit}", field="length", hint="Choose 1 to 400.")
    if not any([part.people, *(site.people for site in part.sites)]):
        raise CannotSetSchedule(f"Nobody is in the layer {part.name!r}", field="people", hint="Name at least one.")
    if len(part.people) > MOST_MEMBERS:
        raise CannotSetSchedule(f"{MOST_MEMBERS} people are the most in one layer", field="people")
    _check_times(part)


def _check_times(part: LayerPart) -> None:
    if any(not one.days or not set(one.days) <= set(range(7)) for one in part.hours):
        raise CannotSetSchedule("Hours need at least one weekday", field="days")
    if any(not 1 <= site.turn_days <= 400 for site in part.sites):
        raise CannotSetSchedule("A site's turn lasts 1 to 400 days", field="length")


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CannotSetSchedule(
            f"There is no time zone {zone!r}", field="zone", hint="Such as Europe/Berlin or UTC."
        ) from None
