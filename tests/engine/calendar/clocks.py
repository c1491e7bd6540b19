"""Clocks read minute by minute: what the engine is measured against, and written without it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

EPOCH = datetime(1970, 1, 1)
YEARS = {
    "America/New_York": 2025,
    "Europe/London": 2025,
    "Australia/Lord_Howe": 2025,  # moves its clocks by half an hour
    "America/Santiago": 2025,  # moves them at midnight
    "Pacific/Apia": 2011,  # skipped the whole of 30 December 2011
}
ZONES = sorted(YEARS)


@lru_cache(maxsize=8)
def minutes_of(zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Each minute of two years in UTC (since 1970), and the latest time the clocks of the zone have shown by then."""
    first = int((datetime(YEARS[zone], 1, 1) - EPOCH).total_seconds()) // 60
    last = int((datetime(YEARS[zone] + 2, 1, 1) - EPOCH).total_seconds()) // 60
    utc = np.arange(first, last)
    info = ZoneInfo(zone)
    read = datetime.fromtimestamp
    offsets = np.fromiter(
        (read(m * 60, info).utcoffset() // timedelta(minutes=1) for m in utc.tolist()), dtype=np.int64
    )  # type: ignore[operator]
    return utc, np.maximum.accumulate(utc + offsets)


def wall_minute(wall: datetime) -> int:
    return int((wall - EPOCH).total_seconds()) // 60


def utc_minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


def months_on(wall: datetime, months: int) -> datetime:
    """The same day some months on, or the last one of that month; found by trying."""
    year, month = wall.year + (wall.month - 1 + months) // 12, (wall.month - 1 + months) % 12 + 1
    for day in range(wall.day, 0, -1):
        try:
            return wall.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError


def dues(start: datetime, *, unit: str, length: int, until: datetime) -> np.ndarray:
    """The clock readings at which turns are due, by adding on."""
    found, count = [], 0
    while True:
        step = timedelta(**{unit: length * count}) if unit != "months" else timedelta()
        due = months_on(start, length * count) if unit == "months" else start + step
        found.append(wall_minute(due))
        if due > until:
            return np.array(found)
        count += 1


def turns(zone: str, start: datetime, *, unit: str, length: int) -> np.ndarray:
    """Whose turn it is in each minute (-1: none yet): a turn begins once the clocks have shown that it is due."""
    _, shown = minutes_of(zone)
    until = datetime(YEARS[zone] + 2, 1, 3)
    return np.searchsorted(dues(start, unit=unit, length=length, until=until), shown, side="right") - 1


def span(zone: str) -> tuple[datetime, datetime]:
    return datetime(YEARS[zone], 1, 1, tzinfo=UTC), datetime(YEARS[zone] + 2, 1, 1, tzinfo=UTC)


def days_of(zone: str) -> list[date]:
    first = date(YEARS[zone], 1, 1) - timedelta(days=4)
    return [first + timedelta(days=number) for number in range(740)]
