"""Pure decisions of inform: what a state means to customers, what a notice says, how long it may take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from stormproof.inform.choices import Phase
from stormproof.watch.rules import spread_states, worst_of

Needs = Mapping[int, Sequence[tuple[int, Sequence[int]]]]
WORST_FIRST = ("down", "degraded", "unknown", "maintenance", "up")
STALE_AFTER = timedelta(seconds=60)
FEWEST_RUNS = 3
ROUND_TO = timedelta(minutes=5)
GATHER = timedelta(seconds=60)  # what an outage hits shows in seconds, one by one: customers hear of it at once

PHRASES = {
    "up": "Works",
    "degraded": "Has problems",
    "down": "Does not work",
    "maintenance": "Planned maintenance",
    "unknown": "We cannot tell right now",
}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A time in which a node was in one state."""

    start: datetime
    end: datetime
    state: str

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start).total_seconds()


def states_over_time(
    changes: Sequence[tuple[datetime, int, str]],
    *,
    before: Mapping[int, str],
    node_of: Mapping[int, int],
    needs: Needs,
    nodes: Iterable[int],
    wanted: Iterable[int],
    start: datetime,
    end: datetime,
) -> dict[int, list[Stretch]]:
    """How each wanted node's state went between `start` and `end`, in order, without gaps.

    `changes` are (moment, monitor, new state) sorted by moment; `before` is each monitor's state at the start;
    `node_of` says which node a monitor watches. States spread along the graph at each moment as they do now.
    """
    every, watched = list(nodes), list(wanted)
    states = dict(before)
    found: dict[int, list[Stretch]] = {node: [] for node in watched}
    current = _spread(states, node_of, needs, every)
    since = dict.fromkeys(watched, start)
    for moment, group in groupby(changes, key=lambda change: change[0]):
        states.update({monitor: state for _, monitor, state in group})
        latest = _spread(states, node_of, needs, every)
        for node in watched:
            if latest.get(node) != current.get(node):
                found[node].append(Stretch(start=since[node], end=moment, state=current.get(node, "unknown")))
                since[node] = moment
        current = latest
    for node in watched:
        found[node].append(Stretch(start=since[node], end=end, state=current.get(node, "unknown")))
    return {node: [stretch for stretch in stretches if stretch.seconds > 0] for node, stretches in found.items()}


def _spread(states: Mapping[int, str], node_of: Mapping[int, int], needs: Needs, nodes: list[int]) -> dict[int, str]:
    seen: dict[int, list[str]] = {}
    for monitor, state in states.items():
        seen.setdefault(node_of[monitor], []).append(state)
    return spread_states({node: worst_of(own) for node, own in seen.items()}, needs, nodes)


def seconds_by_state(stretches: Iterable[Stretch]) -> dict[str, float]:
    """Seconds in each state."""
    spent = dict.fromkeys(WORST_FIRST, 0.0)
    for stretch in stretches:
        spent[stretch.state] += stretch.seconds
    return spent


def uptime_of(spent: Mapping[str, float]) -> float | None:
    """The share (0 to 1) of the known time in which it worked; None when nothing is known. Maintenance is left out."""
    works = spent["up"] + spent["degraded"]
    known = works + spent["down"]
    return works / known if known else None


def shown_state(seen: str, *, has_notice: bool, is_stale: bool) -> str:
    """What a component shows: never green when nobody looks, nor while a published notice says it has problems."""
    if is_stale:
        return "unknown"
    if has_notice and seen in {"up", "unknown"}:
        return "degraded"
    return seen


def worst_shown(states: Iterable[str]) -> str:
    """The worst of `states` for the line of truth; unknown when there is none."""
    found = set(states)
    return next((state for state in WORST_FIRST if state in found), "unknown")


def line_of_truth(components: Sequence[tuple[str, str]]) -> str:
    """One sentence for a customer, from (name, state) of every component."""
    by_state: dict[str, list[str]] = {}
    for name, state in components:
        by_state.setdefault(state, []).append(name)
    if not components:
        return "Nothing is published here yet."
    if down := by_state.get("down"):
        return f"{listed(down)} {'does' if len(down) == 1 else 'do'} not work. It is us, and we are on it."
    if degraded := by_state.get("degraded"):
        return f"{listed(degraded)} {'has' if len(degraded) == 1 else 'have'} problems. It is us, and we are on it."
    if unknown := by_state.get("unknown"):
        return f"We cannot tell right now whether {listed(unknown)} {'works' if len(unknown) == 1 else 'work'}."
    if maintenance := by_state.get("maintenance"):
        return f"Planned maintenance: {listed(maintenance)}. Everything else works."
    return "Everything works."


def listed(names: Sequence[str], *, most: int = 3) -> str:
    """`A, B and C`; past `most` names the rest is counted."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """When it is likely to be over: a range, and what it rests on. No range: we do not know."""

    start: datetime | None = None
    end: datetime | None = None
    reason: str = "No earlier repairs of this kind to judge by"


def estimate_from_runs(durations_s: Sequence[float], *, began_at: datetime, at: datetime) -> Estimate:
    """A range from how long earlier repairs took, median to the longest, rounded out to five minutes.

    Fewer than three runs say nothing. A range that is over already is not offered again.
    """
    if len(durations_s) < FEWEST_RUNS:
        return Estimate()
    ordered = sorted(durations_s)
    middle = ordered[len(ordered) // 2]
    start = _floor(began_at + timedelta(seconds=middle))
    end = _floor(began_at + timedelta(seconds=ordered[-1]) + ROUND_TO - timedelta(microseconds=1))
    if end <= at:
        return Estimate(reason="It takes longer than every earlier repair of this kind")
    start = max(start, _floor(at))
    return Estimate(start=start, end=max(end, start + ROUND_TO), reason=f"The last {len(ordered)} repairs of this kind")


def _floor(moment: datetime) -> datetime:
    seconds = moment.timestamp() % ROUND_TO.total_seconds()
    return moment - timedelta(seconds=seconds)


def title_for(affected: Sequence[str]) -> str:
    """The title of a notice, from the components it is about."""
    return f"Problems with {listed(affected)}"[:200] if affected else "A problem we are looking into"


def first_text(affected: Sequence[str]) -> str:
    """What the first notice says. Nothing is promised that we do not know."""
    if not affected:
        return "We see a problem and are looking into it. What you use should keep working; we will say so if not."
    works_badly = "does not work as it should" if len(affected) == 1 else "do not work as they should"
    return (
        f"{listed(affected)} {works_badly} since a short while ago. We have noticed it ourselves and are repairing it."
    )


def widened_text(affected: Sequence[str]) -> str:
    """What an update says when more is hit than before."""
    return f"The problem now also touches other things: {listed(affected, most=6)}. We are repairing it."


def widens_at(last_told_at: datetime, *, at: datetime) -> datetime:
    """When to say that more is hit: now, or once a minute has passed since the last word, so that words are few."""
    return max(at, last_told_at + GATHER)


def holding_text() -> str:
    """What an update says when there is nothing new, so that nobody wonders whether we are still there."""
    return "We are still repairing it. There is nothing new to report yet."


def reopened_text(affected: Sequence[str]) -> str:
    """What an update says when an outage that was over came back."""
    return f"The problem with {listed(affected) if affected else 'our shop'} has come back. We are repairing it again."


def resolved_text(affected: Sequence[str], *, lasted: timedelta) -> str:
    """What the last version says."""
    minutes = max(1, round(lasted.total_seconds() / 60))
    length = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    what = (
        f"{listed(affected)} {'works' if len(affected) == 1 else 'work'} again" if affected else "The problem is over"
    )
    return f"{what}. It lasted about {length}. We are sorry for the trouble, and we will look into the cause."


def is_late(next_update_at: datetime | None, *, at: datetime) -> bool:
    """Whether the promised update has not come."""
    return next_update_at is not None and at > next_update_at


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How often a confirmation mail may be asked for."""

    per_origin_an_hour: int = 6
    per_email_a_day: int = 3
    everybody_an_hour: int = 300


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How often confirmation mails were asked for lately."""

    by_origin_this_hour: int
    for_email_today: int
    by_everybody_this_hour: int
    limits: Limits = field(default_factory=Limits)

    @property
    def is_too_often(self) -> bool:
        """Whether one more would be over a limit."""
        return (
            self.by_origin_this_hour >= self.limits.per_origin_an_hour
            or self.for_email_today >= self.limits.per_email_a_day
            or self.by_everybody_this_hour >= self.limits.everybody_an_hour
        )


def phase_after(current: str, wanted: str) -> str:
    """The phase an automatic update takes: never back from a later one."""
    order = [Phase.INVESTIGATING, Phase.IDENTIFIED, Phase.MONITORING, Phase.RESOLVED]
    return max(Phase(current), Phase(wanted), key=order.index).value
