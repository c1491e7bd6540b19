"""The tails against SciPy's own laws, and against what must hold for any numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stormproof.engine.anomaly import beta_binomial_tail, negative_binomial_tail, negative_binomial_upper_tail

counts = st.integers(0, 200)
shares = st.floats(0.02, 0.98)
spreads = st.floats(0.001, 0.4)


@settings(deadline=None, max_examples=60)
@given(count=counts, mean=st.floats(0.5, 300), dispersion=spreads)
def test_the_negative_binomial_tails_are_scipys(count, mean, dispersion):
    r = 1 / dispersion
    law = stats.nbinom(r, r / (r + mean))
    assert negative_binomial_tail(count, mean=mean, dispersion=dispersion) == pytest.approx(law.cdf(count), rel=1e-6)
    upper = negative_binomial_upper_tail(count, mean=mean, dispersion=dispersion)
    assert upper == pytest.approx(law.sf(count - 1), rel=1e-5, abs=1e-300)


@settings(deadline=None, max_examples=60)
@given(total=st.integers(1, 300), part=st.floats(0, 1), share=shares, correlation=spreads)
def test_the_beta_binomial_tail_is_scipys_below_the_mean(total, part, share, correlation):
    good = int(part * total)
    found = beta_binomial_tail(good, total=total, share=share, correlation=correlation)
    if good >= total * share:
        assert found == 1.0
        return
    a, b = share * (1 / correlation - 1), (1 - share) * (1 / correlation - 1)
    exact = np.exp(stats.betabinom(total, a, b).logpmf(np.arange(good + 1))).sum()
    assert found == pytest.approx(exact, rel=1e-5)


def test_without_dispersion_the_laws_are_poisson_and_binomial():
    assert negative_binomial_tail(2, mean=10, dispersion=0) == pytest.approx(stats.poisson(10).cdf(2), rel=1e-3)
    found = beta_binomial_tail(10, total=40, share=0.5, correlation=0)
    assert found == pytest.approx(stats.binom(40, 0.5).cdf(10), rel=1e-3)


def test_nothing_where_nothing_was_expected_surprises_nobody():
    assert negative_binomial_tail(0, mean=0, dispersion=0.1) == 1.0
    assert negative_binomial_upper_tail(0, mean=0, dispersion=0.1) == 1.0
