"""Wall-clock times of a zone as moments in UTC, with a rule for times that do not exist and times that come twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks in `zone` show at `moment`: without a zone, and the same for both passes of a repeated time."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=65_536)
def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the clocks in `zone` show `wall`.

    A time that comes twice means its first pass (fold 0, PEP 495). One that is skipped, be it half an hour or a
    whole day, means the first valid moment after the gap. Later walls never give earlier moments.
    """
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_of(early, zone) == wall:
        return early
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # inside a gap, fold 1 reads the later offset
    offset = before.astimezone(zone).utcoffset()
    after = early
    while after - before > _SECOND:
        middle = before + ((after - before) // 2 // _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
