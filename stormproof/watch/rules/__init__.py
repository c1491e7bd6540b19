"""Pure decisions of `watch`: what a sighting means, when a monitor is late, how states spread and add up."""

from stormproof.watch.rules.latency import (
    BUCKET_GROWTH,
    BUCKETS,
    LEVELS,
    SMALLEST_MS,
    bucket_ms,
    latency_bucket,
    latency_quantile,
    level_for,
    merge_histograms,
)
from stormproof.watch.rules.schedule import first_look_at, next_look_at, prober_for
from stormproof.watch.rules.states import (
    GOOD,
    OWN_REASONS,
    UNKNOWN_GRACE,
    Sighting,
    next_state,
    say_state,
    spread_states,
    unknown_after,
    worst_of,
)
from stormproof.watch.rules.uptime import Uptime, measure_uptime

__all__ = [
    "BUCKETS",
    "BUCKET_GROWTH",
    "GOOD",
    "LEVELS",
    "OWN_REASONS",
    "SMALLEST_MS",
    "UNKNOWN_GRACE",
    "Sighting",
    "Uptime",
    "bucket_ms",
    "first_look_at",
    "latency_bucket",
    "latency_quantile",
    "level_for",
    "measure_uptime",
    "merge_histograms",
    "next_look_at",
    "next_state",
    "prober_for",
    "say_state",
    "spread_states",
    "unknown_after",
    "worst_of",
]
