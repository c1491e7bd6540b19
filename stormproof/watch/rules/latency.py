"""Latencies as histograms that add up, and the roll-up that draws a span."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

BUCKETS = 63
BUCKET_GROWTH = 1.25
SMALLEST_MS = 0.1


def latency_bucket(ms: float) -> int:
    """The histogram bucket of a latency: bucket i holds (0.1 x 1.25^(i-1), 0.1 x 1.25^i] ms.

    Buckets of equal relative width merge by adding counts and bound the relative error of a quantile to 12.5 %
    (the idea of DDSketch, Masson, Rim, Lee 2019).
    """
    if ms <= SMALLEST_MS:
        return 0
    return min(BUCKETS, math.ceil(math.log(ms / SMALLEST_MS) / math.log(BUCKET_GROWTH) - 1e-9))


def bucket_ms(bucket: int) -> float:
    """The middle of a bucket in milliseconds."""
    upper = SMALLEST_MS * BUCKET_GROWTH**bucket
    return upper if bucket == 0 else upper * (1 + 1 / BUCKET_GROWTH) / 2


def latency_quantile(histogram: Mapping[str, int], share: float) -> float | None:
    """The latency that `share` (0 to 1) of the counted sightings did not exceed, in ms; None when none was counted."""
    total = sum(histogram.values())
    if not total:
        return None
    wanted, seen = share * total, 0
    for bucket in sorted(histogram, key=int):
        seen += histogram[bucket]
        if seen >= wanted:
            return bucket_ms(int(bucket))
    return bucket_ms(BUCKETS)


def merge_histograms(histograms: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """One histogram that counts what all of `histograms` counted."""
    merged: dict[str, int] = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            merged[bucket] = merged.get(bucket, 0) + count
    return merged


LEVELS: tuple[tuple[str, timedelta], ...] = (
    ("raw", timedelta(hours=1)),
    ("minute", timedelta(hours=26)),
    ("hour", timedelta(days=35)),
    ("day", timedelta.max),
)


def level_for(span: timedelta, *, age: timedelta, kept: Callable[[str], timedelta]) -> str:
    """The finest roll-up that draws `span` in at most about 1,600 points and still holds data as old as `age`."""
    for level, longest in LEVELS:
        if span <= longest and (level == "day" or age <= kept(level)):
            return level
    return "day"
