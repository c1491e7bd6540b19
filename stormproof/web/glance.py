"""What matters at one glance: the sentence of now, the tiles of functions, the graph around the worst, readiness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from stormproof.business import selectors as business
from stormproof.business.models import Node as BusinessNode
from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.models import FactRecord
from stormproof.engine.graph import Graph
from stormproof.inform import selectors as inform
from stormproof.inform.rules import listed
from stormproof.recover import selectors as recover
from stormproof.respond import selectors as respond
from stormproof.respond.models import Incident, LegalClock
from stormproof.watch import selectors as watch
from stormproof.watch.models import MinuteRollUp, Peak, Signal
from stormproof.web.drawing import Drawing, Node, draw_graph
from stormproof.web.shell import reverse_or_none
from stormproof.web.telling import WORDINGS, Told, told
from stormproof.web.words import duration_words, money_words

SPARK_MINUTES = 60
UPTIME_DAYS = 30
MOST_NODES = 16
WORST_FIRST = {"down": 0, "degraded": 1, "unknown": 2, "maintenance": 3, "up": 4}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A business function: its state, how much of the last 30 days it worked, its promises, its last hour."""

    node: BusinessNode
    state: str
    uptime: float | None
    spark: list[float | None]
    url: str

    @property
    def tone(self) -> str:
        """The colour of its line."""
        return "accent" if self.state == "up" else self.state

    @property
    def promise(self) -> str:
        """`RTO 15 min · RPO 0 s`, or what is missing."""
        objective = getattr(self.node, "objective", None)
        if objective is None or objective.rto_seconds is None:
            return "no RTO set"
        rpo = "" if objective.rpo_seconds is None else f" · RPO {duration_words(objective.rpo_seconds)}"
        return f"RTO {duration_words(objective.rto_seconds)}{rpo}"


def tiles_at(at: datetime, states: Mapping[int, str]) -> list[Tile]:
    """A tile for each function, the worst first, then in the order of the business."""
    functions = list(business.functions_in_use())
    ids = [node.pk for node in functions]
    uptimes, sparks = _uptimes(ids, at=at), _latencies(ids, at=at)
    tiles = [
        Tile(
            node=node,
            state=states.get(node.pk, "unknown"),
            uptime=uptimes.get(node.pk),
            spark=sparks.get(node.pk, []),
            url=reverse_or_none("node", node.slug) or "",
        )
        for node in functions
    ]
    return sorted(tiles, key=lambda tile: WORST_FIRST[tile.state] if tile.state in ("down", "degraded") else 9)


def _uptimes(ids: Sequence[int], *, at: datetime) -> dict[int, float | None]:
    since = at.date() - timedelta(days=UPTIME_DAYS - 1)
    rows = inform.days_of(ids, since=since).values("node_id").annotate(
        up=Sum("up_seconds"), degraded=Sum("degraded_seconds"), down=Sum("down_seconds")
    )  # fmt: skip
    found: dict[int, float | None] = {}
    for row in rows:
        known = row["up"] + row["degraded"] + row["down"]
        found[row["node_id"]] = (row["up"] + row["degraded"]) / known if known else None
    return found


def _latencies(ids: Sequence[int], *, at: datetime) -> dict[int, list[float | None]]:
    """Mean milliseconds of each of the last 60 minutes for functions with monitors of their own."""
    first = at.replace(second=0, microsecond=0) - timedelta(minutes=SPARK_MINUTES)
    rows = (
        MinuteRollUp.objects.filter(monitor__node_id__in=ids, start__gte=first)
        .values("monitor__node_id", "start")
        .annotate(ms=Sum("sum_ms"), timed=Sum("timed_count"))
    )
    found: dict[int, list[float | None]] = {}
    for row in rows:
        place = int((row["start"] - first).total_seconds() // 60)
        line = found.setdefault(row["monitor__node_id"], [None] * SPARK_MINUTES)
        if 0 <= place < SPARK_MINUTES and row["timed"]:
            line[place] = row["ms"] / row["timed"]
    return found


@dataclass(frozen=True, kw_only=True)
class OpenIncident:
    """An incident as the strip and the overview show it."""

    incident: Incident
    at: datetime
    per_minute: Decimal
    so_far: Decimal
    currency: str
    deadline: datetime | None
    rto: str
    url: str

    @property
    def name(self) -> str:
        """`INC-147 Checkout down`."""
        return str(self.incident)

    @property
    def state(self) -> str:
        """open or acknowledged."""
        return self.incident.state

    @property
    def is_drill(self) -> bool:
        """Whether an exercise made it."""
        return self.incident.is_drill


def open_incidents_at(actor: Actor, at: datetime) -> list[OpenIncident]:
    """What is open now, the gravest first, with its money and its clock."""
    found = []
    for incident in respond.open_incidents(actor)[:5]:
        clock = respond.clock_of(incident, at)
        found.append(
            OpenIncident(
                incident=incident,
                at=at,
                per_minute=round(respond.revenue_per_minute_of(incident, at), 2),
                so_far=round(respond.revenue_so_far(incident, at), 2),
                currency=business.currency(),
                deadline=clock.deadline if clock and not clock.is_stopped else None,
                rto=duration_words(clock.rto.total_seconds()) if clock else "",
                url=reverse_or_none("incident", incident.number) or "",
            )
        )
    return found


def sentence_of(tiles: Sequence[Tile], incidents: Sequence[OpenIncident]) -> str:
    """One sentence of now: what is broken and what it costs, else how well all is."""
    if incidents:
        return _sentence_of_trouble(incidents[0], more=len(incidents) - 1)
    broken = [tile.node.name for tile in tiles if tile.state in ("down", "degraded")]
    if broken:
        return f"{listed(broken)}: not as promised, and no incident is open yet."
    unseen = sum(tile.state == "unknown" for tile in tiles)
    if unseen == len(tiles):
        return "Nobody watches the shop's functions yet, so nobody can say how they are."
    if unseen:
        return f"{len(tiles) - unseen} of {len(tiles)} functions are up; {unseen} cannot be seen."
    return f"All {len(tiles)} functions are up, and nothing is open."


def _sentence_of_trouble(one: OpenIncident, *, more: int) -> str:
    functions = [node.name for node in respond.functions_of(one.incident)]
    what = listed(functions) if functions else one.incident.title
    lasted = duration_words(round((one.at - one.incident.impact_started_at).total_seconds()))
    parts = [f"{what}: trouble for {lasted}"]
    if one.incident.root_node and one.incident.root_node.name not in functions:
        parts[0] += f", because of {one.incident.root_node.name}"
    if one.per_minute:
        rate, total = money_words(one.per_minute, one.currency), money_words(one.so_far, one.currency)
        parts.append(f"about {rate} a minute, {total} so far")
    if one.deadline is not None:
        left = round((one.deadline - one.at).total_seconds())
        parts.append(f"RTO {one.rto}: {duration_words(abs(left))} {'left' if left >= 0 else 'over'}")
    text = ". ".join(part[0].upper() + part[1:] for part in parts) + "."
    return f"{text} {more} more incident{'s are' if more > 1 else ' is'} open." if more else text


def graph_around(node_id: int, states: Mapping[int, str], *, graph: Graph | None = None) -> Drawing:
    """A node with what it needs, and what these need, nearest first, as far as there is room."""
    whole = graph or business.graph_now()
    chosen, layer = [node_id], [node_id]
    while layer and len(chosen) < MOST_NODES:
        needed = [member for node in layer for _, members in whole.needs.get(node, ()) for member in members]
        layer = [node for node in dict.fromkeys(needed) if node not in chosen][: MOST_NODES - len(chosen)]
        chosen += layer
    rows = business.nodes_by_id(chosen)
    nodes = [
        Node(id=pk, label=row.name, state=states.get(pk, "unknown"), url=reverse_or_none("node", row.slug) or "")
        for pk, row in ((pk, rows[pk]) for pk in chosen if pk in rows)
    ]
    edges = [(node, member) for node in chosen for _, members in whole.needs.get(node, ()) for member in members]
    return draw_graph(nodes, list(dict.fromkeys(edges)), centre=node_id)


@dataclass(frozen=True, kw_only=True)
class Share:
    """One part of the readiness: how many of how many, and what that means."""

    name: str
    done: int
    of: int
    why: str
    url: str = ""

    @property
    def value(self) -> float:
        """From 0 to 1."""
        return self.done / self.of if self.of else 0.0


def readiness_at(tiles: Sequence[Tile]) -> list[Share]:
    """The shares that readiness is the mean of; each is counted from rows, none is guessed."""
    counts = watch.monitor_counts()
    single = business.single_points()
    covered = {procedure.node_id for procedure in recover.procedures_for_nodes(single)}
    promised = sum(tile.promise != "no RTO set" for tile in tiles)
    shares = [
        Share(name="Functions seen", done=sum(t.state != "unknown" for t in tiles), of=len(tiles),
              why="Functions whose state is known from monitors, of all functions."),
        Share(name="Promises set", done=promised, of=len(tiles), why="Functions with an RTO, of all functions."),
        Share(name="Monitors green", done=counts["up"], of=counts["all"] - counts["paused"],
              why="Monitors that are up, of all that are not paused.", url=reverse_or_none("monitors") or ""),
    ]  # fmt: skip
    if single:
        why = "Parts whose loss alone stops a function and that have a recovery procedure, of all such parts."
        shares.append(Share(name="Weak points covered", done=len(covered & set(single)), of=len(single), why=why))
    passed, drilled = _drills()
    if drilled:
        shares.append(Share(name="Drills passed", done=passed, of=drilled, why="Exercises whose last run passed."))
    return [share for share in shares if share.of]


def _drills() -> tuple[int, int]:
    """How many of the exercises that were ever run passed at their last run."""
    last: dict[Any, bool] = {}
    for payload in FactRecord.objects.filter(name="ExerciseFinished").order_by("id").values_list("payload", flat=True):
        last[payload.get("exercise_id", payload.get("exercise", 0))] = bool(payload.get("passed"))
    return sum(last.values()), len(last)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the getting-started list."""

    name: str
    is_done: bool
    hint: str
    url: str = ""


def getting_started() -> list[Check]:
    """What a new installation does first; each line fills itself."""
    page = inform.status_page()
    counts = watch.monitor_counts()
    passed, _ = _drills()
    return [
        Check(name="Shop described", is_done=business.functions_in_use().exists(),
              hint="Its functions and what they need.", url=reverse_or_none("business") or ""),
        Check(name="First monitor green", is_done=counts["up"] + counts["degraded"] > 0,
              hint="A page, a port or a database that is looked at.", url=reverse_or_none("monitors") or ""),
        Check(name="On-call set", is_done=any(policy.steps.exists() for policy in respond.policies()),
              hint="Who is paged, in which order.", url=reverse_or_none("paging") or ""),
        Check(name="A procedure is ready", is_done=recover.procedure_list(SYSTEM).exists(),
              hint="Steps that recover a part, run by the machine.", url=reverse_or_none("procedures") or ""),
        Check(name="First drill passed", is_done=passed > 0,
              hint="Break something on purpose and measure.", url=reverse_or_none("exercises") or ""),
        Check(name="Status page described", is_done=page.is_described,
              hint="What customers read during an outage.", url=reverse_or_none("status") or ""),
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Glance:
    """Everything the overview shows."""

    at: datetime
    shop: str
    sentence: str
    tiles: list[Tile]
    incidents: list[OpenIncident]
    shares: list[Share]
    checks: list[Check]
    history: list[Told]
    legal: list[LegalClock] = field(default_factory=list)
    focus: BusinessNode | None = None
    drawing: Drawing | None = None
    counts: dict[str, int] = field(default_factory=dict)
    trade: list[Signal] = field(default_factory=list)
    peaks: list[Peak] = field(default_factory=list)

    @property
    def readiness(self) -> float:
        """The mean of the shares, 0 to 1."""
        return sum(share.value for share in self.shares) / len(self.shares) if self.shares else 0.0

    @property
    def checks_done(self) -> int:
        """How much of the getting-started list is done."""
        return sum(check.is_done for check in self.checks)


def glance_at(actor: Actor, at: datetime) -> Glance:
    """The overview as `actor` may see it."""
    states = watch.node_states()
    tiles = tiles_at(at, states)
    incidents = open_incidents_at(actor, at)
    focus = _focus(tiles, incidents)
    records = FactRecord.objects.filter(name__in=list(WORDINGS)).order_by("-happened_at", "-id")[:9]
    return Glance(
        at=at,
        shop=business.business_now().name,
        sentence=sentence_of(tiles, incidents),
        tiles=tiles,
        incidents=incidents,
        shares=readiness_at(tiles),
        checks=getting_started(),
        history=told(records, actor),
        legal=list(respond.legal_clocks_running(actor)[:5]),
        focus=focus,
        drawing=graph_around(focus.pk, states) if focus else None,
        counts=watch.monitor_counts(),
        trade=[one for one in watch.signals(actor)[:4] if "now" in one.verdict] if actor.may("watch.read") else [],
        peaks=watch.peaks_near(at),
    )


def _focus(tiles: Sequence[Tile], incidents: Sequence[OpenIncident]) -> BusinessNode | None:
    """The function the drawing is about: the one an incident hits hardest, else the one that earns most."""
    for one in incidents:
        hit = respond.functions_of(one.incident)
        if hit:
            return hit[0]
    most = max(tiles, key=lambda tile: tile.node.function.revenue_share, default=None)
    return most.node if most else None
