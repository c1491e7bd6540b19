"""Reads of schedules: who is on call at a moment, who comes next, where nobody is, who bears how much."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Count, Prefetch, Q, QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.engine import calendar as engine
from stormproof.people.models import User
from stormproof.respond.choices import SwapState
from stormproof.respond.models import (
    Absence,
    CalendarAddress,
    CalendarImport,
    CoverageGap,
    Duty,
    HandOffNote,
    LayerMember,
    Page,
    Schedule,
    ScheduleLayer,
    ScheduleOverride,
    Swap,
    TemporarySchedule,
)
from stormproof.respond.rules import Load, loads_of, overloaded

READ_ON_CALL = "respond.read"
LOOK_AHEAD = timedelta(days=14)
INSTANT = timedelta(microseconds=1)  # the shortest span the database can tell apart


@dataclass(frozen=True, kw_only=True)
class Turn:
    """From `start` until `end` `person` is on call in `schedule`; None for nobody."""

    schedule: Schedule
    start: datetime
    end: datetime
    person: User | None
    source: str = "layer"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Who is on call in a schedule now and until when, and who comes next; None for nobody."""

    schedule: Schedule
    person: User | None
    until: datetime | None
    next_person: User | None


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one person bore or will bear, how often they were paged, and whether it is too much."""

    person: User
    load: Load
    pages: int
    is_too_much: bool


def schedules_for(actor: Actor) -> QuerySet[Schedule]:
    """The schedules in use, by name; none for those who may not read."""
    if not actor.may(READ_ON_CALL):
        return Schedule.objects.none()
    return Schedule.objects.filter(retired_at__isnull=True).select_related("team")


def schedule_for(actor: Actor, slug: str) -> Schedule:
    """The schedule in use named `slug`; raises `NotFound`."""
    found = schedules_for(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no on-call schedule {slug}")
    return found


def layers_of(schedule: Schedule) -> list[ScheduleLayer]:
    """The layers in order, each with its members."""
    members = Prefetch("members", queryset=LayerMember.objects.select_related("person"))
    return list(schedule.layers.prefetch_related(members))


def plans_of(schedules: Sequence[Schedule], *, start: datetime, end: datetime) -> dict[int, engine.Plan]:
    """The plan of each schedule for a span of time, by the schedule's id; in a fixed number of queries."""
    ids = [schedule.pk for schedule in schedules]
    members = Prefetch("members", queryset=LayerMember.objects.filter(person__is_active=True))
    layers = list(ScheduleLayer.objects.filter(schedule__in=ids).prefetch_related(members))
    within = Q(starts_at__lt=end, ends_at__gt=start)
    overrides = list(ScheduleOverride.objects.filter(within, schedule__in=ids, person__is_active=True))
    temporaries = TemporarySchedule.objects.filter(within, schedule__in=ids).prefetch_related("shifts")
    absences = list(Absence.objects.filter(within))
    return {
        schedule.pk: engine.Plan(
            layers=tuple(_layer_of(one) for one in layers if one.schedule_id == schedule.pk),
            temporary=tuple(_temporary_of(one) for one in temporaries if one.schedule_id == schedule.pk),
            overrides=tuple(
                engine.Override(start=one.starts_at, end=one.ends_at, person=one.person_id, replaces=one.replaces_id)
                for one in overrides
                if one.schedule_id == schedule.pk
            ),
            absences=tuple(
                engine.Absence(start=one.starts_at, end=one.ends_at, person=one.person_id) for one in absences
            ),
            holidays=frozenset(date.fromisoformat(day) for day in schedule.holidays),
        )
        for schedule in schedules
    }


def _layer_of(layer: ScheduleLayer) -> engine.Layer:
    zone = ZoneInfo(layer.zone)
    by_site: dict[int, list[int]] = {}
    for member in layer.members.all():
        by_site.setdefault(member.site, []).append(member.person_id)
    rotation: engine.Rotation | engine.FollowTheSun
    if layer.sites:
        rotation = engine.FollowTheSun(
            sites=tuple(
                engine.Site(
                    zone=ZoneInfo(site["zone"]),
                    takes_over=time.fromisoformat(site["from"]),
                    members=tuple(by_site.get(place, ())),
                    turn_days=site["days"],
                )
                for place, site in enumerate(layer.sites)
            ),
            start=layer.starts_on,
        )
    else:
        rotation = engine.Rotation(
            zone=zone,
            start=datetime.combine(layer.starts_on, layer.hand_off),
            unit=engine.Unit(layer.unit),
            length=layer.length,
            members=tuple(by_site.get(0, ())),
        )
    windows = tuple(
        engine.Window(
            weekdays=frozenset(one["days"]), start=time.fromisoformat(one["from"]), end=time.fromisoformat(one["to"])
        )
        for one in layer.windows
    )
    return engine.Layer(rotation=rotation, zone=zone, windows=windows, holidays=engine.Holidays(layer.holiday_mode))


def _temporary_of(row: TemporarySchedule) -> engine.Temporary:
    shifts = tuple((one.starts_at, one.ends_at, one.person_id) for one in row.shifts.all())
    return engine.Temporary(start=row.starts_at, end=row.ends_at, shifts=shifts)


def turns_of(schedules: Sequence[Schedule], *, start: datetime, end: datetime) -> list[Turn]:
    """Who is on call between two moments, gaps included, schedule by schedule in order of time."""
    plans = plans_of(schedules, start=start, end=end)
    slots = {schedule.pk: engine.slots(plans[schedule.pk], start, end) for schedule in schedules}
    people = User.objects.in_bulk({slot.person for found in slots.values() for slot in found if slot.person})
    return [
        Turn(
            schedule=schedule,
            start=slot.start,
            end=slot.end,
            person=people.get(slot.person or 0),
            source=slot.source,
        )
        for schedule in schedules
        for slot in slots[schedule.pk]
    ]


def people_on_call(schedules: Sequence[Schedule], *, at: datetime) -> dict[int, User | None]:
    """Who is on call in each schedule at a moment, by the schedule's id."""
    turns = turns_of(schedules, start=at, end=at + INSTANT)
    return {turn.schedule.pk: turn.person for turn in turns}


def standings(schedules: Sequence[Schedule], *, at: datetime) -> list[Standing]:
    """Who is on call now and next in each schedule; `until` is None when nothing changes within two weeks."""
    turns: dict[int, list[Turn]] = {schedule.pk: [] for schedule in schedules}
    for turn in turns_of(schedules, start=at, end=at + LOOK_AHEAD):
        turns[turn.schedule.pk].append(turn)
    found = []
    for schedule in schedules:
        first, *later = turns[schedule.pk]
        following = next((turn for turn in later if turn.person != first.person), None)
        found.append(
            Standing(
                schedule=schedule,
                person=first.person,
                until=following.start if following else None,
                next_person=following.person if following else None,
            )
        )
    return found


def shifts_of_person(user: User, schedules: Sequence[Schedule], *, start: datetime, end: datetime) -> list[Turn]:
    """When `user` is on call, in all schedules, in order of time."""
    turns = [turn for turn in turns_of(schedules, start=start, end=end) if turn.person == user]
    return sorted(turns, key=lambda turn: turn.start)


def gaps_ahead(actor: Actor) -> QuerySet[CoverageGap]:
    """Where nobody would be on call within the next 30 days, the nearest first."""
    return CoverageGap.objects.filter(schedule__in=schedules_for(actor)).select_related("schedule")


def shares_of(schedules: Sequence[Schedule], *, start: datetime, end: datetime, at: datetime) -> list[Share]:
    """How on call is shared between two moments: from history until now, from the plan after it."""
    spans = [
        (duty.person_id, max(duty.starts_at, start), min(duty.ends_at, end))
        for duty in Duty.objects.filter(schedule__in=schedules, starts_at__lt=end, ends_at__gt=start)
    ]
    if end > at:
        ahead = turns_of(schedules, start=max(start, at), end=end)
        spans += [(turn.person.pk, turn.start, turn.end) for turn in ahead if turn.person]
    people = User.objects.in_bulk({person for person, _, _ in spans})
    loads = loads_of(spans, {pk: zone_of(user) for pk, user in people.items()})
    heavy = overloaded(loads)
    pages = _pages_by_person(start, end)
    return [
        Share(
            person=people[load.person],
            load=load,
            pages=pages.get(load.person, 0),
            is_too_much=load.person in heavy,
        )
        for load in loads
    ]


def _pages_by_person(start: datetime, end: datetime) -> dict[int, int]:
    rows = Page.objects.filter(posted_at__gte=start, posted_at__lt=end, person__isnull=False, attempt=1)
    counted = rows.values("person").annotate(number=Count("incident", distinct=True))
    return {row["person"]: row["number"] for row in counted}


def overloaded_people(schedules: Sequence[Schedule], *, at: datetime) -> list[Share]:
    """Who is planned for more than half as much again as the median in the next 30 days."""
    shares = shares_of(schedules, start=at, end=at + timedelta(days=30), at=at)
    return [share for share in shares if share.is_too_much]


def duties_of(schedule: Schedule) -> QuerySet[Duty]:
    """Who was on call when, newest first, in UTC."""
    return Duty.objects.filter(schedule=schedule).select_related("person").order_by("-starts_at")


def overrides_ahead(schedule: Schedule, *, at: datetime) -> QuerySet[ScheduleOverride]:
    """The overrides that are not over, the nearest first."""
    rows = schedule.overrides.filter(ends_at__gt=at).select_related("person", "replaces")
    return rows.order_by("starts_at", "pk")


def override_for(schedule: Schedule, id: int) -> ScheduleOverride:
    """One override; raises `NotFound`."""
    found = schedule.overrides.filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no override {id}")
    return found


def temporaries_ahead(schedule: Schedule, *, at: datetime) -> QuerySet[TemporarySchedule]:
    """The temporary schedules that are not over."""
    return schedule.temporaries.filter(ends_at__gt=at).prefetch_related("shifts__person").order_by("starts_at")


def swaps_for(actor: Actor) -> QuerySet[Swap]:
    """The swaps that wait for an answer and concern the actor: asked of them, or asked by them."""
    rows = Swap.objects.filter(state=SwapState.ASKED).select_related("schedule", "asker", "asked")
    return rows.filter(Q(asked_id=actor.user_id) | Q(asker_id=actor.user_id))


def swap_for(actor: Actor, id: int) -> Swap:
    """A swap that concerns the actor; raises `NotFound`."""
    rows = Swap.objects.select_related("schedule", "asker", "asked")
    found = rows.filter(Q(asked_id=actor.user_id) | Q(asker_id=actor.user_id), pk=id).first()
    if found is None:
        raise NotFound(f"There is no swap {id}")
    return found


def absences_ahead(*, at: datetime, user_id: int | None = None) -> QuerySet[Absence]:
    """Who is away now or later, the nearest first; of one person only with `user_id`."""
    rows = Absence.objects.filter(ends_at__gt=at).select_related("person", "calendar").order_by("starts_at", "pk")
    return rows if user_id is None else rows.filter(person_id=user_id)


def absence_for(actor: Actor, id: int) -> Absence:
    """An absence of one's own, or any for those who may plan; raises `NotFound`."""
    found = Absence.objects.select_related("person").filter(pk=id).first()
    if found is None or not (found.person_id == actor.user_id or actor.may("respond.write")):
        raise NotFound(f"There is no absence {id}")
    return found


def imports_of(*, user_id: int | None, schedule: Schedule | None = None) -> QuerySet[CalendarImport]:
    """The calendars elsewhere that are read for a person, or for a schedule."""
    if schedule is not None:
        return CalendarImport.objects.filter(schedule=schedule).order_by("pk")
    return CalendarImport.objects.filter(person_id=user_id, schedule__isnull=True).order_by("pk")


def import_for(actor: Actor, id: int) -> CalendarImport:
    """A calendar elsewhere that is one's own, or any for those who may plan; raises `NotFound`."""
    found = CalendarImport.objects.filter(pk=id).first()
    if found is None or not (found.person_id == actor.user_id or actor.may("respond.write")):
        raise NotFound(f"There is no calendar {id}")
    return found


def calendar_behind(token: str) -> CalendarAddress:
    """The person or schedule whose secret calendar address ends with `token`; raises `NotFound`."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    found = CalendarAddress.objects.select_related("person", "schedule").filter(digest=digest).first()
    if found is None or (found.person is not None and not found.person.is_active):
        raise NotFound("There is no such calendar")
    return found


def calendar_address_of(*, user_id: int | None = None, schedule: Schedule | None = None) -> CalendarAddress | None:
    """The calendar address of a person or of a schedule, if one was made."""
    if schedule is not None:
        return CalendarAddress.objects.filter(schedule=schedule).first()
    return CalendarAddress.objects.filter(person_id=user_id).first()


def latest_note(schedule: Schedule) -> HandOffNote | None:
    """What was said last at a hand-off."""
    return schedule.notes.select_related("author").order_by("-written_at", "-pk").first()


def zone_of(user: User) -> ZoneInfo:
    """The person's zone; UTC when it is none that this machine knows."""
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
