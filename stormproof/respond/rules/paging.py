"""Who is next, how long a link lasts, when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

SETTLE = timedelta(seconds=10)  # how long all monitors stay green before an incident resolves by itself
ACK_LINK_LASTS = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Whose turn it is in an escalation: place in the order, and the how-manieth time round (from 1)."""

    place: int
    attempt: int


def turn_of(step: int, *, people: int, repeat: int) -> Turn | None:
    """Whose turn step number `step` (from 0) is, None when the order was gone through `repeat` times."""
    if people == 0 or step >= people * repeat:
        return None
    return Turn(place=step % people, attempt=step // people + 1)
