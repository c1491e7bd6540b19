"""Pure decisions of `watch`: what a sighting means, when a monitor is late, how states spread and add up."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from stormproof.watch.choices import WORST_FIRST, State

UNKNOWN_GRACE = timedelta(seconds=10)
BUCKETS = 63
BUCKET_GROWTH = 1.25
SMALLEST_MS = 0.1
GOOD = (State.UP, State.DEGRADED)
OWN_REASONS = ("set up", "paused", "retired")


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What a prober or a ping reports of one look. `since` is the start of the present run of equal results."""

    monitor_id: int
    version: int
    at: datetime
    since: datetime
    ok: bool
    confirmed: bool
    degraded: bool = False
    refused: bool = False  # it may not be looked at from here: says nothing about the target
    reason: str = ""
    total_ms: float | None = None
    phases: tuple[float | None, ...] | None = field(default=None)
    prober_id: int | None = None


def next_state(current: str, sighting: Sighting) -> str:
    """The state after `sighting`. Down, and up again after down, need a confirmed sighting; speed does not."""
    if current == State.MAINTENANCE:
        return current
    if sighting.refused:
        return State.UNKNOWN
    if not sighting.ok:
        return State.DOWN if sighting.confirmed else current
    if current == State.DOWN and not sighting.confirmed:
        return current
    return State.DEGRADED if sighting.degraded else State.UP


def unknown_after(interval_seconds: int) -> timedelta:
    """How long after its last sighting a monitor is no longer known: two intervals and a grace."""
    return timedelta(seconds=2 * interval_seconds) + UNKNOWN_GRACE


def worst_of(states: Iterable[str]) -> str:
    """The worst of `states`: down, degraded, unknown, maintenance, up; unknown when there is none."""
    found = set(states)
    return next((state.value for state in WORST_FIRST if state in found), State.UNKNOWN.value)


def spread_states(
    own: Mapping[int, str], needs: Mapping[int, Sequence[tuple[int, Sequence[int]]]], nodes: Iterable[int]
) -> dict[int, str]:
    """The state of each node from its own monitors and from what it needs (k-of-n groups, no cycles).

    A node is down when it is seen down or a group can no longer be satisfied; a node that is seen working stays so;
    a node nobody watches is what can be told from below: up when all its needs are known to be met, else unknown.
    A need that nobody watches at all is left out.
    """
    done: dict[int, str | None] = {}

    def visit(node: int) -> str | None:
        if node in done:
            return done[node]
        done[node] = own.get(node)  # a cycle, though refused, must not hang the page
        below = [
            _group_state(at_least, [visit(member) for member in members]) for at_least, members in needs.get(node, ())
        ]
        known = [state for state in below if state is not None]
        if State.DOWN in known:
            done[node] = State.DOWN
        elif node not in own and known:
            done[node] = State.UNKNOWN if State.UNKNOWN in known else State.UP
        return done[node]

    return {node: visit(node) or State.UNKNOWN.value for node in nodes}


def _group_state(at_least: int, members: Sequence[str | None]) -> str | None:
    watched = [state for state in members if state is not None]
    if not watched:
        return None
    down = watched.count(State.DOWN)
    working = sum(1 for state in watched if state in GOOD or state == State.MAINTENANCE)
    if len(members) - down < at_least:
        return State.DOWN
    if working + (len(members) - len(watched)) >= at_least:
        return State.UP
    return State.UNKNOWN


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


def latency_bucket(ms: float) -> int:
    """The histogram bucket of a latency: bucket i holds (0.1 x 1.25^(i-1), 0.1 x 1.25^i] ms.

    Buckets of equal relative width merge by adding counts and bound the relative error of a quantile to 12.5 %
    (the idea of DDSketch, Masson, Rim, Lee 2019).
    """
    if ms <= SMALLEST_MS:
        return 0
    return min(BUCKETS, math.ceil(math.log(ms / SMALLEST_MS) / math.log(BUCKET_GROWTH) - 1e-9))


def bucket_ms(bucket: int) -> float:
    """The middle of a bucket in milliseconds."""
    upper = SMALLEST_MS * BUCKET_GROWTH**bucket
    return upper if bucket == 0 else upper * (1 + 1 / BUCKET_GROWTH) / 2


def latency_quantile(histogram: Mapping[str, int], share: float) -> float | None:
    """The latency that `share` (0 to 1) of the counted sightings did not exceed, in ms; None when none was counted."""
    total = sum(histogram.values())
    if not total:
        return None
    wanted, seen = share * total, 0
    for bucket in sorted(histogram, key=int):
        seen += histogram[bucket]
        if seen >= wanted:
            return bucket_ms(int(bucket))
    return bucket_ms(BUCKETS)


def merge_histograms(histograms: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """One histogram that counts what all of `histograms` counted."""
    merged: dict[str, int] = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            merged[bucket] = merged.get(bucket, 0) + count
    return merged


LEVELS: tuple[tuple[str, timedelta], ...] = (
    ("raw", timedelta(hours=1)),
    ("minute", timedelta(hours=26)),
    ("hour", timedelta(days=35)),
    ("day", timedelta.max),
)


def level_for(span: timedelta, *, age: timedelta, kept: Callable[[str], timedelta]) -> str:
    """The finest roll-up that draws `span` in at most about 1,600 points and still holds data as old as `age`."""
    for level, longest in LEVELS:
        if span <= longest and (level == "day" or age <= kept(level)):
            return level
    return "day"


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


def say_state(state: str, *, since: str, reason: str, is_paused: bool, is_heartbeat: bool) -> str:
    """The state of a monitor in one sentence; `since` is a moment in words."""
    because = f": {reason}" if reason else ""
    if is_paused:
        return f"Paused since {since}. Nobody looks, so nothing is known."
    if state == State.UNKNOWN and reason in ("", *OWN_REASONS):
        return "Waiting for the first ping." if is_heartbeat else "Waiting for the first look."
    return {
        State.DOWN: f"Down since {since}{because}.",
        State.DEGRADED: f"Works since {since}, but not as promised{because}.",
        State.UP: f"Up since {since}.",
        State.MAINTENANCE: f"In maintenance since {since}; nothing is told.",
        State.UNKNOWN: f"Unknown since {since}{because}.",
    }[State(state)]
