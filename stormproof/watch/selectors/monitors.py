"""Reads of monitors, their states and who looks at them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, IntegerField, Prefetch, Q, QuerySet, When

from stormproof.business import selectors as business
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.core.secrets import CannotOpenSecret
from stormproof.watch.choices import WORST_FIRST, State
from stormproof.watch.kinds import BESIDE_NODES, KINDS, PASSIVE, WrongSettings, open_config, read_settings
from stormproof.watch.models import (
    Location,
    Monitor,
    Place,
    Prober,
    ProberToken,
    StateChange,
    Upkeep,
)
from stormproof.watch.rules import (
    HERE,
    fresh_for,
    spread_states,
    worst_of,
)

FORGOTTEN_AFTER = timedelta(days=1)


def monitors_in_use() -> QuerySet[Monitor]:
    """All monitors that are not retired, paused ones included."""
    return Monitor.objects.filter(retired_at__isnull=True).select_related("node")


def monitors(
    actor: Actor, *, state: str = "", kind: str = "", node: str = "", search: str = "", paused: bool | None = None
) -> QuerySet[Monitor]:
    """Monitors that fit all given filters, by name. `node` is a slug; `search` looks into names.

    Each has a `rank`: 0 for down, higher for better, highest for paused.
    """
    actor.require("watch.read")
    found = monitors_in_use()
    if state:
        found = found.filter(state=state, enabled=True)
    if kind:
        found = found.filter(kind=kind)
    if node:
        found = found.filter(node__slug=node)
    if paused is not None:
        found = found.filter(enabled=not paused)
    for word in search.split():
        found = found.filter(Q(name__icontains=word) | Q(slug__icontains=word) | Q(node__name__icontains=word))
    worst_first = [When(enabled=False, then=len(WORST_FIRST))]
    worst_first += [When(state=known, then=place) for place, known in enumerate(WORST_FIRST)]
    return found.annotate(rank=Case(*worst_first, output_field=IntegerField())).order_by("name", "id")


def monitor_for(actor: Actor, slug: str) -> Monitor:
    """The monitor named `slug`; raises `NotFound`, also for one who may not read monitors."""
    found = monitors_in_use().filter(slug=slug).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no monitor {slug}")
    return found


def monitors_of(node_id: int) -> list[Monitor]:
    """The monitors that look at one node themselves, by name."""
    return list(monitors_in_use().filter(node_id=node_id).order_by("name", "id"))


def monitors_by_id(ids: Iterable[int]) -> dict[int, Monitor]:
    """Monitors by their id, retired ones included: for rows that refer to the past."""
    return {monitor.pk: monitor for monitor in Monitor.objects.filter(pk__in=list(ids)).select_related("node")}


def monitor_counts() -> dict[str, int]:
    """How many enabled monitors are in each state, with "paused" and "all" beside them."""
    counts = dict.fromkeys([*State.values, "paused", "all"], 0)
    rows = monitors_in_use().order_by().values_list("enabled", "state").annotate(number=Count("id"))
    for enabled, state, number in rows:
        counts[state if enabled else "paused"] += number
        counts["all"] += number
    return counts


def own_states() -> dict[int, str]:
    """The state of each node that has monitors of its own: the worst of its enabled ones."""
    seen: dict[int, list[str]] = {}
    told = monitors_in_use().filter(enabled=True).exclude(kind__in=BESIDE_NODES)
    for node_id, state in told.order_by().values_list("node_id", "state"):
        seen.setdefault(node_id, []).append(state)
    return {node_id: worst_of(states) for node_id, states in seen.items()}


def ids_beside_nodes() -> QuerySet[Monitor, int]:
    """The ids of monitors whose state says nothing of how their node is now: their alerts explain no others."""
    return Monitor.objects.filter(kind__in=BESIDE_NODES).order_by().values_list("pk", flat=True)


def node_states() -> dict[int, str]:
    """The state of every node of the business: from its own monitors, then along what it needs."""
    graph = business.graph_now()
    return spread_states(own_states(), graph.needs, graph.nodes)


def state_changes_of(monitor: Monitor) -> QuerySet[StateChange]:
    """Every change of a monitor's state, newest first."""
    return StateChange.objects.filter(monitor=monitor).order_by("-at", "-id")


def upkeep() -> Upkeep:
    """How long observations and roll-ups are kept; the defaults until someone has changed them."""
    return Upkeep.objects.first() or Upkeep()


def probers_alive(at: datetime) -> list[Prober]:
    """The probers whose lease is good, by location and name."""
    return list(Prober.objects.filter(lease_until__gt=at).order_by("location", "instance"))


def monitors_to_look_at(location: str = HERE) -> QuerySet[Monitor]:
    """Every monitor the probers of a location look at: in use, not paused, of a kind that looks by itself.

    Each has `place`: what that location said of it last, in a list of one or none.
    """
    said = Place.objects.filter(location=location)
    return (
        monitors_in_use()
        .filter(Q(locations=[]) | Q(locations__contains=[location]), enabled=True)
        .exclude(kind__in=PASSIVE)
        .prefetch_related(Prefetch("places", queryset=said, to_attr="place"))
        .order_by("id")
    )


def blind_locations() -> frozenset[str]:
    """The places that cannot see their own network."""
    return frozenset(Location.objects.filter(blind_since__isnull=False).values_list("name", flat=True))


def locations_known(*, at: datetime) -> list[Location]:
    """The places that count: a prober of theirs was alive within the last day."""
    return list(Location.objects.filter(seen_at__gt=at - FORGOTTEN_AFTER).order_by("name"))


def location_named(actor: Actor, name: str) -> Location:
    """The place of that name; raises `NotFound`."""
    found = Location.objects.filter(name=name).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no location {name}")
    return found


def prober_tokens(actor: Actor) -> QuerySet[ProberToken]:
    """The tokens of remote probers that are good, by location."""
    actor.require("watch.write")
    return ProberToken.objects.filter(revoked_at__isnull=True)


def prober_token_for(actor: Actor, id: int) -> ProberToken:
    """One token; raises `NotFound`, also for one who may not issue tokens."""
    found = ProberToken.objects.filter(pk=id).first() if actor.may("watch.write") else None
    if found is None:
        raise NotFound(f"there is no token {id}")
    return found


@dataclass(frozen=True, kw_only=True)
class SeenFrom:
    """One place and what it says of a monitor; `says` is "missing" when it has said nothing that still counts."""

    location: str
    says: str
    place: Place | None
    is_blind: bool


def seen_from(monitor: Monitor, *, at: datetime) -> list[SeenFrom]:
    """What each place that should look at a monitor says of it now, by name of the place."""
    known = {location.name: location for location in locations_known(at=at)}
    wanted = set(monitor.locations or known)
    said = {place.location: place for place in monitor.places.all() if place.version == monitor.version}
    found = []
    for name in sorted(wanted | (set(said) & set(known))):
        place, is_blind = said.get(name), name in known and known[name].blind_since is not None
        is_old = place is None or at - place.last_at > fresh_for(monitor.interval_seconds)
        says = "blind" if is_blind else "missing" if is_old or place is None else place.state
        found.append(SeenFrom(location=name, says=says, place=place, is_blind=is_blind))
    return found


def target_of(monitor: Monitor) -> str:
    """What a monitor looks at, in words and without secrets; "" when its settings cannot be read here."""
    kind = KINDS[monitor.kind]
    try:
        shape = read_settings({"kind": monitor.kind, "on": "-", **open_config(kind, monitor.config)})
    except (WrongSettings, CannotOpenSecret):
        return ""
    return kind.target(shape)
