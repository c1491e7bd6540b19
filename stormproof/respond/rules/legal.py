"""Legal deadlines: what has to be told by when, counted from when the shop became aware."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

REMIND_AT = (0.5, 0.9, 1.0)  # parts of the time after which the owner is reminded


@dataclass(frozen=True, kw_only=True)
class Duty:
    """A duty to tell somebody within `seconds`, or within `months` by the calendar.

    With `after` it counts from when that other duty was reported; until then from when the shop became aware.
    """

    key: str
    law: str
    name: str
    basis: str
    seconds: int | None = None
    months: int | None = None
    after: str = ""


DEFAULT_DUTIES = (
    Duty(
        key="gdpr-authority",
        law="gdpr",
        name="Tell the data protection authority",
        basis="GDPR Art. 33(1): not later than 72 hours after having become aware of a personal data breach",
        seconds=72 * 3600,
    ),
    Duty(
        key="nis2-early-warning",
        law="nis2",
        name="Early warning to the CSIRT or authority",
        basis="Directive (EU) 2022/2555 (NIS2) Art. 23(4)(a): within 24 hours of becoming aware",
        seconds=24 * 3600,
    ),
    Duty(
        key="nis2-notification",
        law="nis2",
        name="Incident notification to the CSIRT or authority",
        basis="Directive (EU) 2022/2555 (NIS2) Art. 23(4)(b): within 72 hours of becoming aware",
        seconds=72 * 3600,
    ),
    Duty(
        key="nis2-final-report",
        law="nis2",
        name="Final report to the CSIRT or authority",
        basis="Directive (EU) 2022/2555 (NIS2) Art. 23(4)(d): not later than one month after the notification",
        months=1,
        after="nis2-notification",
    ),
    Duty(
        key="card-schemes",
        law="cards",
        name="Tell the acquirer and the card schemes",
        basis="Card scheme rules: immediately when card data may be concerned; counted as 24 hours here",
        seconds=24 * 3600,
    ),
)


def months_later(moment: datetime, *, months: int, zone: ZoneInfo) -> datetime:
    """The same time of day `months` later by the calendar of `zone`, on the last day when there is no such day.

    31 January plus one month is 28 (or 29) February. A time that the change of the clock skips is the first after it;
    one that comes twice is the first. The answer is in UTC.
    """
    local = moment.astimezone(zone)
    count = local.year * 12 + local.month - 1 + months
    year, month = divmod(count, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return _existing(local.replace(year=year, month=month + 1, day=day, fold=0), zone).astimezone(UTC)


def _existing(local: datetime, zone: ZoneInfo) -> datetime:
    """`local` when the clocks of `zone` show it, else the first moment after the gap."""
    back = local.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) == local.replace(tzinfo=None):
        return local
    before = local.replace(fold=1).astimezone(UTC)  # read with the offset after the change: lies before the gap
    low, high = before, local.astimezone(UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (
            (middle, high)
            if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
            else (
                low,
                middle,
            )
        )
    return high.replace(microsecond=0).astimezone(zone)


def deadline_of_duty(*, seconds: int | None, months: int | None, counts_from: datetime, zone: ZoneInfo) -> datetime:
    """By when a duty that counts from `counts_from` must be reported."""
    if months is not None:
        return months_later(counts_from, months=months, zone=zone)
    return counts_from + timedelta(seconds=seconds or 0)


def next_reminder(*, counts_from: datetime, deadline: datetime, after: datetime | None) -> datetime | None:
    """The next moment at which the owner is reminded (at 50 %, 90 % and at the end) later than `after`."""
    moments = [counts_from + (deadline - counts_from) * part for part in REMIND_AT]
    return next((moment for moment in moments if after is None or moment > after), None)
