"""Judges a value: when it is down, when it only breaks a promise, and what it means that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from stormproof.engine.probe.conditions import Condition, is_equal, number_of, text_of
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten

Value = str | int | float | bool
Missing = Literal["down", "degraded", "up"]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What a value must be like: `equals` and `down_when` decide about down, then `degraded_when` about degraded."""

    equals: Value | None = None
    down_when: Condition | None = None
    degraded_when: Condition | None = None
    when_missing: Missing = "down"
    faster_than_s: float | None = None


def judge_value(
    value: object, thresholds: Thresholds, watch: Stopwatch, *, name: str = "the value", unit: str = ""
) -> Outcome:
    """The outcome of a look that found `value`, in its own words."""
    found: dict[str, Any] = {"value": plain_value(value)}
    said = f"{name} is {shorten(text_of(value), 60)}{unit}"
    fault = _fault(value, thresholds, said)
    if fault:
        return watch.failure(fault, details=found)
    worry = ""
    if thresholds.degraded_when is not None and thresholds.degraded_when.holds(value):
        worry = f"{said}, degraded when {thresholds.degraded_when.text}"
    return watch.success(faster_than_s=thresholds.faster_than_s, worry=worry, details=found)


def judge_missing(reason: str, thresholds: Thresholds, watch: Stopwatch) -> Outcome:
    """The outcome of a look that found no value; `reason` says so."""
    if thresholds.when_missing == "down":
        return watch.failure(reason)
    worry = reason if thresholds.when_missing == "degraded" else ""
    return watch.success(faster_than_s=thresholds.faster_than_s, worry=worry)


def rank_of(value: object, thresholds: Thresholds) -> int:
    """How bad `value` is: 2 down, 1 degraded, 0 good; to choose the worst of several."""
    if _fault(value, thresholds, ""):
        return 2
    return 1 if thresholds.degraded_when is not None and thresholds.degraded_when.holds(value) else 0


def plain_value(value: object) -> Value | None:
    """`value` as it can be kept and shown as JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _fault(value: object, thresholds: Thresholds, said: str) -> str:
    if thresholds.equals is not None and not is_equal(value, thresholds.equals):
        return f"{said}, expected {text_of(thresholds.equals)}"
    conditions = [each for each in (thresholds.down_when, thresholds.degraded_when) if each is not None]
    if any(condition.needs_number for condition in conditions) and number_of(value) is None:
        return f"{said}, expected a number"
    if thresholds.down_when is not None and thresholds.down_when.holds(value):
        return f"{said}, down when {thresholds.down_when.text}"
    return ""
