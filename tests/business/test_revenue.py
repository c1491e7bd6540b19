"""Money over time: exact figures, also on the nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.business.rules import (
    Order,
    Profile,
    flat_week,
    profile_from_orders,
    rate_per_hour,
    revenue_of,
    share_stopped,
    yearly_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
FLAT = [Decimal(1)] * 12


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def counting_week() -> list[Decimal]:
    return [Decimal(hour) for hour in range(168)]


def test_the_rate_is_that_of_the_local_hour_and_month() -> None:
    season = [*FLAT[:10], Decimal("1.6"), Decimal("1.8")]
    profile = Profile(hour_of_week=counting_week(), season=season, zone=BERLIN)
    assert rate_per_hour(profile, at=datetime(2026, 11, 23, 8, 30, tzinfo=UTC)) == Decimal(9) * Decimal("1.6")  # Monday


def test_a_quarter_of_an_hour_is_a_quarter_of_the_rate() -> None:
    profile = Profile(hour_of_week=counting_week(), season=FLAT, zone=BERLIN)
    assert revenue_of(profile, start=berlin("2026-06-02T10:15"), end=berlin("2026-06-02T10:30")) == Decimal("8.5")


def test_the_spring_day_lacks_the_hour_that_is_skipped() -> None:
    profile = Profile(hour_of_week=counting_week(), season=FLAT, zone=BERLIN)
    sunday = revenue_of(profile, start=berlin("2026-03-29T00:00"), end=berlin("2026-03-30T00:00"))
    assert sunday == sum(range(144, 168)) - 146


def test_the_autumn_day_has_the_hour_twice() -> None:
    profile = Profile(hour_of_week=counting_week(), season=FLAT, zone=BERLIN)
    sunday = revenue_of(profile, start=berlin("2026-10-25T00:00"), end=berlin("2026-10-26T00:00"))
    assert sunday == sum(range(144, 168)) + 146


def test_half_an_hour_before_and_after_the_clock_goes_back_is_one_hour() -> None:
    profile = Profile(hour_of_week=[Decimal(60)] * 168, season=FLAT, zone=BERLIN)
    start = berlin("2026-10-25T02:30")
    assert revenue_of(profile, start=start, end=start.astimezone(UTC) + timedelta(hours=1)) == 60


def test_the_season_turns_at_local_midnight() -> None:
    season = [*FLAT[:10], Decimal(2), Decimal(3)]
    profile = Profile(hour_of_week=[Decimal(10)] * 168, season=season, zone=BERLIN)
    assert revenue_of(profile, start=berlin("2026-11-30T23:30"), end=berlin("2026-12-01T00:30")) == 10 + 15


def test_a_zone_of_half_hours_is_cut_at_its_own_hours() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    profile = Profile(hour_of_week=counting_week(), season=FLAT, zone=kolkata)
    monday = datetime(2026, 6, 1, tzinfo=kolkata)
    assert revenue_of(profile, start=monday, end=monday + timedelta(hours=3)) == 0 + 1 + 2


def test_nothing_is_earned_backwards() -> None:
    profile = Profile(hour_of_week=counting_week(), season=FLAT, zone=BERLIN)
    assert revenue_of(profile, start=berlin("2026-06-02T10:30"), end=berlin("2026-06-02T10:15")) == 0


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)),
    st.integers(0, 5 * 24 * 60),
    st.integers(0, 5 * 24 * 60),
)
def test_two_stretches_add_up_to_the_whole(start: datetime, first: int, second: int) -> None:
    profile = Profile(hour_of_week=counting_week(), season=[Decimal(m) for m in range(1, 13)], zone=BERLIN)
    begin = start.replace(tzinfo=UTC)
    middle = begin + timedelta(minutes=first)
    end = middle + timedelta(minutes=second)
    whole = revenue_of(profile, start=begin, end=end)
    parts = revenue_of(profile, start=begin, end=middle) + revenue_of(profile, start=middle, end=end)
    assert abs(whole - parts) < Decimal("1e-18")


def test_a_flat_week_with_a_season_adds_up_to_the_year() -> None:
    season = [*FLAT[:10], Decimal("1.6"), Decimal("1.8")]
    profile = Profile(hour_of_week=flat_week(yearly=Decimal(1_200_000), season=season), season=season, zone=BERLIN)
    assert abs(yearly_of(profile) - 1_200_000) < Decimal("0.01")
    real = revenue_of(profile, start=berlin("2026-01-01T00:00"), end=berlin("2027-01-01T00:00"))
    assert abs(real - 1_200_000) < Decimal("0.01")


@pytest.mark.parametrize(
    ("shares", "stopped"),
    [([], "0"), (["0.4"], "0.4"), (["1", "0.4"], "1"), (["0.5", "0.5"], "0.75")],
)
def test_shares_never_count_twice(shares: list[str], stopped: str) -> None:
    assert share_stopped(Decimal(share) for share in shares) == Decimal(stopped)


def test_a_profile_from_orders_gives_back_the_revenue_of_the_orders() -> None:
    first = berlin("2026-06-01T00:00").astimezone(UTC)
    orders = [
        Order(placed_at=first + timedelta(hours=hour), total=Decimal(hour % 24 + 1)) for hour in range(-12, 24 * 70)
    ]
    week, season = profile_from_orders(orders, zone=BERLIN)
    assert week[10] == Decimal(11)
    assert week[167] == Decimal(24)
    assert season == [Decimal(1)] * 12


def test_a_strong_month_becomes_its_factor() -> None:
    first = berlin("2026-06-01T12:00")
    orders = [
        Order(placed_at=first + timedelta(days=day), total=Decimal(30) if 30 <= day < 61 else Decimal(10))
        for day in range(-1, 93)
    ]
    _, season = profile_from_orders(orders, zone=BERLIN)
    assert season[5:8] == [Decimal("0.600000"), Decimal("1.800000"), Decimal("0.600000")]


def test_less_than_a_week_of_orders_is_refused() -> None:
    orders = [Order(placed_at=berlin("2026-06-01T12:00"), total=Decimal(1))]
    with pytest.raises(ValueError, match="less than a week"):
        profile_from_orders(orders, zone=BERLIN)
