"""What is normal: the hour of the week in the shop's zone, learned from six weeks, and how far it strays by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from stormproof.engine.anomaly.windows import WINDOWS, blocks

WEEKS = 6
HOURS_OF_WEEK = 168
MINUTES_OF_WEEK = 10_080
LEVEL_MINUTES = 1440
FEW = 10.0  # orders an hour below which the median of six weeks is too coarse
PRIOR_TRIALS = 200.0  # an hour of the week weighs as much as the whole week once it has seen so many trials
LEAST_DISPERSION = 1e-4
LEAST_CORRELATION = 1e-4
_QUARTER = 15
Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class VolumeModel:
    """Expected events a minute by hour of the week, and the dispersion k of each window: variance mu + k mu^2."""

    rate: Numbers  # (168,)
    dispersion: Numbers  # (5,)

    def expected(self, minutes: Whole) -> Numbers:
        """Expected events in each minute of the week, between the middles of the hours in a straight line."""
        return _to_minutes(self.rate, minutes)


@dataclass(frozen=True, kw_only=True)
class RatioModel:
    """Share of attempts that succeed by hour of the week, and the correlation of two attempts in each window."""

    share: Numbers  # (168,)
    correlation: Numbers  # (5,)

    def expected(self, minutes: Whole) -> Numbers:
        """Expected share in each minute of the week."""
        return _to_minutes(self.share, minutes)


def minutes_of_week(start: datetime, count: int, zone: ZoneInfo) -> Whole:
    """Minute of the week in `zone` (0: Monday 00:00) of `count` minutes from `start` on; clock changes are followed."""
    first = start.astimezone(UTC).replace(second=0, microsecond=0)
    lead = first.minute % _QUARTER
    quarter = first - timedelta(minutes=lead)
    found = np.empty(((count + lead) // _QUARTER + 1, _QUARTER), dtype=np.int64)
    steps = np.arange(_QUARTER)
    for row in range(len(found)):
        local = (quarter + timedelta(minutes=row * _QUARTER)).astimezone(zone)
        found[row] = local.weekday() * 1440 + local.hour * 60 + local.minute + steps
    return found.ravel()[lead : lead + count] % MINUTES_OF_WEEK


def fit_volume(counts: Numbers, *, minutes: Whole, usable: Truth) -> VolumeModel:
    """Learn from minutes in order, the last six weeks of them; those not `usable` (peaks, outages, gaps) are left out.

    k of a window is fitted by moments on windows side by side, each week predicted from the other weeks, so that the
    uncertainty of the baseline itself is in it.
    """
    sums, seen = _by_week(counts, minutes, usable)
    rate = _profile(sums, seen)
    rest = _Rest(len(sums), lambda weeks: _profile(sums[weeks], seen[weeks]))
    expected = _without_own_week(len(counts), minutes, rest, rate)
    return VolumeModel(rate=rate, dispersion=_dispersion(counts, expected, usable))


def fit_ratio(good: Numbers, total: Numbers, *, minutes: Whole, usable: Truth) -> RatioModel:
    """Learn the share of `total` that is `good`; an hour of the week that saw few attempts leans on the whole week."""
    hits, _ = _by_week(good, minutes, usable)
    trials, _ = _by_week(total, minutes, usable)
    share = _shares(hits, trials)
    rest = _Rest(len(hits), lambda weeks: _shares(hits[weeks], trials[weeks]))
    expected = _without_own_week(len(total), minutes, rest, share)
    return RatioModel(share=share, correlation=_correlation(good, total, expected, usable))


def level_factor(counts: Numbers, expected: Numbers) -> Numbers:
    """For each minute: actual over expected of the 24 hours before it, clipped to 0.5 to 1.

    Only downwards: a quiet day is judged by its own level, a busy one must not make tomorrow suspicious. Minutes
    without 24 hours before them use what there is.
    """
    actual = np.concatenate(([0.0], np.cumsum(counts)))
    normal = np.concatenate(([0.0], np.cumsum(expected)))
    ends = np.arange(len(counts))
    starts = np.maximum(ends - LEVEL_MINUTES, 0)
    before = normal[ends] - normal[starts]
    ratio = np.divide(actual[ends] - actual[starts], before, out=np.ones(len(counts)), where=before > 0)
    clipped: Numbers = np.clip(ratio, 0.5, 1.0)
    return clipped


def _weeks_back(count: int) -> Whole:
    return (count - 1 - np.arange(count)) // MINUTES_OF_WEEK


def _by_week(values: Numbers, minutes: Whole, usable: Truth) -> tuple[Numbers, Numbers]:
    """Sums by (week back, hour of the week), and how many usable minutes each sum holds."""
    weeks = min(WEEKS, -(-len(values) // MINUTES_OF_WEEK))
    back = _weeks_back(len(values))
    keep = usable & (back < weeks)
    place = back[keep] * HOURS_OF_WEEK + minutes[keep] // 60
    size = weeks * HOURS_OF_WEEK
    sums = np.bincount(place, weights=values[keep], minlength=size).reshape(weeks, HOURS_OF_WEEK)
    seen = np.bincount(place, minlength=size).reshape(weeks, HOURS_OF_WEEK)
    return np.asarray(sums, np.float64), np.asarray(seen, np.float64)


def _profile(sums: Numbers, seen: Numbers) -> Numbers:
    """Events a minute for each hour of the week: median over the weeks, smoothed 1-2-1."""
    rates = np.divide(sums, seen, out=np.full(sums.shape, np.nan), where=seen >= _QUARTER)
    known = ~np.isnan(rates)
    number = known.sum(axis=0)
    ordered = np.sort(np.where(known, rates, np.inf), axis=0)
    middle = _median(ordered, number)
    trimmed = _trimmed_mean(rates, number)
    typical = np.where(middle * 60 < FEW, trimmed, middle)
    return _smooth(_fill(typical, number))


def _median(ordered: Numbers, number: Whole) -> Numbers:
    columns = np.arange(ordered.shape[1])
    low, high = np.maximum(number - 1, 0) // 2, number // 2
    high = np.minimum(high, np.maximum(number - 1, 0))
    with np.errstate(invalid="ignore"):
        middle: Numbers = (ordered[low, columns] + ordered[high, columns]) / 2
    return np.where(number > 0, middle, np.nan)


def _trimmed_mean(rates: Numbers, number: Whole) -> Numbers:
    """The mean without the smallest and the largest; the plain mean of fewer than three."""
    filled = np.where(np.isnan(rates), 0.0, rates)
    total = filled.sum(axis=0)
    ends = np.where(np.isnan(rates), np.inf, rates).min(axis=0) + np.where(np.isnan(rates), -np.inf, rates).max(axis=0)
    is_trimmed = number >= 3
    trimmed = (total - np.where(is_trimmed, ends, 0.0)) / np.maximum(np.where(is_trimmed, number - 2, number), 1)
    return np.where(number > 0, trimmed, np.nan)


def _fill(values: Numbers, number: Whole) -> Numbers:
    """Hours of the week never seen take the same hour of the other days, else the mean of all."""
    if (number > 0).all():
        return values
    by_day = values.reshape(7, 24)
    known = (~np.isnan(by_day)).sum(axis=0)
    overall = float(np.nanmean(values)) if (number > 0).any() else 0.0
    by_hour = np.where(known > 0, np.nansum(by_day, axis=0) / np.maximum(known, 1), overall)
    return np.where(np.isnan(by_day), by_hour, by_day).ravel()


def _smooth(values: Numbers) -> Numbers:
    smoothed: Numbers = (np.roll(values, 1) + 2 * values + np.roll(values, -1)) / 4
    return smoothed


def _shares(good: Numbers, total: Numbers) -> Numbers:
    hits, trials = _smooth(good.sum(axis=0)), _smooth(total.sum(axis=0))
    overall = hits.sum() / trials.sum() if trials.sum() else 0.5
    shares: Numbers = (hits + PRIOR_TRIALS * overall) / (trials + PRIOR_TRIALS)
    clipped: Numbers = np.clip(shares, 1e-6, 1 - 1e-6)
    return clipped


def _to_minutes(by_hour: Numbers, minutes: Whole) -> Numbers:
    """Straight lines between the middles of the hours, around the week."""
    place = minutes / 60 - 0.5
    low = np.floor(place).astype(np.int64)
    part = place - low
    between: Numbers = by_hour[low % HOURS_OF_WEEK] * (1 - part) + by_hour[(low + 1) % HOURS_OF_WEEK] * part
    return between


@dataclass(frozen=True)
class _Rest:
    """What is learned without some weeks: how many there are, and the profile of those whose numbers are given."""

    weeks: int
    learn: Callable[[list[int]], Numbers]


def _without_own_week(count: int, minutes: Whole, rest: _Rest, whole: Numbers) -> Numbers:
    """What the other weeks say of each minute; with one week only, what the week says of itself."""
    if rest.weeks < 2:
        return _to_minutes(whole, minutes)
    own_week = np.minimum(_weeks_back(count), rest.weeks - 1)
    expected = np.empty(count)
    for week in range(rest.weeks):
        own = own_week == week
        expected[own] = _to_minutes(rest.learn([one for one in range(rest.weeks) if one != week]), minutes[own])
    return expected


def _dispersion(counts: Numbers, expected: Numbers, usable: Truth) -> Numbers:
    found = np.full(len(WINDOWS), LEAST_DISPERSION)
    for row, width in enumerate(WINDOWS):
        whole = blocks(usable.astype(float), width) == width
        x, mu = blocks(counts, width)[whole], blocks(expected, width)[whole]
        weight = float((mu**2).sum())
        if weight > 0:
            found[row] = max(LEAST_DISPERSION, float(((x - mu) ** 2 - mu).sum()) / weight)
    return found


def _correlation(good: Numbers, total: Numbers, share: Numbers, usable: Truth) -> Numbers:
    found = np.full(len(WINDOWS), LEAST_CORRELATION)
    for row, width in enumerate(WINDOWS):
        whole = blocks(usable.astype(float), width) == width
        x, n = blocks(good, width)[whole], blocks(total, width)[whole]
        mean, noise = blocks(total * share, width)[whole], blocks(total * share * (1 - share), width)[whole]
        weight = float((noise * np.maximum(n - 1, 0)).sum())
        if weight > 0:
            found[row] = min(0.5, max(LEAST_CORRELATION, float(((x - mean) ** 2 - noise).sum()) / weight))
    return found
