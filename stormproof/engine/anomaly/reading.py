"""What the figures say once a test has fired: since when, and which slice lost most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormproof.engine.anomaly.tails import beta_binomial_tail, negative_binomial_tail

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one slice of a dimension lost in a window: `missing` successes, with what probability by chance."""

    dimension: str
    name: str
    good: float
    total: float
    normal: float  # the share that normally succeeds
    missing: float
    excess: float  # of `missing`, what the rest of its dimension does not explain
    p: float

    @property
    def share(self) -> float:
        """The share that succeeded."""
        return self.good / self.total if self.total else 0.0


def worst_slices(
    slices: Iterable[tuple[str, str, float, float, float]], *, spread: float, is_volume: bool = False
) -> list[Loss]:
    """Slices (dimension, name, good, total, normal share), the largest excess loss first.

    The excess loss of a slice is what it misses beyond what it would miss had it sunk as the rest of its dimension did:
    a slice that holds most of the trade would else always look worst. Ties go to the less likely. For volumes `total`
    is what was expected and `spread` a dispersion; for shares it is a correlation.
    """
    rows = list(slices)
    sums: dict[str, tuple[float, float]] = {}
    for dimension, _, good, total, normal in rows:
        had, should = sums.get(dimension, (0.0, 0.0))
        sums[dimension] = had + good, should + total * normal
    found = []
    for row in rows:
        dimension, _, good, total, normal = row
        tail = (
            negative_binomial_tail(good, mean=total, dispersion=spread)
            if is_volume
            else beta_binomial_tail(good, total=total, share=normal, correlation=spread)
        )
        found.append(_loss(row, sums[dimension], p=float(tail)))
    return sorted(found, key=lambda loss: (-round(loss.excess, 6), loss.p))


def _loss(row: tuple[str, str, float, float, float], whole: tuple[float, float], *, p: float) -> Loss:
    dimension, name, good, total, normal = row
    own = total * normal
    had, should = whole[0] - good, whole[1] - own
    alike = own * min(1.0, had / should) if should > 1e-9 else 0.0
    return Loss(
        dimension=dimension,
        name=name,
        good=good,
        total=total,
        normal=normal,
        missing=max(0.0, own - good),
        excess=max(0.0, alike - good),
        p=p,
    )


def change_point(actual: Numbers, expected: Numbers) -> int:
    """The minute at which the last run below normal most probably began: the index of the first minute that is bad.

    The start that maximises the Poisson likelihood ratio of one lower level from there to the end
    (the CUSUM of Page 1954 with the level fitted, Hinkley 1970).
    """
    x, mu = np.cumsum(actual[::-1])[::-1], np.cumsum(expected[::-1])[::-1]
    ratio = np.divide(x, mu, out=np.ones(len(x)), where=mu > 0)
    gain = np.where(x > 0, x * np.log(np.maximum(ratio, 1e-12)), 0.0) + mu - x
    gain = np.where(ratio < 1, gain, -np.inf)
    return int(np.argmax(gain)) if np.isfinite(gain).any() else len(actual) - 1
