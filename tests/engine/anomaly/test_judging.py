"""When the tests fire, since when it was so, and which slice is to blame."""

from __future__ import annotations

import numpy as np

from stormproof.engine.anomaly import (
    PAGE_ALPHA,
    change_point,
    fires,
    high_volume,
    low_ratio,
    low_volume,
    worst_slices,
)

K = np.full(5, 0.02)
RHO = np.full(5, 0.01)


def test_it_takes_two_minutes_in_a_row():
    p = np.full((5, 6), np.nan)
    p[2, 1] = p[0, 3] = p[4, 4] = 1e-5
    assert fires(p, alpha=PAGE_ALPHA).tolist() == [False, False, False, False, True, False]


def test_half_the_approvals_gone_fires_within_a_quarter_of_an_hour():
    random = np.random.default_rng(3)
    total = random.poisson(4.0, 600).astype(float)
    good = random.binomial(total.astype(int), np.where(np.arange(600) < 500, 0.92, 0.46)).astype(float)
    fired = fires(low_ratio(good, total, share=np.full(600, 0.92), correlation=RHO), alpha=PAGE_ALPHA)
    assert not fired[:500].any()
    assert 500 <= int(np.argmax(fired)) <= 515


def test_under_eight_attempts_nothing_is_said():
    total = np.zeros(180)
    total[-7:] = 1.0
    assert np.isnan(low_ratio(np.zeros(180), total, share=np.full(180, 0.99), correlation=RHO)).all()


def test_a_window_in_which_no_order_at_all_would_not_be_a_surprise_is_left_out():
    expected = np.full(180, 0.06)  # 10.8 in three hours, and -ln(1e-4 / 5) = 10.82
    assert np.isnan(low_volume(np.zeros(180), expected=expected, dispersion=K)).all()
    known = low_volume(np.zeros(180), expected=expected * 1.01, dispersion=K)
    assert np.isnan(known[:4]).all()
    assert not np.isnan(known[4, -1])


def test_a_flood_is_as_unlikely_as_a_drought():
    counts = np.full(200, 2.0)
    counts[-5:] = 40.0
    p = high_volume(counts, expected=np.full(200, 2.0), dispersion=K)
    assert p[0, -1] < 1e-6
    assert p[0, 100] > 0.1


def test_the_change_point_is_where_it_began():
    actual, expected = np.full(120, 4.0), np.full(120, 4.0)
    actual[90:] = 1.0
    assert change_point(actual, expected) == 90


def test_without_any_loss_the_change_point_is_now():
    assert change_point(np.full(10, 4.0), np.full(10, 4.0)) == 9


def test_the_slice_that_lost_is_named_not_the_largest():
    rows = [
        ("provider", "large", 180.0, 200.0, 0.92),
        ("provider", "broken", 20.0, 50.0, 0.92),
        ("device", "phone", 120.0, 150.0, 0.92),
        ("device", "desktop", 80.0, 100.0, 0.92),
    ]
    worst = worst_slices(rows, spread=0.01)[0]
    assert (worst.dimension, worst.name, worst.missing) == ("provider", "broken", 26.0)
    assert round(worst.excess) == 25
    assert worst.p < 1e-8


def test_when_everything_sinks_alike_no_slice_has_an_excess():
    rows = [
        ("provider", "a", 45.0, 100.0, 0.9),
        ("provider", "b", 90.0, 200.0, 0.9),
        ("country", "DE", 135.0, 300.0, 0.9),
    ]
    assert [loss.excess for loss in worst_slices(rows, spread=0.01)] == [0.0, 0.0, 0.0]


def test_a_volume_slice_is_held_against_its_own_portion():
    rows = [("country", "DE", 90.0, 100.0, 1.0), ("country", "NL", 2.0, 40.0, 1.0)]
    worst = worst_slices(rows, spread=0.02, is_volume=True)[0]
    assert (worst.name, worst.missing) == ("NL", 38.0)
    assert worst.p < 1e-4
