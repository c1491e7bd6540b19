"""How soon the sample shop's rhythm shows that a payment provider approves only half, and is the right one named?

The clock is simulated: attempts follow the hours and days of the shop's own seeded history (two a minute on average),
60 % by provider a and 40 % by b, 92 % approved, six weeks learned before. Then, at a moment by chance, provider a
approves every second of those it would have (the mode `half` of the shop's payment stub), or both do.

Run: python benchmarks/payment_approvals.py [runs] [seed]
"""

from __future__ import annotations

import ast
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from stormproof.engine.anomaly import (
    MINUTES_OF_WEEK,
    PAGE_ALPHA,
    WEEKS,
    WINDOWS,
    RatioModel,
    fires,
    fit_ratio,
    low_ratio,
    worst_slices,
)

ROOT = Path(__file__).parents[1]
RATE, APPROVED, SHARE_OF_A = 2.0, 0.92, 0.6
LEAD, AFTER = 200, 360
Numbers = NDArray[np.float64]


def rhythm() -> Numbers:
    """Attempts expected in each minute of a week, from the numbers in the shop's seed_history command."""
    source = (ROOT / "examples/shop/storefront/management/commands/seed_history.py").read_text()
    found = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    }
    week = np.outer(found["DAYS"], found["HOURS"]).ravel()
    return np.repeat(week / week.mean() * RATE, 60)


def attempts(expected: Numbers, share: Numbers, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    total = random.poisson(expected)
    return total.astype(float), random.binomial(total, share).astype(float)


def one_run(usual: Numbers, random: np.random.Generator, *, both: bool) -> tuple[float, bool]:
    """Minutes from the fault to the second minute in a row that pages (infinite: not in six hours); was a named?"""
    minutes = np.arange(WEEKS * MINUTES_OF_WEEK) % MINUTES_OF_WEEK
    total, good = attempts(usual[minutes], np.full(len(minutes), APPROVED), random)
    model: RatioModel = fit_ratio(good, total, minutes=minutes, usable=np.ones(len(minutes), bool))
    start = int(random.integers(0, MINUTES_OF_WEEK))
    place = (start + np.arange(-LEAD, AFTER)) % MINUTES_OF_WEEK
    broken = np.where(np.arange(-LEAD, AFTER) >= 0, APPROVED / 2, APPROVED)
    a_total, a_good = attempts(usual[place] * SHARE_OF_A, broken, random)
    b_share = broken if both else np.full(len(place), APPROVED)
    b_total, b_good = attempts(usual[place] * (1 - SHARE_OF_A), b_share, random)
    p_values = low_ratio(a_good + b_good, a_total + b_total, share=model.expected(place), correlation=model.correlation)
    fired = np.flatnonzero(fires(p_values, alpha=PAGE_ALPHA)[LEAD:])
    if not len(fired):
        return np.inf, False
    at = LEAD + int(fired[0]) + 1
    row = int(np.nanargmin(p_values[:, at - 1]))
    span = slice(at - WINDOWS[row], at)
    slices = [
        ("provider", "a", float(a_good[span].sum()), float(a_total[span].sum()), APPROVED),
        ("provider", "b", float(b_good[span].sum()), float(b_total[span].sum()), APPROVED),
    ]
    worst = worst_slices(slices, spread=float(model.correlation[row]))[0]
    return float(at - LEAD), worst.name == "a" and worst.excess > 0


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    random = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 20261124)
    usual, began = rhythm(), time.perf_counter()
    for name, both in (("provider a approves half", False), ("all approvals cut by half", True)):
        found = [one_run(usual, random, both=both) for _ in range(runs)]
        delays = np.sort([delay for delay, _ in found])
        seen = np.isfinite(delays)
        print(f"{name}, {runs} runs at {RATE:g} attempts/min:")
        print(f"  median: {delays[len(delays) // 2]:.0f} min, 90 %: {delays[int(0.9 * len(delays))]:.0f} min")
        print(f"  seen within 6 h: {100 * seen.mean():.0f} %")
        if not both:
            print(f"  provider a named: {100 * np.mean([named for delay, named in found if np.isfinite(delay)]):.0f} %")
        else:
            print("  reference, 2 orders/min, 50 % fail: 28 min, 118 min, 100 %")
    print(f"time: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
