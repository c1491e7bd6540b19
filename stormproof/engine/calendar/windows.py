"""Hours of the week during which a layer counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from stormproof.engine.calendar.wall import moment_of, wall_of

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Window:
    """On these weekdays (Monday is 0) from `start` until `end`; an end at or before the start is on the next day."""

    weekdays: frozenset[int]
    start: time
    end: time

    def hours_of(self, day: date) -> tuple[datetime, datetime]:
        """The wall-clock times of the window that begins on `day`."""
        begin, finish = datetime.combine(day, self.start), datetime.combine(day, self.end)
        return begin, finish if finish > begin else finish + DAY


def open_times(
    windows: Collection[Window], zone: ZoneInfo, *, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """When any of `windows` is open between two moments: joined, in order, cut to the ends. Without windows: always."""
    if not windows:
        return [(start, end)] if start < end else []
    joined: list[tuple[datetime, datetime]] = []
    for begins, finishes in sorted(_each(windows, zone, start=start, end=end)):
        opens, closes = max(begins, start), min(finishes, end)
        if opens >= closes:
            continue
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return joined


def _each(
    windows: Collection[Window], zone: ZoneInfo, *, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    day, last = wall_of(start, zone).date() - 2 * DAY, wall_of(end, zone).date() + DAY
    while day <= last:
        for window in windows:
            if day.weekday() in window.weekdays:
                opens, closes = window.hours_of(day)
                yield moment_of(opens, zone), moment_of(closes, zone)
        day += DAY
