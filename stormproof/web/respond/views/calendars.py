"""The month and the week of on-call shifts, by the clocks of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from stormproof.engine.calendar import moment_of
from stormproof.respond.models import Schedule
from stormproof.respond.selectors import Turn, turns_of

DAY = timedelta(days=1)
TONES = ("azure", "green", "purple", "orange", "teal", "pink", "lime", "indigo")


@dataclass(frozen=True)
class Piece:
    """The part of a turn that lies in one day."""

    turn: Turn
    hours: str
    tone: str


@dataclass(frozen=True)
class Day:
    """One day of the calendar."""

    date: date
    is_today: bool
    is_outside: bool
    is_holiday: bool
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """A month or a week: its days in rows of seven from Monday, and where to turn to."""

    title: str
    weeks: list[list[Day]]
    turns: list[Turn]
    view: str
    shown: date
    before: date
    after: date


def sheet_of(schedule: Schedule, *, view: str, around: date, zone: ZoneInfo, at: datetime) -> Sheet:
    """The calendar of a schedule around a day, as clocks in `zone` show it."""
    if view == "week":
        first = around - around.weekday() * DAY
        count, before, after = 7, first - 7 * DAY, first + 7 * DAY
        title = f"Week of {first:%d %B %Y}"
    else:
        month = around.replace(day=1)
        following = (month + 32 * DAY).replace(day=1)
        first = month - month.weekday() * DAY
        count = 7 * -(-((following - first).days) // 7)
        before, after = (month - DAY).replace(day=1), following
        title = f"{month:%B %Y}"
    start, end = _midnight(first, zone), _midnight(first + count * DAY, zone)
    turns = turns_of([schedule], start=start, end=end)
    days = [
        _day(first + number * DAY, turns, schedule=schedule, zone=zone, around=around, view=view, at=at)
        for number in range(count)
    ]
    weeks = [days[place : place + 7] for place in range(0, count, 7)]
    return Sheet(title=title, weeks=weeks, turns=turns, view=view, shown=around, before=before, after=after)


def _day(
    day: date, turns: Sequence[Turn], *, schedule: Schedule, zone: ZoneInfo, around: date, view: str, at: datetime
) -> Day:
    opens, closes = _midnight(day, zone), _midnight(day + DAY, zone)
    pieces = []
    for turn in turns:
        if turn.start < closes and turn.end > opens:
            begins = "" if turn.start <= opens else f"{turn.start.astimezone(zone):%H:%M}"
            ends = "" if turn.end >= closes else f"{turn.end.astimezone(zone):%H:%M}"
            tone = TONES[turn.person.pk % len(TONES)] if turn.person else "red"
            pieces.append(Piece(turn=turn, hours=_words(begins, ends), tone=tone))
    return Day(
        date=day,
        is_today=day == at.astimezone(zone).date(),
        is_outside=view == "month" and day.month != around.month,
        is_holiday=day.isoformat() in schedule.holidays,
        pieces=pieces,
    )


def _words(begins: str, ends: str) -> str:
    """`from 09:00`, `to 17:00`, `09:00 to 17:00`; empty for the whole day."""
    if begins and ends:
        return f"{begins} to {ends}"
    return f"from {begins}" if begins else f"to {ends}" if ends else ""


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return moment_of(datetime.combine(day, time.min), zone)
