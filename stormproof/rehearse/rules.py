"""What an exercise measured, and whether that keeps the promise: pure arithmetic on moments and figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The times of one exercise in seconds; None where the thing never happened."""

    detect_s: float | None
    decide_s: float | None
    human_s: float | None
    machine_s: float | None
    rto_s: float | None


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What was to be kept; None is no promise, 0 is one."""

    rto_s: float | None = None
    within_s: float | None = None
    rpo_s: float | None = None
    most_failed_requests: int | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the customers saw. None: it was not counted."""

    acknowledged: int | None
    lost: int
    lost_beyond_rpo: int
    failed_requests: int | None


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from start to end, to the millisecond; None when either never was; 0 when they stand the other way."""
    if start is None or end is None:
        return None
    return round(max(0.0, (end - start).total_seconds()), 3)


def times_of_exercise(
    *,
    fault_at: datetime | None,
    opened_at: datetime | None,
    run_started_at: datetime | None,
    human_s: float | None,
    machine_s: float | None,
    recovered_at: datetime | None,
) -> Measured:
    """Fault to incident row (detect), incident row to start of the procedure (decide), people, machines, and all."""
    return Measured(
        detect_s=seconds_between(fault_at, opened_at),
        decide_s=seconds_between(opened_at, run_started_at),
        human_s=None if human_s is None else round(human_s, 3),
        machine_s=None if machine_s is None else round(machine_s, 3),
        rto_s=seconds_between(fault_at, recovered_at),
    )


def gaps_of(measured: Measured, seen: Seen, promise: Promise, *, wants_incident: bool, counts: bool) -> list[str]:
    """Where the promise was not kept, in words; empty when it was."""
    gaps = []
    if wants_incident and measured.detect_s is None:
        gaps.append("Nothing was detected: no incident was opened")
    if measured.rto_s is None:
        gaps.append("It did not recover in time: the exercise gave up and cleaned up")
    else:
        gaps += _late(measured.rto_s, promise)
    if counts and not seen.acknowledged:
        gaps.append("No order was acknowledged during the exercise, so nothing is proven about losing one")
    if seen.lost_beyond_rpo and promise.rpo_s is not None:
        gaps.append(f"{seen.lost_beyond_rpo} acknowledged orders are lost beyond the RPO of {promise.rpo_s:.0f} s")
    if promise.most_failed_requests is not None and (seen.failed_requests or 0) > promise.most_failed_requests:
        gaps.append(f"Customers saw {seen.failed_requests} failed requests, allowed are {promise.most_failed_requests}")
    return gaps


def _late(rto_s: float, promise: Promise) -> list[str]:
    found = []
    for name, limit in (("RTO", promise.rto_s), ("limit of the exercise", promise.within_s)):
        if limit is not None and rto_s > limit:
            found.append(f"Recovered after {rto_s:.1f} s; the {name} is {limit:.0f} s")
    return found


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """An order that a customer was given the number of; `at` in seconds since 1970, None when not told."""

    number: str
    at: float | None = None


def lost_of(acknowledged: Iterable[Acknowledged], stored: Iterable[str]) -> list[Acknowledged]:
    """The orders that a customer has a number of and the shop has not."""
    there = set(stored)
    return [order for order in acknowledged if order.number not in there]


def lost_beyond(lost: Iterable[Acknowledged], *, fault_at: datetime | None, rpo_s: float | None) -> int:
    """How many of the lost orders were acknowledged longer before the fault than the RPO allows; all when RPO is 0."""
    if not rpo_s or fault_at is None:
        return len(list(lost))
    return sum(order.at is None or order.at < fault_at.timestamp() - rpo_s for order in lost)


def is_recovered(*, seen_broken: bool, looks_well: bool, run_is_over: bool | None) -> bool:
    """Whether a look that says yes means recovery: the loss was seen before, or the procedure has ended."""
    return looks_well and (seen_broken or run_is_over is True)
