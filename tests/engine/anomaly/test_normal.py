"""What is normal: weeks, zones, peaks left out, and what six weeks teach."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stormproof.engine.anomaly import MINUTES_OF_WEEK, fit_ratio, fit_volume, level_factor, minutes_of_week

BERLIN = ZoneInfo("Europe/Berlin")
WEEKS = 6
SPAN = np.arange(WEEKS * MINUTES_OF_WEEK) % MINUTES_OF_WEEK
ALL = np.ones(len(SPAN), bool)


def test_minutes_of_the_week_are_the_shops_own():
    found = minutes_of_week(datetime(2026, 11, 22, 22, 59, tzinfo=UTC), 3, BERLIN)
    assert found.tolist() == [MINUTES_OF_WEEK - 1, 0, 1]


def test_the_hour_that_is_lived_twice_has_one_place_in_the_week():
    found = minutes_of_week(datetime(2026, 10, 25, 0, 0, tzinfo=UTC), 120, BERLIN)
    assert found[0] == found[60] == 6 * 1440 + 120


def test_the_hour_that_is_left_out_has_no_minutes():
    found = minutes_of_week(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 60, BERLIN)
    assert found[0] == 6 * 1440 + 90
    assert found[30] == 6 * 1440 + 180


def test_a_steady_shop_is_expected_as_it_was():
    model = fit_volume(np.full(len(SPAN), 2.0), minutes=SPAN, usable=ALL)
    assert model.expected(SPAN[:100]) == pytest.approx(np.full(100, 2.0))


def test_one_wild_week_does_not_move_the_median_and_few_orders_use_the_trimmed_mean():
    busy = np.full(len(SPAN), 2.0)
    busy[:MINUTES_OF_WEEK] = 50.0
    assert fit_volume(busy, minutes=SPAN, usable=ALL).rate == pytest.approx(np.full(168, 2.0))
    quiet = np.repeat([0.0, 0.05, 0.05, 0.05, 0.05, 1.0], MINUTES_OF_WEEK)
    assert fit_volume(quiet, minutes=SPAN, usable=ALL).rate == pytest.approx(np.full(168, 0.05))


def test_minutes_of_a_peak_are_left_out():
    counts, usable = np.full(len(SPAN), 2.0), ALL.copy()
    for week in range(4):
        start = week * MINUTES_OF_WEEK
        counts[start : start + 1440], usable[start : start + 1440] = 20.0, False
    assert fit_volume(counts, minutes=SPAN, usable=usable).rate == pytest.approx(np.full(168, 2.0))


def test_poisson_counts_have_next_to_no_dispersion_and_noisy_ones_have_theirs():
    random = np.random.default_rng(7)
    plain = random.poisson(5.0, len(SPAN)).astype(float)
    assert fit_volume(plain, minutes=SPAN, usable=ALL).dispersion.max() < 0.004
    noise = np.repeat(random.gamma(1 / 0.04, 0.04, len(SPAN) // 15), 15)
    found = fit_volume(random.poisson(5.0 * noise).astype(float), minutes=SPAN, usable=ALL).dispersion
    assert found[1] == pytest.approx(0.04, rel=0.2)
    assert found[4] < 0.01


def test_the_share_that_succeeds_leans_on_the_whole_week_where_little_was_seen():
    total = np.full(len(SPAN), 2.0)
    assert fit_ratio(total * 0.9, total, minutes=SPAN, usable=ALL).share == pytest.approx(np.full(168, 0.9))
    rare = np.zeros(len(SPAN))
    rare[600], rare[30000] = 1.0, 1.0
    found = fit_ratio(np.where(np.arange(len(SPAN)) == 600, rare, 0.0), rare, minutes=SPAN, usable=ALL).share
    assert found == pytest.approx(np.full(168, 0.5), abs=0.01)


def test_the_level_only_goes_down_and_never_below_a_half():
    expected = np.full(2880, 1.0)
    assert level_factor(np.full(2880, 3.0), expected)[-1] == 1.0
    assert level_factor(np.full(2880, 0.8), expected)[-1] == pytest.approx(0.8)
    assert level_factor(np.zeros(2880), expected)[-1] == 0.5
