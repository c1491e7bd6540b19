"""How unlikely so few, or so many: tails of the negative binomial and the beta-binomial law, for whole arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

PRECISION = 1e-9
SMALLEST = 1e-12  # a dispersion or correlation below this is that of the plain law
Numbers = NDArray[np.float64]


def negative_binomial_tail(count: ArrayLike, *, mean: ArrayLike, dispersion: ArrayLike) -> Numbers:
    """P(X <= count) where X has mean mu and variance mu + dispersion mu^2; 1 where the mean is 0.

    With r = 1/dispersion this is the regularised incomplete beta I(r / (r + mu); r, count + 1).
    """
    x, mu = np.broadcast_arrays(np.asarray(count, float), np.asarray(mean, float))
    r = 1 / np.maximum(np.asarray(dispersion, float), SMALLEST * 1e3)
    safe = np.maximum(mu, SMALLEST)
    found: Numbers = np.where(mu > 0, special.betainc(r, x + 1, r / (r + safe)), 1.0)
    return found


def negative_binomial_upper_tail(count: ArrayLike, *, mean: ArrayLike, dispersion: ArrayLike) -> Numbers:
    """P(X >= count) under the same law; 1 for a count of 0."""
    x, mu = np.broadcast_arrays(np.asarray(count, float), np.asarray(mean, float))
    r = 1 / np.maximum(np.asarray(dispersion, float), SMALLEST * 1e3)
    safe = np.maximum(mu, SMALLEST)
    found: Numbers = np.where(x > 0, special.betainc(np.maximum(x, SMALLEST), r, safe / (r + safe)), 1.0)
    return found


def beta_binomial_tail(good: ArrayLike, *, total: ArrayLike, share: ArrayLike, correlation: ArrayLike) -> Numbers:
    """P(X <= good) where X of `total` trials succeed at mean `share`, any two trials correlated by `correlation`.

    The law has a = share (1/correlation - 1) and b = (1 - share) (1/correlation - 1). Exact below the mean, where it
    is asked for: the point mass at `good` and, downwards, masses by their ratio until they no longer count. Where
    `good` is not below the mean it is given as 1.
    """
    arrays = np.broadcast_arrays(*(np.asarray(one, float) for one in (good, total, share, correlation)))
    x, n, p, rho = (np.ascontiguousarray(one).ravel() for one in arrays)
    found = np.ones(x.shape)
    low = x < n * p
    if low.any():
        found[low] = _lower_tail(x[low], n[low], p[low], np.clip(rho[low], 1e-9, 0.9))
    return found.reshape(arrays[0].shape)


def _lower_tail(x: Numbers, n: Numbers, p: Numbers, rho: Numbers) -> Numbers:
    a, b = p * (1 / rho - 1), (1 - p) * (1 / rho - 1)
    log_mass = (special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)) + (
        special.betaln(x + a, n - x + b) - special.betaln(a, b)
    )
    summed, term, place = np.ones(x.shape), np.ones(x.shape), x.copy()
    running = np.flatnonzero(place > 0)
    while running.size:
        k = place[running]
        term[running] *= k / (n[running] - k + 1) * (n[running] - k + b[running]) / (k - 1 + a[running])
        summed[running] += term[running]
        place[running] -= 1
        running = running[(place[running] > 0) & (term[running] > PRECISION * summed[running])]
    found: Numbers = np.minimum(1.0, np.exp(log_mass) * summed)
    return found


def usual_range(mean: Numbers, *, dispersion: float, share: float = 0.99) -> tuple[Numbers, Numbers]:
    """The lowest and the highest count of the middle `share` of the negative binomial law, for each mean."""
    r = 1 / max(dispersion, SMALLEST * 1e3)
    safe = np.maximum(mean, SMALLEST)
    law = stats.nbinom(r, r / (r + safe))
    low: Numbers = np.asarray(law.ppf((1 - share) / 2), np.float64)
    high: Numbers = np.asarray(law.ppf((1 + share) / 2), np.float64)
    return low, high
