"""Sums over the last 5, 15, 30, 60 and 180 minutes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOWS = (5, 15, 30, 60, 180)


def window_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row w, column t: sum of the `WINDOWS[w]` minutes that end with minute t; NaN where that reaches too far back."""
    summed = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    found = np.full((len(WINDOWS), len(values)), np.nan)
    for row, width in enumerate(WINDOWS):
        if len(values) >= width:
            found[row, width - 1 :] = summed[width:] - summed[:-width]
    return found


def blocks(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sums of windows of `width` minutes side by side, from the first minute on; an incomplete last one is left out."""
    whole = len(values) // width * width
    summed: NDArray[np.float64] = values[:whole].reshape(-1, width).sum(axis=1)
    return summed
