"""Calendars: shifts go out under secret addresses, absences and overrides come in from elsewhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from django.db import transaction
from icalendar import Calendar, Event

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.core.secrets import open_text, seal_text
from stormproof.engine.calendar import moment_of
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.guarded_http import guarded_client
from stormproof.people.models import User
from stormproof.respond.facts import CalendarAddressRotated, ScheduleChanged
from stormproof.respond.models import Absence, CalendarAddress, CalendarImport, Schedule, ScheduleOverride
from stormproof.respond.selectors.oncall import Turn, shifts_of_person, turns_of, zone_of
from stormproof.respond.services.duty import record_duty
from stormproof.respond.services.stand_ins import record_where_planned

SHOWN_BACK, SHOWN_AHEAD = timedelta(days=30), timedelta(days=180)
READ_EVERY = timedelta(minutes=15)
AHEAD = timedelta(days=400)
MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
MOST_IMPORTS = 10
TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
OLDEST = 1970


class CannotReadCalendar(Refused):
    """The address is none, answers no calendar, or the file is not one."""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One event of a calendar: when it is, what it is called, and the addresses of who takes part."""

    start: datetime
    end: datetime
    title: str
    people: tuple[str, ...]


@transaction.atomic
def rotate_calendar_address(*, schedule: Schedule | None = None, actor: Actor, at: datetime) -> str:
    """A fresh secret address for one's own shifts, or for a schedule's; the former one answers no more."""
    actor.require("respond.write" if schedule is not None else "respond.read")
    token = secrets.token_urlsafe(32)
    whose: dict[str, Any] = {"schedule": schedule} if schedule is not None else {"person_id": actor.user_id}
    fresh = {"digest": hashlib.sha256(token.encode()).hexdigest(), "sealed_token": seal_text(token), "made_at": at}
    CalendarAddress.objects.update_or_create(**whose, defaults=fresh)
    fact = CalendarAddressRotated(
        schedule_id=schedule.pk if schedule else None, user_id=None if schedule else actor.user_id
    )
    tell(fact, at=at, actor=actor)
    return url_of_token(token)


def url_of(address: CalendarAddress) -> str:
    """The whole secret address."""
    return url_of_token(open_text(address.sealed_token))


def url_of_token(token: str) -> str:
    """The address that a calendar program subscribes to."""
    return f"{env.public_url}/calendar/{token}.ics"


def calendar_file(address: CalendarAddress, *, at: datetime) -> bytes:
    """The shifts of a person or schedule as iCalendar (RFC 5545), 30 days back and 180 ahead."""
    start, end = at - SHOWN_BACK, at + SHOWN_AHEAD
    if address.schedule is not None:
        turns = [turn for turn in turns_of([address.schedule], start=start, end=end) if turn.person]
        name = address.schedule.name
    else:
        schedules = list(Schedule.objects.filter(retired_at__isnull=True))
        turns = shifts_of_person(address.person, schedules, start=start, end=end) if address.person else []
        name = f"On call: {address.person}"
    calendar = Calendar()
    calendar.add("prodid", "-//Stormproof//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-published-ttl", "PT15M")
    for turn in turns:
        calendar.add_component(_event(turn, at=at))
    return bytes(calendar.to_ical())


def _event(turn: Turn, *, at: datetime) -> Event:
    event = Event()
    person = turn.person.pk if turn.person else 0
    event.add("uid", f"{turn.schedule.slug}-{person}-{turn.start:%Y%m%dT%H%M}@stormproof")
    event.add("dtstamp", at)
    event.add("dtstart", turn.start)
    event.add("dtend", turn.end)
    event.add("summary", f"{turn.person} on call: {turn.schedule.name}")
    event.add("url", f"{env.public_url}/on-call/{turn.schedule.slug}/")
    return event


@transaction.atomic
def import_calendar(*, url: str, schedule: Schedule | None = None, actor: Actor, at: datetime) -> CalendarImport:
    """Read a calendar elsewhere from now on, each quarter of an hour; raises `CannotReadCalendar`.

    Events of one's own calendar are absences. Events of a schedule's calendar are overrides by whoever is invited, or
    whose name or address is the title.
    """
    actor.require("respond.write" if schedule is not None else "respond.read")
    if actor.user_id is None:
        raise CannotReadCalendar("A calendar belongs to a person")
    try:
        parts = httpx.URL(url.strip())
    except httpx.InvalidURL:
        parts = httpx.URL("")
    if parts.scheme not in ("http", "https") or not parts.host:
        raise CannotReadCalendar(f"{url!r} is no web address", field="url", hint="Such as https://…/basic.ics")
    if CalendarImport.objects.filter(person_id=actor.user_id).count() >= MOST_IMPORTS:
        raise CannotReadCalendar(f"{MOST_IMPORTS} calendars are the most", hint="Remove one first.")
    return CalendarImport.objects.create(
        person_id=actor.user_id,
        schedule=schedule,
        sealed_url=seal_text(str(parts)),
        host=parts.host[:255],
        made_at=at,
        next_at=at,
    )


@transaction.atomic
def forget_calendar(calendar: CalendarImport, *, actor: Actor, at: datetime) -> None:
    """Read a calendar no more; what came from it goes too, except what has happened."""
    if actor.user_id != calendar.person_id:
        actor.require("respond.write")
    record_where_planned(at=at)
    CalendarImport.objects.filter(pk=calendar.pk).delete()


def read_due_calendars(*, at: datetime) -> int:
    """Read the calendars that are due, each in its own transaction; returns how many."""
    due = CalendarImport.objects.filter(next_at__lte=at, person__is_active=True).order_by("next_at")
    ids = list(due.values_list("pk", flat=True)[:20])
    for pk in ids:
        _read_one(pk, at=at)
    return len(ids)


def _read_one(pk: int, *, at: datetime) -> None:
    if not CalendarImport.objects.filter(pk=pk, next_at__lte=at).update(next_at=at + READ_EVERY):
        return  # another worker reads it
    calendar = CalendarImport.objects.select_related("person", "schedule").get(pk=pk)
    try:
        found = happenings_in(_fetched(open_text(calendar.sealed_url)), zone=zone_of(calendar.person), at=at)
    except CannotReadCalendar as refused:
        CalendarImport.objects.filter(pk=pk).update(error=refused.message[:500])
        return
    with transaction.atomic():
        if calendar.schedule is not None:
            _take_overrides(calendar.schedule, found, calendar=calendar, by=calendar.host, at=at)
        else:
            _take_absences(calendar.person, found, calendar=calendar, at=at)
        CalendarImport.objects.filter(pk=pk).update(error="", read_at=at)


@transaction.atomic
def import_calendar_file(
    content: bytes, *, schedule: Schedule | None = None, person: User | None = None, actor: Actor, at: datetime
) -> int:
    """Take a calendar file in, once: overrides of `schedule`, or absences of `person`; how many events counted.

    Raises `CannotReadCalendar`.
    """
    if schedule is not None:
        actor.require("respond.write")
        zone = ZoneInfo(schedule.zone)
        found = happenings_in(content, zone=zone, at=at)
        return _take_overrides(schedule, found, calendar=None, by=actor.name, at=at)
    if person is None or (actor.user_id != person.pk and not actor.may("respond.write")):
        raise CannotReadCalendar("A calendar file is for oneself or for a schedule")
    return _take_absences(person, happenings_in(content, zone=zone_of(person), at=at), calendar=None, at=at)


def _take_absences(person: User, found: Iterable[Happening], *, calendar: CalendarImport | None, at: datetime) -> int:
    record_where_planned(at=at)
    if calendar is not None:
        calendar.absences.all().delete()
    rows = [
        Absence(person=person, starts_at=one.start, ends_at=one.end, note=one.title[:200], calendar=calendar)
        for one in found
    ]
    Absence.objects.bulk_create(rows)
    return len(rows)


def _take_overrides(
    schedule: Schedule, found: Iterable[Happening], *, calendar: CalendarImport | None, by: str, at: datetime
) -> int:
    record_duty(schedule, at=at)
    if calendar is not None:
        calendar.overrides.filter(ends_at__gt=at).delete()
    users = {name: user for user in User.objects.filter(is_active=True) for name in (user.email, user.name.lower())}
    rows = []
    for one in found:
        named = [*one.people, one.title.strip().lower()]
        user = next((users[name] for name in named if name and name in users), None)
        if user is not None:
            rows.append(
                ScheduleOverride(
                    schedule=schedule,
                    person=user,
                    starts_at=max(one.start, at),
                    ends_at=one.end,
                    calendar=calendar,
                    made_by=by[:120],
                    made_at=at,
                )
            )
    ScheduleOverride.objects.bulk_create(rows)
    tell(ScheduleChanged(schedule_id=schedule.pk, what="override"), at=at, actor=SYSTEM)
    return len(rows)


def _fetched(url: str) -> bytes:
    with guarded_client(Guard(env.allowed_networks), timeout_s=15) as client:
        try:
            answer = client.get(url, follow_redirects=True, headers={"Accept": "text/calendar"})
        except httpx.HTTPError as error:
            raise CannotReadCalendar(f"The calendar does not answer: {error}") from error
    if not answer.is_success:
        raise CannotReadCalendar(f"The calendar answers {answer.status_code}")
    if len(answer.content) > MOST_BYTES:
        raise CannotReadCalendar("The calendar is larger than 1 MB")
    return answer.content


def happenings_in(content: bytes, *, zone: ZoneInfo, at: datetime) -> list[Happening]:
    """The events of a calendar that are not over, repeated ones spread out over the next 400 days.

    Times without a zone are read in `zone`. Raises `CannotReadCalendar`.
    """
    if len(content) > MOST_BYTES:
        raise CannotReadCalendar("The calendar is larger than 1 MB", field="file")
    try:
        events = Calendar.from_ical(content).walk("VEVENT")
    except (ValueError, IndexError, KeyError) as error:
        raise CannotReadCalendar("This is no calendar (iCalendar, .ics)", field="file") from error
    found: list[Happening] = []
    for event in events:
        if str(event.get("STATUS", "")) == "CANCELLED" or "DTSTART" not in event:
            continue
        try:
            found += _times_of(event, zone=zone, at=at)
        except (ValueError, TypeError, AttributeError) as error:
            raise CannotReadCalendar(f"An event cannot be read: {error}", field="file") from error
        if len(found) > MOST_EVENTS:
            raise CannotReadCalendar(f"The calendar has more than {MOST_EVENTS} events", field="file")
    return found


def _times_of(event: Any, *, zone: ZoneInfo, at: datetime) -> Iterable[Happening]:
    first, start_zone = _wall(event["DTSTART"].dt, zone)
    if "DTEND" in event:
        length = _wall(event["DTEND"].dt, zone)[0] - first
    else:
        length = event["DURATION"].dt if "DURATION" in event else timedelta(days=1)
    title = str(event.get("SUMMARY", ""))
    invited = event.get("ATTENDEE", [])
    invited = invited if isinstance(invited, list) else [invited]
    people = tuple(str(one).lower().removeprefix("mailto:") for one in invited)
    walls = [first]
    if "RRULE" in event:
        text = event["RRULE"].to_ical().decode().replace("Z", "")
        if any(f"FREQ={word}" in text for word in TOO_OFTEN) or first.year < OLDEST:
            raise CannotReadCalendar(f"The event {title[:80]!r} repeats too often, or since too long", field="file")
        rule = rrulestr(text, dtstart=first)
        until = (at + AHEAD).replace(tzinfo=None)
        left_out = _left_out(event, zone)
        walls = [wall for wall in _spread(rule, first=first, length=length, at=at, until=until) if wall not in left_out]
    for wall in walls:
        start, end = moment_of(wall, start_zone), moment_of(wall + length, start_zone)
        if start < end and end > at:
            yield Happening(start=start, end=end, title=title, people=people)


def _left_out(event: Any, zone: ZoneInfo) -> set[datetime]:
    """The repetitions that were taken out of a series."""
    given = event.get("EXDATE", [])
    given = given if isinstance(given, list) else [given]
    return {_wall(one.dt, zone)[0] for dates in given for one in dates.dts}


def _spread(rule: Any, *, first: datetime, length: timedelta, at: datetime, until: datetime) -> list[datetime]:
    """The repetitions of an event that are not over, to the horizon; a rule without end stops there."""
    since = max(first, at.replace(tzinfo=None) - length - timedelta(days=1))
    found: list[datetime] = []
    for wall in rule.xafter(since, inc=True):
        if wall > until or len(found) >= MOST_EVENTS:
            break
        found.append(wall)
    return found


def _wall(value: datetime | date, zone: ZoneInfo) -> tuple[datetime, ZoneInfo]:
    """A date or time of a calendar as a clock reading and the zone it is read in."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min), zone
    if value.tzinfo is None:
        return value, zone
    key = getattr(value.tzinfo, "key", None)
    if key:
        return value.replace(tzinfo=None, fold=0), ZoneInfo(key)
    return value.astimezone(UTC).replace(tzinfo=None), ZoneInfo("UTC")
