"""B8: how soon a fall in orders is seen, and how often an alarm is false, on simulated shops.

The generator is that of our reference notes: Poisson counts over a weekly profile that varies about tenfold, 15-minute
gamma noise of variance 3 %, days that differ by 8 %, a level that drifts 6 % a week; conversion whose logit varies by
0.15 from hour to hour, 0.08 by day and 0.10 by 15 minutes. The notes leave open the profile's shape and the mean
conversion: here a night at a tenth of the peak, and 60 %. All of it is assumption; no real shop's figures are in it.

90 weeks are judged (5 series of 18, each after 6 weeks of history, learned anew each week), 300 faults per cell. A cell
gives the median and 90th percentile of minutes from the start of the fault to the second minute in a row below
1e-4 / 5, and the share seen within 6 hours. Beside ours: MAD z < -3.5 on three 5-minute bins in a row, and Holt-Winters
where statsmodels is at hand (it is no part of this project: pip install statsmodels into a venv of your own and put its
site-packages on PYTHONPATH).

Run: python benchmarks/order_anomalies.py [seed]
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from stormproof.engine.anomaly import (
    MINUTES_OF_WEEK,
    PAGE_ALPHA,
    WEEKS,
    RatioModel,
    VolumeModel,
    fires,
    fit_ratio,
    fit_volume,
    level_factor,
    low_ratio,
    low_volume,
)

Numbers = NDArray[np.float64]
SERIES, JUDGED_WEEKS, FAULTS = 5, 18, 300
RATES = (0.5, 2.0, 10.0)
FALLS = (("all", 1.0), ("50 %", 0.5), ("30 %", 0.3))
CONVERSION = 0.6
LEAD, AFTER = 1440 + 180, 360
BIN = 5
QUIET = 60  # minutes without an alarm after which the next is another one
REFERENCE = {
    (0.5, "volume"): (0, (44, 158, 100), (None, None, 24), (None, None, 1)),
    (0.5, "ratio"): (1, (24, 102, 100), (116, None, 87), (None, None, 45)),
    (2.0, "volume"): (4, (14, 31, 100), (257, None, 63), (None, None, 5)),
    (2.0, "ratio"): (1, (6, 24, 100), (28, 118, 100), (144, None, 87)),
    (10.0, "volume"): (9, (6, 14, 100), (299, None, 57), (None, None, 8)),
    (10.0, "ratio"): (0, (4, 6, 100), (13, 41, 100), (90, None, 83)),
}


@dataclass(frozen=True)
class Shop:
    """One simulated shop, minute by minute: checkout starts and orders."""

    starts: Numbers
    orders: Numbers


def profile() -> Numbers:
    """The weekly profile by minute, mean 1: an evening peak, nights at a tenth of it, Sundays strong."""
    hours = np.arange(MINUTES_OF_WEEK) / 60
    day = hours % 24
    wave = np.exp(0.92 * (np.cos((day - 20) / 24 * 2 * np.pi) + 0.35 * np.cos((day - 12.5) / 12 * 2 * np.pi)))
    by_day = np.array([1.05, 1.0, 0.97, 0.95, 0.9, 0.95, 1.18])[(hours // 24).astype(int)]
    found = wave * by_day
    return found / found.mean()


def simulate(rate: float, weeks: int, random: np.random.Generator) -> Shop:
    minutes = weeks * MINUTES_OF_WEEK
    drift = np.repeat(np.exp(np.cumsum(random.normal(0, 0.06, weeks))), MINUTES_OF_WEEK)
    days = np.repeat(random.normal(1, 0.08, weeks * 7).clip(0.5), 1440)
    gamma = np.repeat(random.gamma(1 / 0.03, 0.03, minutes // 15), 15)
    starts = random.poisson(np.tile(profile(), weeks) * rate / CONVERSION * drift * days * gamma)
    logit = np.log(CONVERSION / (1 - CONVERSION))
    logit = logit + np.repeat(random.normal(0, 0.15, weeks * 168), 60)
    logit = (
        logit
        + np.repeat(random.normal(0, 0.08, weeks * 7), 1440)
        + np.repeat(random.normal(0, 0.10, minutes // 15), 15)
    )
    orders = random.binomial(starts, 1 / (1 + np.exp(-logit)))
    return Shop(starts=starts.astype(float), orders=orders.astype(float))


def cut(shop: Shop, start: int, share: float, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Starts and orders around a fault that begins at minute `start` and lets `share` of the orders fail."""
    span = slice(start - LEAD, start + AFTER)
    orders = shop.orders[span].copy()
    orders[LEAD:] = random.binomial(orders[LEAD:].astype(int), 1 - share)
    return shop.starts[span], orders


class Volume:
    """Test B."""

    name = "volume"

    def learn(self, shop: Shop, span: slice) -> None:
        minutes = np.arange(span.start, span.stop) % MINUTES_OF_WEEK
        usable = np.ones(len(minutes), bool)
        self.model: VolumeModel = fit_volume(shop.orders[span], minutes=minutes, usable=usable)

    def alarms(self, starts: Numbers, orders: Numbers, first: int) -> NDArray[np.bool_]:
        expected = self.model.expected(np.arange(first, first + len(orders)) % MINUTES_OF_WEEK)
        expected = expected * level_factor(orders, expected)
        return fires(low_volume(orders, expected=expected, dispersion=self.model.dispersion), alpha=PAGE_ALPHA)


class Ratio:
    """Test A."""

    name = "ratio"

    def learn(self, shop: Shop, span: slice) -> None:
        minutes = np.arange(span.start, span.stop) % MINUTES_OF_WEEK
        usable = np.ones(len(minutes), bool)
        self.model: RatioModel = fit_ratio(shop.orders[span], shop.starts[span], minutes=minutes, usable=usable)

    def alarms(self, starts: Numbers, orders: Numbers, first: int) -> NDArray[np.bool_]:
        share = self.model.expected(np.arange(first, first + len(orders)) % MINUTES_OF_WEEK)
        return fires(low_ratio(orders, starts, share=share, correlation=self.model.correlation), alpha=PAGE_ALPHA)


class MadZ:
    """The rival everyone writes first: z of each 5-minute bin by median and MAD of the same bin of six weeks."""

    name = "MAD z"

    def learn(self, shop: Shop, span: slice) -> None:
        bins = shop.orders[span].reshape(WEEKS, -1, BIN).sum(axis=2)
        self.middle = np.median(bins, axis=0)
        self.spread = 1.4826 * np.median(np.abs(bins - self.middle), axis=0)

    def alarms(self, starts: Numbers, orders: Numbers, first: int) -> NDArray[np.bool_]:
        skipped = -first % BIN
        whole = (len(orders) - skipped) // BIN
        bins = orders[skipped : skipped + whole * BIN].reshape(-1, BIN).sum(axis=1)
        place = ((first + skipped) // BIN + np.arange(whole)) % (MINUTES_OF_WEEK // BIN)
        spread = self.spread[place]
        low = np.divide(bins - self.middle[place], spread, out=np.zeros(whole), where=spread > 0) < -3.5
        low[2:] &= low[1:-1] & low[:-2]
        low[:2] = False
        return at_bin_ends(low, len(orders), skipped, BIN)


class HoltWinters:
    """Additive Holt-Winters on 15-minute bins, weekly season, below the forecast by 3.9 standard deviations, twice."""

    name, width, z = "Holt-Winters", 15, 3.9

    def learn(self, shop: Shop, span: slice) -> None:
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        self.season = MINUTES_OF_WEEK // self.width
        bins = np.sqrt(shop.orders[span].reshape(-1, self.width).sum(axis=1))
        model = ExponentialSmoothing(
            bins, seasonal="add", seasonal_periods=self.season, initialization_method="heuristic"
        )
        fitted = model.fit(smoothing_level=0.02, smoothing_seasonal=0.2, optimized=False)
        self.level, self.seasons = fitted.level[-1], np.asarray(fitted.season[-self.season :])
        self.spread = float(np.std(np.asarray(fitted.resid)[self.season :]))

    def alarms(self, starts: Numbers, orders: Numbers, first: int) -> NDArray[np.bool_]:
        skipped = -first % self.width
        whole = (len(orders) - skipped) // self.width
        bins = np.sqrt(orders[skipped : skipped + whole * self.width].reshape(-1, self.width).sum(axis=1))
        place = ((first + skipped) // self.width + np.arange(whole)) % self.season
        low = np.zeros(whole, bool)
        level = self.level
        for index in range(whole):
            error = bins[index] - level - self.seasons[place[index]]
            low[index] = error < -self.z * self.spread
            level += 0.02 * error
        low[1:] &= low[:-1]
        low[:1] = False
        return at_bin_ends(low, len(orders), skipped, self.width)


def at_bin_ends(low: NDArray[np.bool_], minutes: int, skipped: int, width: int) -> NDArray[np.bool_]:
    """An alarm of a bin is known in its last minute."""
    found = np.zeros(minutes, bool)
    found[skipped + width - 1 + np.arange(len(low)) * width] = low
    return found


def episodes(alarms: NDArray[np.bool_]) -> int:
    minutes = np.flatnonzero(alarms)
    return int(len(minutes) > 0) + int((np.diff(minutes) > QUIET).sum())


@dataclass
class Result:
    false_alarms: int
    delays: dict[str, list[float]]


def judge(test: Volume | Ratio | MadZ | HoltWinters, shops: list[Shop], seed: int) -> Result:
    """Walk through the weeks of every series: learn, look for false alarms, break the shop, take the time."""
    random = np.random.default_rng(seed)
    result = Result(0, {name: [] for name, _ in FALLS})
    for shop in shops:
        starts = {
            name: np.sort(random.integers(0, JUDGED_WEEKS * MINUTES_OF_WEEK - AFTER, FAULTS // SERIES))
            for name, _ in FALLS
        }
        quiet: list[NDArray[np.bool_]] = []
        for week in range(JUDGED_WEEKS):
            begin = (WEEKS + week) * MINUTES_OF_WEEK
            test.learn(shop, slice(begin - WEEKS * MINUTES_OF_WEEK, begin))
            span = slice(begin - LEAD, begin + MINUTES_OF_WEEK)
            quiet.append(test.alarms(shop.starts[span], shop.orders[span], span.start)[LEAD:])
            for name, share in FALLS:
                for fault in starts[name][starts[name] // MINUTES_OF_WEEK == week]:
                    minute = WEEKS * MINUTES_OF_WEEK + int(fault)
                    seen = test.alarms(*cut(shop, minute, share, random), minute - LEAD)[LEAD:]
                    result.delays[name].append(float(np.argmax(seen)) + 1 if seen.any() else np.inf)
        result.false_alarms += episodes(np.concatenate(quiet))
    return result


def figure(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.0f}"


def summed_up(delays: list[float]) -> tuple[float, float, float]:
    """Median and 90th percentile in minutes (infinite: not seen), and the share seen in percent."""
    ordered = np.sort(np.array(delays))
    middle, late = (float(ordered[math.ceil(share * len(ordered)) - 1]) for share in (0.5, 0.9))
    return middle, late, 100 * float(np.isfinite(ordered).mean())


def report(rate: float, name: str, result: Result) -> None:
    reference = REFERENCE.get((rate, name))
    known = f" (reference {reference[0]})" if reference else ""
    print(f"{rate:g} orders/min, {name}: false alarms in {SERIES * JUDGED_WEEKS} weeks: {result.false_alarms}{known}")
    for place, (fall, _) in enumerate(FALLS):
        median, late, share = summed_up(result.delays[fall])
        line = f"  {fall} fail: {figure(median)} / {figure(late)} min, seen in 6 h: {share:.0f} %"
        if reference:
            then = reference[1 + place]
            line += f"   reference {figure(then[0])} / {figure(then[1])} min, {then[2]} %"
            if then[0] and np.isfinite(median):
                line += f"   median ratio: {median / then[0]:.2f}"
        print(line)


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20261124
    tests: list[type[Volume] | type[Ratio] | type[MadZ] | type[HoltWinters]] = [Volume, Ratio, MadZ]
    try:
        import statsmodels  # noqa: F401

        tests.append(HoltWinters)
    except ImportError:
        print("Holt-Winters: left out, statsmodels is not installed (see the head of this file)")
    began = time.perf_counter()
    for rate in RATES:
        random = np.random.default_rng([seed, int(rate * 10)])
        shops = [simulate(rate, WEEKS + JUDGED_WEEKS, random) for _ in range(SERIES)]
        for number, test in enumerate(tests):
            report(rate, test.name, judge(test(), shops, seed + number))
    print(f"time: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
