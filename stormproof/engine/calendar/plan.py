"""A schedule as a whole: overrides over temporary schedules over layers, as intervals without hole or overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from stormproof.engine.calendar.rotation import FollowTheSun, Rotation, Shift
from stormproof.engine.calendar.wall import moment_of, wall_of
from stormproof.engine.calendar.windows import Window, open_times

INSTANT = timedelta(microseconds=1)


class Holidays(StrEnum):
    """What a layer does on the schedule's holidays."""

    COUNT = "count"  # as on any other day
    OFF = "off"  # the layer is off
    ONLY = "only"  # the layer counts on holidays only


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A rotation that counts at certain hours; a later layer goes before an earlier one."""

    rotation: Rotation | FollowTheSun
    zone: ZoneInfo
    windows: tuple[Window, ...] = ()
    holidays: Holidays = Holidays.COUNT


@dataclass(frozen=True, kw_only=True)
class Override:
    """`person` is on call from `start` until `end`; with `replaces` only where that person would have been."""

    start: datetime
    end: datetime
    person: int
    replaces: int | None = None


@dataclass(frozen=True, kw_only=True)
class Temporary:
    """From `start` until `end` the layers do not count, these shifts do: (start, end, person)."""

    start: datetime
    end: datetime
    shifts: tuple[tuple[datetime, datetime, int], ...]


@dataclass(frozen=True, kw_only=True)
class Absence:
    """A person who is away; the next of the rotation who is not stands in."""

    start: datetime
    end: datetime
    person: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that says who is on call. Of two overrides the later in the list wins."""

    layers: tuple[Layer, ...] = ()
    temporary: tuple[Temporary, ...] = ()
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Slot:
    """From `start` until `end` `person` is on call, None for nobody; `source` is layer, temporary or override."""

    start: datetime
    end: datetime
    person: int | None
    source: str


def on_call_at(plan: Plan, moment: datetime) -> int | None:
    """Who is on call at `moment`."""
    return slots(plan, moment, moment + INSTANT)[0].person


def slots(plan: Plan, start: datetime, end: datetime) -> list[Slot]:
    """Who is on call between two moments: they follow one another without hole or overlap, gaps included."""
    if start >= end:
        return []
    layers = [_Track(_times_of_layer(plan, layer, start, end)) for layer in plan.layers]
    temporary = [(one, _Track(one.shifts)) for one in plan.temporary if one.start < end and one.end > start]
    overrides = [one for one in plan.overrides if one.start < end and one.end > start]
    cuts = {start, end}
    for track in (*layers, *(track for _, track in temporary)):
        cuts |= {moment for begins, finishes, _ in track.times for moment in (begins, finishes)}
    spans = [(one.start, one.end) for one in overrides] + [(one.start, one.end) for one, _ in temporary]
    cuts |= {moment for span in spans for moment in span}
    edges = sorted(moment for moment in cuts if start <= moment <= end)
    found: list[Slot] = []
    for begins, finishes in pairwise(edges):
        person, source = _at(begins, layers=layers, temporary=temporary, overrides=overrides)
        if found and (found[-1].person, found[-1].source) == (person, source):
            found[-1] = Slot(start=found[-1].start, end=finishes, person=person, source=source)
        else:
            found.append(Slot(start=begins, end=finishes, person=person, source=source))
    return found


class _Track:
    """Times of one layer that do not overlap, found by bisection."""

    def __init__(self, times: Iterable[tuple[datetime, datetime, int]]) -> None:
        self.times = sorted(times)
        self._starts = [begins for begins, _, _ in self.times]

    def at(self, moment: datetime) -> int | None:
        place = bisect_right(self._starts, moment) - 1
        return self.times[place][2] if place >= 0 and self.times[place][1] > moment else None


def _at(
    moment: datetime,
    *,
    layers: Sequence[_Track],
    temporary: Sequence[tuple[Temporary, _Track]],
    overrides: Sequence[Override],
) -> tuple[int | None, str]:
    person, source = None, "layer"
    for track in layers:
        person = found if (found := track.at(moment)) is not None else person
    for one, track in temporary:
        if one.start <= moment < one.end:
            person, source = track.at(moment), "temporary"
    for override in overrides:
        if override.start <= moment < override.end and override.replaces in (None, person):
            person, source = override.person, "override"
    return person, source


def _times_of_layer(
    plan: Plan, layer: Layer, start: datetime, end: datetime
) -> Iterable[tuple[datetime, datetime, int]]:
    hours = open_times(layer.windows, layer.zone, start=start, end=end)
    if layer.holidays is not Holidays.COUNT:
        hours = _by_holidays(plan.holidays, layer, hours)
    place = 0
    for shift in layer.rotation.shifts(start, end):
        while place < len(hours) and hours[place][1] <= shift.start:
            place += 1
        for opens, closes in hours[place:]:
            if opens >= shift.end:
                break
            yield from _present(plan, shift, max(opens, shift.start), min(closes, shift.end))


def _present(plan: Plan, shift: Shift, start: datetime, end: datetime) -> Iterable[tuple[datetime, datetime, int]]:
    """The shift between two moments, its parts in which its person is away given to the next who is not."""
    away = [one for one in plan.absences if one.person in shift.people and one.start < end and one.end > start]
    cuts = {start, end} | {moment for one in away for moment in (one.start, one.end) if start < moment < end}
    edges = sorted(cuts)
    for begins, finishes in pairwise(edges):
        gone = {one.person for one in away if one.start <= begins < one.end}
        person = next((one for one in shift.people if one not in gone), None)
        if person is not None:
            yield begins, finishes, person


def _by_holidays(
    holidays: frozenset[date], layer: Layer, hours: list[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """The parts of `hours` that fall on holidays, or those that do not, by the wall clock of the layer."""
    found = []
    for opens, closes in hours:
        begins = opens
        while begins < closes:
            day = wall_of(begins, layer.zone).date()
            midnight = moment_of(datetime.combine(day + timedelta(days=1), time.min), layer.zone)
            if midnight <= begins:  # clocks that were put back over midnight: the day goes on after its own end
                midnight = begins + timedelta(minutes=1)
            finishes = min(closes, midnight)
            if (day in holidays) == (layer.holidays is Holidays.ONLY):
                found.append((begins, finishes))
            begins = finishes
    return found
