"""A security event as every tool's report becomes one, and what many of them mean."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

SEVERITIES = ("info", "low", "medium", "high", "critical")
MOST_EVENTS = 1_000
LONGEST_RULE, LONGEST_DETAIL = 100, 300


class CannotReadEvents(ValueError):
    """What was sent is no report of that tool."""


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What a tool saw: by which rule, how grave, from whom ("" when nobody), how often."""

    rule: str
    severity: str
    actor: str = ""
    count: int = 1
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """So many events of rules like `rule` (a pattern with *) and at least as grave, within a time: this state."""

    rule: str
    at_least: str
    count: int
    within: timedelta
    state: str


def rank_of(severity: str) -> int:
    """How grave a severity is, from 0."""
    return SEVERITIES.index(severity)


def reported(*, rule: object, severity: str, actor: object = "", count: object = 1, detail: object = "") -> Reported:
    """An event from hostile words: cut, on one line, an actor only when it is an address."""
    return Reported(
        rule=_line(rule, LONGEST_RULE) or "unnamed rule",
        severity=severity,
        actor=_address(actor),
        count=min(1_000_000, count) if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1,
        detail=_line(detail, LONGEST_DETAIL),
    )


def state_of_events(
    rows: Sequence[tuple[str, str, datetime, int]], thresholds: Sequence[Threshold], *, at: datetime
) -> tuple[str, str]:
    """The worst state that the events (rule, severity, moment, count) reach, and why; up when none is reached."""
    worst, reason = "up", ""
    for threshold in thresholds:
        since, least = at - threshold.within, rank_of(threshold.at_least)
        hit = [
            (rule, count)
            for rule, severity, moment, count in rows
            if moment >= since and rank_of(severity) >= least and fnmatchcase(rule, threshold.rule)
        ]
        total = sum(count for _, count in hit)
        if total >= threshold.count and (worst == "up" or (worst == "degraded" and threshold.state == "down")):
            names = ", ".join(sorted({rule for rule, _ in hit})[:3])
            minutes = round(threshold.within.total_seconds() / 60)
            worst, reason = threshold.state, f"{total} security events in {minutes} min: {names}"
    return worst, reason


def objects_of(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects of one document (an object or a list), or of one object a line; raises `CannotReadEvents`."""
    try:
        data = json.loads(text)
        rows = data if isinstance(data, list) else [data]
    except ValueError:
        try:
            rows = [json.loads(line) for line in text.splitlines()[:MOST_EVENTS] if line.strip()]
        except (ValueError, RecursionError) as error:
            raise CannotReadEvents("this is neither JSON nor one JSON object a line") from error
    except RecursionError as error:
        raise CannotReadEvents("this is nested too deeply") from error
    for row in rows[:MOST_EVENTS]:
        if not isinstance(row, dict):
            raise CannotReadEvents("an event is a JSON object")
        yield row


def child(row: dict[str, Any], key: str) -> dict[str, Any]:
    """The object at `key`; an empty one when there is none."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _line(value: object, longest: int) -> str:
    if not isinstance(value, str | int | float):
        return ""
    plain = "".join(sign if sign.isprintable() else " " for sign in str(value)[: longest * 4])
    return " ".join(plain.split())[:longest]


def _address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(str(value).strip()[:64])) if isinstance(value, str) else ""
    except ValueError:
        return ""
