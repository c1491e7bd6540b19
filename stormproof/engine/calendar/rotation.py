"""Rotations: people take turns, and hand over when the clocks of the rotation's zone show the hand-off time.

Shift arithmetic as GoAlert's: the difference of two clock readings is the elapsed time plus the change of offset;
hand-offs are counted in clock time from the first start, months always from the first start so that the 31st does not
drift; the next hand-off is strictly after a moment.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from stormproof.engine.calendar.wall import moment_of, wall_of

DAY = timedelta(days=1)


class Unit(StrEnum):
    """What the length of a turn is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


_FIXED = {Unit.HOURS: timedelta(hours=1), Unit.DAYS: DAY, Unit.WEEKS: 7 * DAY}


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One turn: whose it is (`people[0]`), and who would stand in for them, in the order of the rotation."""

    start: datetime
    end: datetime
    people: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """`members` take turns of `length` units, from `start`, which is a clock reading in `zone`.

    `offset` moves the order on, so that somebody can join without changing who is on call now.
    """

    zone: ZoneInfo
    start: datetime
    unit: Unit
    length: int
    members: tuple[int, ...]
    offset: int = 0

    def hand_off(self, turn: int) -> datetime:
        """The moment at which turn number `turn` (from 0) begins."""
        if self.unit is Unit.MONTHS:
            return moment_of(_months_later(self.start, turn * self.length), self.zone)
        return moment_of(self.start + turn * self.length * _FIXED[self.unit], self.zone)

    def turn_at(self, moment: datetime) -> int | None:
        """The number of the turn that runs at `moment`; None before the first start."""
        if not self.members or moment < self.hand_off(0):
            return None
        wall = wall_of(moment, self.zone)
        if self.unit is Unit.MONTHS:
            months = (wall.year - self.start.year) * 12 + wall.month - self.start.month
            turn = max(months // self.length - 1, 0)
        else:
            turn = max((wall - self.start) // (self.length * _FIXED[self.unit]), 0)
        while turn > 0 and self.hand_off(turn) > moment:  # clocks that jumped ahead show a turn that has not begun
            turn -= 1
        while self.hand_off(turn + 1) <= moment:
            turn += 1
        return turn

    def next_hand_off(self, moment: datetime) -> datetime:
        """The first hand-off strictly after `moment`."""
        turn = self.turn_at(moment)
        return self.hand_off(0 if turn is None else turn + 1)

    def shifts(self, start: datetime, end: datetime) -> list[Shift]:
        """The turns that run between two moments, whole, in order; a turn of no length is left out."""
        if not self.members or start >= end:
            return []
        turn, found = self.turn_at(start) or 0, []
        while (begins := self.hand_off(turn)) < end:
            finishes = self.hand_off(turn + 1)
            if begins < finishes and finishes > start:
                found.append(Shift(start=begins, end=finishes, people=_from(self.members, turn + self.offset)))
            turn += 1
        return found


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place of a follow-the-sun rotation: its people take over each day when its clocks show `takes_over`."""

    zone: ZoneInfo
    takes_over: time
    members: tuple[int, ...]
    turn_days: int = 7


@dataclass(frozen=True, kw_only=True)
class FollowTheSun:
    """Sites take over from one another round the earth, each by its own clocks; the last to take over is on call.

    So there is neither hole nor overlap in the weeks in which only some sites have moved their clocks.
    """

    sites: tuple[Site, ...]
    start: date

    def shifts(self, start: datetime, end: datetime) -> list[Shift]:
        """The turns that run between two moments, whole, in order."""
        starts = self._starts(start, end)
        found = []
        for (begins, _, people), (finishes, _, _) in pairwise(starts):
            if begins < finishes and finishes > start and begins < end:
                found.append(Shift(start=begins, end=finishes, people=people))
        return found

    def next_hand_off(self, moment: datetime) -> datetime:
        """The first hand-off strictly after `moment`."""
        first = moment_of(datetime.combine(self.start, time.min), self.sites[0].zone)
        later = self._starts(max(moment, first), max(moment, first) + 4 * DAY)
        return next(begins for begins, _, _ in later if begins > moment)

    def _starts(self, start: datetime, end: datetime) -> list[tuple[datetime, int, tuple[int, ...]]]:
        found = []
        for place, site in enumerate(self.sites):
            if not site.members:
                continue
            day = max(wall_of(start, site.zone).date() - 3 * DAY, self.start)
            last = wall_of(end, site.zone).date() + 3 * DAY
            while day <= last:
                turn = (day - self.start).days // site.turn_days
                begins = moment_of(datetime.combine(day, site.takes_over), site.zone)
                found.append((begins, place, _from(site.members, turn)))
                day += DAY
        return sorted(found, key=lambda one: one[:2])


def _from(members: tuple[int, ...], turn: int) -> tuple[int, ...]:
    """The members in order, beginning with whose turn it is."""
    place = turn % len(members)
    return members[place:] + members[:place]


def _months_later(wall: datetime, months: int) -> datetime:
    """The same day and clock time `months` later; the last day of a month that has no such day."""
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day)
