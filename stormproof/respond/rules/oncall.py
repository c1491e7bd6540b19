"""How the load of being on call is shared, and when it is too much for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from stormproof.engine.calendar import Window, open_times

WARN_AHEAD = timedelta(days=30)
OVERLOAD = 1.5  # times the median hours
HOUR = timedelta(hours=1)
EVERY_DAY = frozenset(range(7))
NIGHT = (Window(weekdays=EVERY_DAY, start=time(22), end=time(6)),)
WEEKEND = (Window(weekdays=frozenset({5, 6}), start=time(0), end=time(0)),)


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one person bears: hours on call, of them at night (22 to 6) and at weekends by their own clocks, shifts."""

    person: int
    hours: float
    nights: float
    weekends: float
    shifts: int


def loads_of(shifts: Iterable[tuple[int, datetime, datetime]], zones: dict[int, ZoneInfo]) -> list[Load]:
    """The load of each person in `shifts` (person, start, end), the greatest first."""
    by_person: dict[int, list[tuple[datetime, datetime]]] = {}
    for person, start, end in shifts:
        by_person.setdefault(person, []).append((start, end))
    found = [
        Load(
            person=person,
            hours=sum(((end - start) / HOUR for start, end in spans), 0.0),
            nights=_hours_in(NIGHT, zones[person], spans),
            weekends=_hours_in(WEEKEND, zones[person], spans),
            shifts=len(spans),
        )
        for person, spans in by_person.items()
    ]
    return sorted(found, key=lambda load: (-load.hours, load.person))


def overloaded(loads: Iterable[Load]) -> list[int]:
    """Who is on call more than half as much again as the median person; nobody while there are fewer than two."""
    every = list(loads)
    if len(every) < 2:
        return []
    limit = OVERLOAD * median(load.hours for load in every)
    return [load.person for load in every if load.hours > limit]


def _hours_in(windows: tuple[Window, ...], zone: ZoneInfo, spans: Iterable[tuple[datetime, datetime]]) -> float:
    times = (one for start, end in spans for one in open_times(windows, zone, start=start, end=end))
    return sum(((closes - opens) / HOUR for opens, closes in times), 0.0)
