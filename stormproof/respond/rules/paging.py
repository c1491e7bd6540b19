"""Who is next, for whom a step is meant, how long links and acknowledgements last, when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stormproof.engine.calendar import Window, open_times

SETTLE = timedelta(seconds=10)  # how long all monitors stay green before an incident resolves by itself
ACK_LINK_LASTS = timedelta(hours=24)
ACK_LASTS_CRITICAL = timedelta(minutes=60)  # severity 1
ACK_LASTS = timedelta(hours=4)
ASK_LASTS = timedelta(minutes=10)  # how long somebody may take to say that they are still on it
LAST_RESORT_AGAIN = timedelta(minutes=30)
LATE = timedelta(minutes=5)  # an escalation this late is a fault


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Whose turn it is in an escalation: place in the order, and the how-manieth time round (from 1)."""

    place: int
    attempt: int


def acknowledgement_lasts(*, severity: int, own_seconds: int | None) -> timedelta:
    """How long an acknowledgement counts: what the policy says, else an hour for severity 1 and four for the others."""
    if own_seconds is not None:
        return timedelta(seconds=own_seconds)
    return ACK_LASTS_CRITICAL if severity == 1 else ACK_LASTS


def is_meant(step: Mapping[str, Any], *, severity: int, at: datetime) -> bool:
    """Whether a step of a policy counts for this severity at this moment, by the clocks of the zone it names."""
    if step.get("severities") and severity not in step["severities"]:
        return False
    hours = step.get("hours")
    if not hours:
        return True
    window = Window(
        weekdays=frozenset(hours["days"]), start=time.fromisoformat(hours["from"]), end=time.fromisoformat(hours["to"])
    )
    return bool(open_times((window,), ZoneInfo(hours["zone"]), start=at, end=at + timedelta(microseconds=1)))


def turn_of(step: int, *, people: int, repeat: int) -> Turn | None:
    """Whose turn step number `step` (from 0) is, None when the order was gone through `repeat` times."""
    if people == 0 or step >= people * repeat:
        return None
    return Turn(place=step % people, attempt=step // people + 1)
