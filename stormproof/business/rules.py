"""What the shop earns from when to when, and what it loses: pure arithmetic on the revenue profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

HOURS_OF_WEEK = 168
HOURS_OF_MONTH = tuple(24 * days for days in (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))  # of a common year
DAYS_OF_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MICROSECONDS_OF_HOUR = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Money per hour for each hour of the local week (Monday 00:00 first), times a factor per local month."""

    hour_of_week: Sequence[Decimal]  # 168
    season: Sequence[Decimal]  # 12, January first
    zone: ZoneInfo


def rate_per_hour(profile: Profile, *, at: datetime) -> Decimal:
    """Money per hour earned at that moment, by the shop's own clock."""
    local = at.astimezone(profile.zone)
    return profile.hour_of_week[local.weekday() * 24 + local.hour] * profile.season[local.month - 1]


def revenue_of(profile: Profile, *, start: datetime, end: datetime) -> Decimal:
    """Money earned from `start` to `end`; exact, also where a local day has 23 or 25 hours; 0 when `end <= start`.

    The profile is constant between two turns of the local hour, so the integral is a sum over those pieces, taken in
    real (elapsed) time. Rates are summed times microseconds and divided once, so nothing is rounded on the way.
    """
    moment, last, total = start.astimezone(UTC), end.astimezone(UTC), Decimal(0)
    while moment < last:
        local = moment.astimezone(profile.zone)
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        turn = min(last, moment + timedelta(hours=1) - into)
        total += rate_per_hour(profile, at=moment) * ((turn - moment) // timedelta(microseconds=1))
        moment = turn
    return total / MICROSECONDS_OF_HOUR


def share_stopped(shares: Iterable[Decimal]) -> Decimal:
    """The share of revenue that stops when functions with these shares stop together.

    `1 - prod(1 - share)`: never above 1, never below the largest, and equal to the share when there is one.
    """
    kept = Decimal(1)
    for share in shares:
        kept *= 1 - share
    return 1 - kept


def flat_week(*, yearly: Decimal, season: Sequence[Decimal]) -> list[Decimal]:
    """168 equal rates that, with `season`, add up to `yearly` over a common year of 365 days."""
    weighted = sum((factor * hours for factor, hours in zip(season, HOURS_OF_MONTH, strict=True)), Decimal(0))
    if weighted <= 0:
        raise ValueError("the season has no month with revenue")
    return [(yearly / weighted).quantize(Decimal("0.000001"))] * HOURS_OF_WEEK


def yearly_of(profile: Profile) -> Decimal:
    """Money of a common year of 365 days with the average week of the profile."""
    average = sum(profile.hour_of_week, Decimal(0)) / HOURS_OF_WEEK
    return sum((average * f * h for f, h in zip(profile.season, HOURS_OF_MONTH, strict=True)), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order of the shop: when it was placed and what it brought."""

    placed_at: datetime
    total: Decimal


def profile_from_orders(orders: Iterable[Order], *, zone: ZoneInfo) -> tuple[list[Decimal], list[Decimal]]:
    """The (hour of week, season) that these orders show; raises ValueError when they span less than a week.

    Money per hour of the week is its orders' total over the hours of that kind that the span really contains, after
    dividing each order by its month's factor. A month's factor is its daily revenue over the mean of all complete
    months; months that the span does not cover completely keep the factor 1, because a part of a month misleads.
    """
    found = sorted(orders, key=lambda order: order.placed_at)
    if not found or found[-1].placed_at - found[0].placed_at < timedelta(days=7):
        raise ValueError("the orders span less than a week; a profile needs at least seven days of orders")
    first = _day(found[0].placed_at, zone) + timedelta(days=1)
    last = _day(found[-1].placed_at, zone)  # the first and the last day are not complete
    whole = [order for order in found if first <= order.placed_at.astimezone(zone) < last]
    season = _season(whole, first=first, last=last, zone=zone)
    hours = _hours_between(first, last, zone)
    money = [Decimal(0)] * HOURS_OF_WEEK
    for order in whole:
        local = order.placed_at.astimezone(zone)
        money[local.weekday() * 24 + local.hour] += order.total / season[local.month - 1]
    cent = Decimal("0.000001")
    rates = [(sum_ / count).quantize(cent) if count else Decimal(0) for sum_, count in zip(money, hours, strict=True)]
    return rates, [factor.quantize(cent) for factor in season]


def _day(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _hours_between(first: datetime, last: datetime, zone: ZoneInfo) -> list[int]:
    """How often each hour of the week really occurs between two local midnights (a spring night skips one)."""
    counts = [0] * HOURS_OF_WEEK
    moment, end = first.astimezone(UTC), last.astimezone(UTC)
    while moment < end:
        local = moment.astimezone(zone)
        counts[local.weekday() * 24 + local.hour] += 1
        moment += timedelta(hours=1)
    return counts


def _season(orders: Sequence[Order], *, first: datetime, last: datetime, zone: ZoneInfo) -> list[Decimal]:
    money: dict[tuple[int, int], Decimal] = {}
    for order in orders:
        local = order.placed_at.astimezone(zone)
        money[local.year, local.month] = money.get((local.year, local.month), Decimal(0)) + order.total
    daily: dict[int, list[Decimal]] = {}
    for year, month in _complete_months(first, last):
        days = HOURS_OF_MONTH[month - 1] // 24
        daily.setdefault(month, []).append(money.get((year, month), Decimal(0)) / days)
    average = {month: sum(values, Decimal(0)) / len(values) for month, values in daily.items()}
    mean = sum(average.values(), Decimal(0)) / len(average) if average else Decimal(0)
    return [average[m] / mean if average.get(m) and mean else Decimal(1) for m in range(1, 13)]


def _complete_months(first: datetime, last: datetime) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    year, month = first.year, first.month
    if first.day > 1:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    while True:
        following = (year, month + 1) if month < 12 else (year + 1, 1)
        if following > (last.year, last.month):
            return found
        found.append((year, month))
        year, month = following


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names of the fields of `after` whose values differ from `before`, in the order given."""
    return [name for name, value in after.items() if before.get(name) != value]
