"""Pure decisions of respond: how grave, what belongs together, what caused it, who is next, when it is over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from stormproof.engine.graph import Graph, root_causes

SETTLE = timedelta(seconds=10)  # how long all monitors stay green before an incident resolves by itself
REOPEN_WITHIN = timedelta(minutes=30)
STORM = timedelta(minutes=2)  # alerts this close that share a need are taken for one trouble
ACK_LINK_LASTS = timedelta(hours=24)
NODE_TITLE_LIMIT = 120


@dataclass(frozen=True, kw_only=True)
class Severity:
    """How grave an incident is: 1 the gravest, 4 the mildest, and why in words."""

    level: int
    reason: str


def severity_of(*, share: Decimal, functions: int, tightest_rto_seconds: int | None) -> Severity:
    """The severity from what an incident hits.

    `share` is the part of the shop's revenue that stops (0..1). The graver of two
    readings counts: money (half stops: 1, a tenth: 2, anything: 3) and promise (RTO up to 1 h: 2, up to 8 h: 3).
    Hitting no function at all, only what stands behind one, is 4.
    """
    if functions == 0:
        return Severity(level=4, reason="No business function is hit")
    readings = [Severity(level=3, reason="A business function is hit")]
    if share >= Decimal("0.1"):
        readings.append(Severity(level=1 if share >= Decimal("0.5") else 2, reason=f"{share:.0%} of revenue stops"))
    if tightest_rto_seconds is not None and tightest_rto_seconds <= 3600:
        minutes = max(tightest_rto_seconds // 60, 1)
        readings.append(Severity(level=2, reason=f"A function must be back within {minutes} min"))
    return min(readings, key=lambda reading: reading.level)


def title_of(*, functions: Sequence[str], root: str) -> str:
    """The name of an incident: the function that hurts most first, the root when no function is hit."""
    if not functions:
        return f"{root[:NODE_TITLE_LIMIT]} down" if root else "Something is wrong"
    if len(functions) == 1:
        return f"{functions[0][:NODE_TITLE_LIMIT]} down"
    return f"{functions[0][:NODE_TITLE_LIMIT]} and {len(functions) - 1} more down"


def needs_beneath(graph: Graph, node: int) -> set[int]:
    """Everything `node` leans on, near or far, whether or not it could do without it; empty for an unknown node."""
    if node not in graph.needs:
        return set()
    reached: set[int] = set()
    waiting = [node]
    while waiting:
        for member in graph.members_of(waiting.pop()):
            if member not in reached:
                reached.add(member)
                waiting.append(member)
    return reached


def leans_on_any(graph: Graph, node: int, others: Collection[int]) -> bool:
    """Whether `node` is one of `others` or leans on one of them."""
    return node in others or not needs_beneath(graph, node).isdisjoint(others)


def is_connected(graph: Graph, node: int, others: Collection[int]) -> bool:
    """Whether `node` leans on one of `others`, or one of them on it."""
    return leans_on_any(graph, node, others) or any(node in needs_beneath(graph, other) for other in others)


def shares_a_need(graph: Graph, node: int, others: Iterable[int]) -> bool:
    """Whether something that `node` leans on also carries one of `others`."""
    beneath = needs_beneath(graph, node)
    return any(not beneath.isdisjoint(needs_beneath(graph, other)) for other in others)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An open incident that a new alert might belong to."""

    incident_id: int
    opened_at: datetime
    nodes: frozenset[int]


def incident_to_join(graph: Graph, *, node: int, candidates: Iterable[Candidate], at: datetime) -> int | None:
    """The oldest open incident that an alert on `node` belongs to.

    It belongs where one of the incident's nodes leans on it or it on them; during the storm of the first two minutes
    also where both lean on the same thing, because the cause often shows last.
    """
    ordered = sorted(candidates, key=lambda one: one.incident_id)
    for one in ordered:
        if is_connected(graph, node, one.nodes):
            return one.incident_id
    for one in ordered:
        if at - one.opened_at <= STORM and shares_a_need(graph, node, one.nodes):
            return one.incident_id
    return None


def deeper_root(graph: Graph, *, current: int | None, down: Iterable[int]) -> int | None:
    """The root cause among `down` when it lies deeper than `current`, else `current`.

    The cause moves only downwards: that the database is green again a few seconds before the shop does not make the
    shop the cause.
    """
    roots = root_causes(graph, [node for node in down if node in graph.needs])
    if current is None:
        return roots[0] if roots else None
    beneath = needs_beneath(graph, current)
    return next((root for root in roots if root in beneath), current)


def suppressors(graph: Graph, *, down: Iterable[int]) -> dict[int, int | None]:
    """For each down node the root cause that explains it, None for the root causes themselves."""
    nodes = [node for node in down if node in graph.needs]
    roots = root_causes(graph, nodes)
    found: dict[int, int | None] = {}
    for node in nodes:
        beneath = needs_beneath(graph, node)
        found[node] = None if node in roots else next((root for root in roots if root in beneath), None)
    return found


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


def deadline_of(*, impact_started_at: datetime, rto_seconds: int) -> datetime:
    """When the promise is broken: the start of the impact plus the RTO."""
    return impact_started_at + timedelta(seconds=rto_seconds)
