"""Error budgets and burn rates: the multi-window table of the SRE Workbook (chapter 5), scaled to any period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stormproof.watch.rules.signals import PAGE, QUIET, TICKET

FEWEST_BAD = 10  # events below which nothing is said
Sums = tuple[float, float]  # bad, all


@dataclass(frozen=True, kw_only=True)
class BurnWindow:
    """A row of the table: so much of the budget gone in the long window is too fast; the short one is a twelfth."""

    key: str
    level: str
    budget: float
    long: timedelta

    @property
    def short(self) -> timedelta:
        """The window that must exceed too, so that what is over stops firing."""
        return self.long / 12

    def rate(self, period: timedelta) -> float:
        """How many times faster than evenly the budget burns at the limit: 14.4 for 2 % in an hour of 30 days."""
        return self.budget * (period / self.long)


BURN_WINDOWS = (
    BurnWindow(key="1h", level=PAGE, budget=0.02, long=timedelta(hours=1)),
    BurnWindow(key="6h", level=PAGE, budget=0.05, long=timedelta(hours=6)),
    BurnWindow(key="24h", level=TICKET, budget=0.10, long=timedelta(hours=24)),
    BurnWindow(key="72h", level=TICKET, budget=0.10, long=timedelta(hours=72)),
)


@dataclass(frozen=True, kw_only=True)
class Burn:
    """What one row says now. `needed`: how much must be bad in the long window before it fires."""

    window: BurnWindow
    bad: float
    needed: float
    long_rate: float
    short_rate: float
    exceeds_long: bool
    exceeds_short: bool
    has_enough: bool  # a whole long window of data

    @property
    def fires(self) -> bool:
        """Whether both windows exceed and there is enough to say so."""
        return self.has_enough and self.exceeds_long and self.exceeds_short


def burns_of(
    sums: Callable[[timedelta], Sums],
    *,
    whole: Sums,
    objective: float,
    period: timedelta,
    known_for: timedelta,
    is_events: bool,
) -> list[Burn]:
    """Every row of the table. `sums(window)` gives bad and all of the window that ends now, `whole` of the period.

    On time a row exceeds when the rate does. On events it is weighted by traffic (Stark, "Error budget is all you
    need"): bad events of the window above budget x (1 - objective) x all events of the period, so that five orders at
    night cannot page; and never on fewer than ten.
    """
    allowed = 1 - objective / 100
    found = []
    for window in BURN_WINDOWS:
        (bad, total), (short_bad, short_total) = sums(window.long), sums(window.short)
        limit = window.rate(period)
        rates = [lost / count / allowed if count else 0.0 for lost, count in ((bad, total), (short_bad, short_total))]
        if is_events:
            needed = max(window.budget * allowed * whole[1], FEWEST_BAD)
            exceeds = bad > window.budget * allowed * whole[1] and bad >= FEWEST_BAD
            exceeds_short = short_bad > window.budget * allowed * whole[1] / 12
        else:
            needed = limit * allowed * window.long.total_seconds()
            exceeds, exceeds_short = rates[0] > limit, rates[1] > limit
        found.append(
            Burn(
                window=window,
                bad=bad,
                needed=needed,
                long_rate=rates[0],
                short_rate=rates[1],
                exceeds_long=exceeds,
                exceeds_short=exceeds_short,
                has_enough=known_for >= window.long,
            )
        )
    return found


def budget_left(whole: Sums, *, objective: float, known: timedelta, period: timedelta, is_events: bool) -> float:
    """The part of the error budget that is left, 1 to below 0. On time the budget is that of the whole period."""
    bad, total = whole
    budget = (1 - objective / 100) * (total if is_events else period.total_seconds())
    return 1 - bad / budget if budget else 1.0


def firing_level(
    burns: Sequence[Burn], fired: dict[str, datetime], *, at: datetime
) -> tuple[str, dict[str, datetime], Burn | None]:
    """The level now, which rows are firing since when, and the row that says it.

    A row that fires holds until its long window no longer exceeds; it does not fire anew within a long window of its
    last firing, unless it never stopped.
    """
    firing: dict[str, datetime] = {}
    for burn in burns:
        key, since = burn.window.key, fired.get(burn.window.key)
        if since is not None and burn.exceeds_long:
            firing[key] = since
        elif burn.fires:
            firing[key] = at
    worst = next((burn for burn in burns if burn.window.key in firing), None)
    return (worst.window.level if worst else QUIET), firing, worst


def may_fire_again(last_ended: datetime | None, *, window: BurnWindow, at: datetime) -> bool:
    """Whether a row that ended may fire anew: not within its long window."""
    return last_ended is None or at - last_ended >= window.long


def union_seconds(spans: Sequence[tuple[datetime, datetime]], *, start: datetime, end: datetime) -> float:
    """How many seconds between `start` and `end` at least one of `spans` covers."""
    covered, reached = 0.0, start
    for begin, until in sorted(spans):
        first, last = max(begin, reached), min(until, end)
        if last > first:
            covered += (last - first).total_seconds()
            reached = last
    return covered
