"""When planned work happens: wall-clock times of a zone as moments, and windows that touch as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from stormproof.core.document import write_duration
from stormproof.watch.choices import Repeat

Span = tuple[datetime, datetime]
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_GAP = timedelta(hours=25)  # Pacific/Apia left out a whole day in 2011


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """When a window happens: a span (once), weekdays at a time of day, or a cron line; these two last a duration."""

    repeat: str
    zone: str
    span: Span | None = None
    weekdays: frozenset[int] = frozenset()  # 0 is Monday; none means every day
    clock_time: time | None = None
    cron: str = ""
    duration: timedelta = timedelta()


def instant_of(day: date, clock_time: time, zone: ZoneInfo) -> datetime:
    """The moment at which a clock in `zone` shows `clock_time` on `day`; UTC.

    A time that the clocks skip becomes the first moment after the gap, a time that comes twice the first of the two.
    """
    wall = datetime.combine(day, clock_time)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    after = moment.astimezone(zone).utcoffset()
    late = int(moment.timestamp())
    early = late - int(LONGEST_GAP.total_seconds())  # the clocks change in between, on a full second
    while late - early > 1:
        middle = (early + late) // 2
        is_after = datetime.fromtimestamp(middle, zone).utcoffset() == after
        early, late = (early, middle) if is_after else (middle, late)
    return datetime.fromtimestamp(late, UTC)


def occurrences_of(recurrence: Recurrence, *, after: datetime, before: datetime, most: int) -> list[Span]:
    """The first `most` spans that end after `after` and start before `before`, in order; UTC.

    A duration is real time: an hour from 01:30 is an hour also while the clocks change.
    """
    found: list[Span] = []
    for start, end in _spans(recurrence, after=after):
        if start >= before or len(found) == most:
            break
        if end > after:
            found.append((start, end))
    return found


def _spans(recurrence: Recurrence, *, after: datetime) -> Iterator[Span]:
    if recurrence.repeat == Repeat.ONCE and recurrence.span is not None:
        yield recurrence.span
        return
    zone = ZoneInfo(recurrence.zone)
    first = (after - recurrence.duration).astimezone(zone)
    if recurrence.repeat == Repeat.CRON:
        for moment in CronSim(recurrence.cron, first - timedelta(minutes=1)):
            yield moment.astimezone(UTC), moment.astimezone(UTC) + recurrence.duration
        return
    day = first.date() - timedelta(days=1)
    while recurrence.clock_time is not None and day.year < 9999:
        if not recurrence.weekdays or day.weekday() in recurrence.weekdays:
            start = instant_of(day, recurrence.clock_time, zone)
            yield start, start + recurrence.duration
        day += timedelta(days=1)


def covering_span(spans: Iterable[Span], *, at: datetime) -> Span | None:
    """The present or next span: those that overlap or touch are one. None when nothing lies ahead of `at`."""
    found: Span | None = None
    for start, end in sorted(span for span in spans if span[0] < span[1] and span[1] > at):
        if found is None:
            found = (start, end)
        elif start <= found[1]:
            found = (found[0], max(found[1], end))
    return found


def is_within(span: Span | None, at: datetime) -> bool:
    """Whether `at` lies in `span`, its end left out."""
    return span is not None and span[0] <= at < span[1]


def say_recurrence(recurrence: Recurrence) -> str:
    """When a window happens, in words."""
    zone = ZoneInfo(recurrence.zone)
    if recurrence.span is not None:
        start, end = (moment.astimezone(zone) for moment in recurrence.span)
        until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%-d %b, %H:%M}"
        return f"Once, {start:%-d %b %Y, %H:%M} to {until} ({recurrence.zone})"
    lasts = write_duration(recurrence.duration.total_seconds())
    if recurrence.cron:
        return f"Cron {recurrence.cron} for {lasts} ({recurrence.zone})"
    days = ", ".join(DAY_NAMES[day] for day in sorted(recurrence.weekdays)) or "Every day"
    at = f"{recurrence.clock_time:%H:%M}" if recurrence.clock_time else ""
    return f"{days} at {at} for {lasts} ({recurrence.zone})"
