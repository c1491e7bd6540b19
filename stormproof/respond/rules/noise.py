"""Which monitors make noise, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

ENOUGH = 5  # alerts of one monitor before anything is said about it
NIGHT_STARTS, NIGHT_ENDS = time(22), time(7)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What one monitor did in a time: alerts, those nobody acted on, short ones, incidents, pages at night."""

    name: str
    slug: str
    node: str
    team: str
    alerts: int
    ignored: int
    short: int
    incidents: int
    night_pages: int

    @property
    def ignored_share(self) -> float:
        """The part of its alerts that nobody acted on, 0..1."""
        return self.ignored / self.alerts if self.alerts else 0.0

    @property
    def advice(self) -> str:
        """What to do: "settle", "silence", "fix" or "" while there is nothing to say."""
        return advice_for(alerts=self.alerts, ignored=self.ignored, short=self.short)


def advice_for(*, alerts: int, ignored: int, short: int) -> str:
    """Most of them gone in minutes: let it settle longer. Most of them ignored: silence it. Acted on often: fix it."""
    if alerts < ENOUGH:
        return ""
    if short * 2 > alerts:
        return "settle"
    if ignored * 5 >= alerts * 4:
        return "silence"
    return "fix"


def is_night(local: time) -> bool:
    """Whether a page at this time of the person's day wakes them."""
    return local >= NIGHT_STARTS or local < NIGHT_ENDS
