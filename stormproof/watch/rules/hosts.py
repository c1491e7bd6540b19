"""What the reports of a host mean: which limits are passed, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one figure may be. It must be past the limit in every report of `for_seconds` before that counts."""

    degraded: float | None = None
    down: float | None = None
    at_least: float | None = None
    for_seconds: float = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a host is, and why in words."""

    ok: bool
    degraded: bool
    reason: str


Report = tuple[datetime, Mapping[str, float]]


def judge_host(reports: Sequence[Report], limits: Mapping[str, Limit]) -> Verdict:
    """The verdict on the newest of `reports` (in order of time). A limit on `disk` holds for each `disk:...`."""
    down, degraded = [], []
    newest = reports[-1][1]
    for name, limit in limits.items():
        for metric in sorted(key for key in newest if key == name or key.startswith(f"{name}:")):
            values = values_within(reports, metric, limit.for_seconds)
            if not values:
                continue
            if limit.down is not None and min(values) >= limit.down:
                down.append(_say(metric, values[-1], f"down from {limit.down:g} on", limit))
            elif limit.at_least is not None and max(values) < limit.at_least:
                down.append(_say(metric, values[-1], f"at least {limit.at_least:g} is needed", limit))
            elif limit.degraded is not None and min(values) >= limit.degraded:
                degraded.append(_say(metric, values[-1], f"degraded from {limit.degraded:g} on", limit))
    return Verdict(ok=not down, degraded=not down and bool(degraded), reason="; ".join(down or degraded)[:500])


def values_within(reports: Sequence[Report], metric: str, seconds: float) -> list[float]:
    """The values of a metric over the last `seconds`; empty when the reports do not reach back that far."""
    end = reports[-1][0]
    start = end - timedelta(seconds=seconds)
    if seconds and reports[0][0] > start:
        return []
    within = [values for at, values in reports if at > start or at == end]
    return [values[metric] for values in within if metric in values]


def _say(metric: str, value: float, limit_in_words: str, limit: Limit) -> str:
    for_long = f" for {limit.for_seconds:g} s" if limit.for_seconds else ""
    unit = " %" if metric.partition(":")[0] in ("cpu", "memory", "swap", "disk", "inodes") else ""
    return f"{metric} is {value:g}{unit}{for_long} ({limit_in_words})"
