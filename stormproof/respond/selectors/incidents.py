"""Reads of incidents: lists, one of them, its timeline, alerts, tasks and procedures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.recover import selectors as recover
from stormproof.recover.models import Procedure
from stormproof.respond.choices import GROUP_OF_KIND, IncidentState
from stormproof.respond.models import (
    Alert,
    Incident,
    IncidentRun,
    Task,
    TimelineEntry,
)
from stormproof.respond.rules import leans_on_any, needs_beneath
from stormproof.respond.selectors.money import function_ids

READ = "respond.read"


def incidents_for(actor: Actor) -> QuerySet[Incident]:
    """The incidents the actor may know of, newest first: private ones are for those who act, and who declared them."""
    if not actor.may(READ):
        return Incident.objects.none()
    found = Incident.objects.select_related("root_node", "commander")
    if actor.may("respond.act"):
        return found
    return found.filter(Q(is_private=False) | Q(declared_by_id=actor.user_id, declared_by__isnull=False))


def open_incidents(actor: Actor) -> QuerySet[Incident]:
    """The incidents that are not resolved, the gravest first."""
    return incidents_for(actor).exclude(state=IncidentState.RESOLVED).order_by("severity", "opened_at")


def incident_list(
    actor: Actor,
    *,
    state: str = "",
    severity: int | None = None,
    drill: bool | None = None,
    node: str = "",
    search: str = "",
    since: datetime | None = None,
) -> QuerySet[Incident]:
    """Incidents that fit all given filters, newest first. `state` may be "unresolved"; `node` is a slug."""
    found = incidents_for(actor).prefetch_related("functions")
    if state == "unresolved":
        found = found.exclude(state=IncidentState.RESOLVED)
    elif state:
        found = found.filter(state=state)
    if severity is not None:
        found = found.filter(severity=severity)
    if drill is not None:
        found = found.filter(is_drill=drill)
    if node:
        found = found.filter(Q(root_node__slug=node) | Q(functions__slug=node)).distinct()
    if since is not None:
        found = found.filter(opened_at__gte=since)
    if search:
        number = search.upper().removeprefix("INC-")
        by_number = Q(number=int(number)) if number.isdecimal() and len(number) < 9 else Q()
        found = found.filter(Q(title__icontains=search) | Q(root_node__name__icontains=search) | by_number)
    return found.order_by("-number")


def incident_for(actor: Actor, id: int) -> Incident:
    """One incident by its id; raises `NotFound`."""
    found = incidents_for(actor).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no incident {id}")
    return found


def incident_numbered(actor: Actor, number: int) -> Incident:
    """One incident by the number people say (INC-147 is 147); raises `NotFound`."""
    found = incidents_for(actor).filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no incident INC-{number}")
    return found


def functions_of(incident: Incident) -> list[Node]:
    """The functions it hits or has hit, the most revenue first."""
    found = incident.functions.select_related("function", "objective")
    return sorted(found, key=lambda node: (-node.function.revenue_share, node.position, node.pk))


def neighbourhood_of(incident: Incident, *, most: int = 14) -> tuple[list[Node], list[tuple[int, int]]]:
    """The part of the graph between what is down and the functions it hits: nodes, and who needs what.

    Alerted nodes, functions and the root cause come first; what lies between them fills up to `most`.
    """
    graph = business.graph_now()
    hit = function_ids(incident)
    alerted = list(incident.alerts.order_by("pk").values_list("node_id", flat=True))
    ends = [id for id in dict.fromkeys([*root_node_ids(incident), *hit, *alerted]) if id in graph.needs]
    roots = {id for id in ends if id not in hit}
    between = {id for end in ends for id in needs_beneath(graph, end) if leans_on_any(graph, id, roots)}
    chosen = list(dict.fromkeys([*ends, *sorted(between)]))[:most]
    nodes = business.nodes_by_id(chosen)
    edges = [(id, member) for id in chosen for member in graph.members_of(id) if member in nodes]
    return [nodes[id] for id in chosen], edges


def timeline_of(incident: Incident, *, group: str = "", kind: str = "", search: str = "") -> QuerySet[TimelineEntry]:
    """The timeline, newest first; `group` narrows it to decisions, machine or customers, `kind` to one kind of line."""
    found = incident.timeline.select_related("author")
    if kind:
        found = found.filter(kind=kind)
    for word in search.split():
        found = found.filter(Q(text__icontains=word) | Q(author_name__icontains=word))
    if group:
        found = found.filter(kind__in=[kind for kind, one in GROUP_OF_KIND.items() if one == group])
    return found.order_by("-at", "-pk")


def entry_for(actor: Actor, incident: Incident, id: int) -> TimelineEntry:
    """One line of an incident's timeline; raises `NotFound`."""
    found = incident.timeline.filter(pk=id).first() if actor.may(READ) else None
    if found is None:
        raise NotFound(f"{incident.label} has no entry {id}")
    return found


def alerts_of(incident: Incident) -> QuerySet[Alert]:
    """The alerts of an incident with their monitors and what suppresses them: the open ones first, oldest first."""
    found = incident.alerts.select_related("node", "monitor", "suppressed_by")
    return found.order_by(F("closed_at").asc(nulls_first=True), "opened_at", "pk")


def tasks_of(incident: Incident) -> QuerySet[Task]:
    """The tasks of an incident: open ones first."""
    return incident.tasks.select_related("assignee", "done_by").order_by(F("done_at").asc(nulls_first=True), "pk")


def task_for(actor: Actor, incident: Incident, id: int) -> Task:
    """One task of an incident; raises `NotFound`."""
    found = incident.tasks.select_related("incident").filter(pk=id).first() if actor.may(READ) else None
    if found is None:
        raise NotFound(f"{incident.label} has no task {id}")
    return found


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """A procedure that could help, and how it stands for this incident: ready, or the run that was started."""

    procedure: Procedure
    started: IncidentRun | None

    @property
    def is_ready(self) -> bool:
        """Whether it was not started for this incident yet."""
        return self.started is None or self.started.run is None


def next_steps(incident: Incident) -> list[NextStep]:
    """The procedures of the root causes with their newest runs, in order; then runs of other procedures."""
    runs = {one.procedure_id: one for one in incident.runs.select_related("procedure", "run").order_by("pk")}
    nodes = root_node_ids(incident)
    procedures = list(recover.procedures_for_nodes(nodes)) if nodes else []
    known = {procedure.pk for procedure in procedures}
    others = [one.procedure for one in runs.values() if one.procedure_id not in known]
    return [NextStep(procedure=one, started=runs.get(one.pk)) for one in [*procedures, *others]]


def root_node_ids(incident: Incident) -> list[int]:
    """The root cause first, then further independent causes among the open alerts."""
    causes = incident.alerts.filter(closed_at__isnull=True, suppressed_by__isnull=True).order_by("opened_at", "id")
    roots = [incident.root_node_id] if incident.root_node_id else []
    return list(dict.fromkeys([*roots, *causes.values_list("node_id", flat=True)]))


def incident_counts(actor: Actor) -> dict[str, int]:
    """How many incidents are in each state, with "unresolved" and "all" beside them."""
    counts = dict.fromkeys(IncidentState.values, 0)
    rows = incidents_for(actor).order_by().values_list("state").annotate(number=Count("pk"))
    counts |= dict(rows)
    every = sum(counts.values())
    return {**counts, "unresolved": every - counts[IncidentState.RESOLVED], "all": every}


def runs_of(incident: Incident) -> Iterable[IncidentRun]:
    """The runs that were started for an incident, oldest first."""
    return incident.runs.select_related("procedure", "run").order_by("pk")
