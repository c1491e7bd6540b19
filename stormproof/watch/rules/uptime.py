"""Time spent in each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stormproof.watch.choices import State


@dataclass(frozen=True, kw_only=True)
class Uptime:
    """Seconds spent in each state. Unknown and maintenance count neither for nor against."""

    up_seconds: float
    down_seconds: float
    unknown_seconds: float
    maintenance_seconds: float
    outages: int

    @property
    def percent(self) -> float | None:
        """Share of the known time in which it worked, 0 to 100; None when nothing is known."""
        known = self.up_seconds + self.down_seconds
        return 100 * self.up_seconds / known if known else None


def measure_uptime(changes: Sequence[tuple[datetime, str]], *, before: str, start: datetime, end: datetime) -> Uptime:
    """Uptime between `start` and `end`, from state `before` at the start and `changes` (moment, new state) in order."""
    spent = dict.fromkeys(State.values, 0.0)
    outages = 0
    state, since = before, start
    for at, to_state in [*changes, (end, "")]:
        moment = min(max(at, start), end)
        spent[state] += max(0.0, (moment - since).total_seconds())
        outages += to_state == State.DOWN
        state, since = to_state or state, max(moment, since)
    return Uptime(
        up_seconds=spent[State.UP] + spent[State.DEGRADED],
        down_seconds=spent[State.DOWN],
        unknown_seconds=spent[State.UNKNOWN],
        maintenance_seconds=spent[State.MAINTENANCE],
        outages=outages,
    )
