"""How surprising the last minutes are: the ratio test, the volume test, and when they fire."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stormproof.engine.anomaly.tails import (
    beta_binomial_tail,
    negative_binomial_tail,
    negative_binomial_upper_tail,
)
from stormproof.engine.anomaly.windows import WINDOWS, window_sums

PAGE_ALPHA = 1e-4
TICKET_ALPHA = 1e-3
UPPER_ALPHA = 1e-6
LEAST_TRIALS = 8
IN_A_ROW = 2
Numbers = NDArray[np.float64]


def low_ratio(good: Numbers, total: Numbers, *, share: Numbers, correlation: Numbers) -> Numbers:
    """p-values (window, minute) of so few successes among so many attempts; NaN where a window holds under 8 attempts.

    `share` is the expected share of each minute, `correlation` one number for each window.
    """
    x, n, mean = window_sums(good), window_sums(total), window_sums(total * share)
    enough = n >= LEAST_TRIALS
    found = np.full(x.shape, np.nan)
    rho = np.broadcast_to(correlation[:, None], x.shape)
    expected = np.divide(mean, n, out=np.zeros(x.shape), where=enough)
    found[enough] = beta_binomial_tail(
        np.minimum(x, n)[enough], total=n[enough], share=expected[enough], correlation=rho[enough]
    )
    return found


def low_volume(counts: Numbers, *, expected: Numbers, dispersion: Numbers, alpha: float = PAGE_ALPHA) -> Numbers:
    """p-values (window, minute) of so few events; NaN where even none at all would not reach `alpha`."""
    x, mu = window_sums(counts), window_sums(expected)
    enough = mu >= -math.log(alpha / len(WINDOWS))
    k = np.broadcast_to(dispersion[:, None], x.shape)
    found = np.full(x.shape, np.nan)
    found[enough] = negative_binomial_tail(x[enough], mean=mu[enough], dispersion=k[enough])
    return found


def high_volume(counts: Numbers, *, expected: Numbers, dispersion: Numbers) -> Numbers:
    """p-values (window, minute) of so many events: a bot, or a price that is wrong; NaN without a whole window."""
    x, mu = window_sums(counts), window_sums(expected)
    known = ~np.isnan(x) & (mu > 0)
    k = np.broadcast_to(dispersion[:, None], x.shape)
    found = np.full(x.shape, np.nan)
    found[known] = negative_binomial_upper_tail(x[known], mean=mu[known], dispersion=k[known])
    return found


def fires(p_values: Numbers, *, alpha: float) -> NDArray[np.bool_]:
    """For each minute whether this one and the one before have a window with p below alpha / 5 (Bonferroni)."""
    is_low = np.where(np.isnan(p_values), 1.0, p_values) < alpha / len(WINDOWS)
    low: NDArray[np.bool_] = np.asarray(is_low.any(axis=0))
    found = low.copy()
    for back in range(1, IN_A_ROW):
        found[back:] &= low[:-back]
        found[:back] = False
    return found
