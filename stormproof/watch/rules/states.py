"""What a sighting means, when a monitor is unknown, how states spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from stormproof.engine.probe.outcome import File
from stormproof.watch.choices import WORST_FIRST, State
from stormproof.watch.rules.maintenance import Span, is_within

HERE = "here"  # the location of probers that are given no other, and of what is told to us
UNKNOWN_GRACE = timedelta(seconds=10)
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
    steps: Sequence[Mapping[str, Any]] | None = None  # a journey: each step as it went
    about: Mapping[str, Any] | None = None  # a journey: web vitals, values kept
    files: tuple[File, ...] = ()  # a failed journey: what it left to look at
    location: str = HERE


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A state, why, and since when it is so."""

    state: str
    since: datetime
    reason: str = ""


def shown_standing(
    seen: Standing, *, maintenance: Span | None, planned: str, at: datetime, flapping: Standing | None = None
) -> Standing:
    """What is shown of what is `seen`: `flapping` in place of up and down, and maintenance in place of all.

    Trouble that began before maintenance is shown all the same. So work that is planned tells nothing, and what broke
    seconds before its start is not swallowed.
    """
    if maintenance is None or not is_within(maintenance, at):
        return flapping if flapping is not None and seen.state != State.UNKNOWN else seen
    if seen.state == State.DOWN and seen.since < maintenance[0] and flapping is None:
        return seen
    return Standing(state=State.MAINTENANCE, since=maintenance[0], reason=planned)


def next_state(current: str, sighting: Sighting) -> str:
    """The state after `sighting`. Down, and up again after down, need a confirmed sighting; speed does not."""
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
    a node nobody watches is what can be told from below: up when all its needs are known to be met, maintenance when
    planned work is all that keeps it from being so, else unknown.
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
            done[node] = next(state for state in (State.UNKNOWN, State.MAINTENANCE, State.UP) if state in known)
        return done[node]

    return {node: visit(node) or State.UNKNOWN.value for node in nodes}


def _group_state(at_least: int, members: Sequence[str | None]) -> str | None:
    watched = [state for state in members if state is not None]
    if not watched:
        return None
    down = watched.count(State.DOWN)
    working = sum(state in GOOD for state in watched) + len(members) - len(watched)
    if len(members) - down < at_least:
        return State.DOWN
    if working >= at_least:
        return State.UP
    return State.MAINTENANCE if working + watched.count(State.MAINTENANCE) >= at_least else State.UNKNOWN


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
        State.MAINTENANCE: f"In maintenance since {since}{because}; nothing is told until it is over.",
        State.UNKNOWN: f"Unknown since {since}{because}.",
    }[State(state)]
