"""Who looks, and when."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence


def prober_for(monitor_id: int, instances: Sequence[str]) -> str:
    """Which of the living probers looks after a monitor: the one with the highest hash (rendezvous hashing).

    When a prober comes or goes only its own share moves (Thaler, Ravishankar 1998).
    """
    return max(instances, key=lambda instance: hashlib.blake2b(f"{instance}/{monitor_id}".encode()).digest())


def first_look_at(
    monitor_id: int, *, interval_seconds: float, last_at: float | None, now: float, spread_seconds: float
) -> float:
    """When a prober that has just taken a monitor looks first; all in epoch seconds.

    Each monitor has its own fixed phase in its interval, by its hash, so that many monitors spread evenly and a restart
    moves nothing. One that is overdue is looked at soon, within `spread_seconds`.
    """
    digest = hashlib.blake2b(str(monitor_id).encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "big") / 2**64
    regular = next_look_at(share * interval_seconds, interval_seconds=interval_seconds, now=now)
    is_overdue = last_at is None or last_at + interval_seconds <= now
    return min(regular, now + share * spread_seconds) if is_overdue else regular


def next_look_at(phase: float, *, interval_seconds: float, now: float) -> float:
    """The first moment after `now` that is `phase` seconds into an interval; epoch seconds."""
    rounds = math.floor((now - phase) / interval_seconds + 1e-6) + 1  # a moment that is due now is not due again
    return phase + rounds * interval_seconds
