"""Reads of respond: incidents, what they cost, what is promised, who was paged, what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Prefetch, Q, QuerySet

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.people.models import User
from stormproof.recover import selectors as recover
from stormproof.recover.models import Procedure
from stormproof.respond.choices import GROUP_OF_KIND, IncidentState
from stormproof.respond.models import (
    AckLink,
    Alert,
    Incident,
    IncidentRun,
    Page,
    PagingPolicy,
    PagingWebhook,
    PolicyStep,
    Task,
    TimelineEntry,
)
from stormproof.respond.rules import deadline_of, leans_on_any, needs_beneath
from stormproof.respond.services.links import nonce_of

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


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All figures of one incident at one moment, read once for a page, an answer of the API or a command."""

    incident: Incident
    at: datetime
    functions: list[Node]
    per_minute: Decimal
    so_far: Decimal
    currency: str
    clock: Clock | None
    steps: list[NextStep]
    paged: list[Page]
    alerts: list[Alert]

    @property
    def is_green(self) -> bool:
        """Whether every monitor of the incident is green again."""
        return bool(self.alerts) and all(alert.closed_at is not None for alert in self.alerts)

    @property
    def has_suppressed(self) -> bool:
        """Whether an alert is explained by another node's."""
        return any(alert.suppressed_by_id for alert in self.alerts)

    @property
    def last_paged(self) -> User | None:
        """The person who was paged last."""
        return next((page.person for page in reversed(self.paged) if page.person), None)

    @property
    def lasted_seconds(self) -> float:
        """How long customers were hit, until now while they are."""
        end = self.incident.impact_ended_at or self.at
        return (end - self.incident.impact_started_at).total_seconds()

    @property
    def ready(self) -> list[NextStep]:
        """The procedures that could be started now."""
        return [step for step in self.steps if step.is_ready] if not self.incident.is_over else []


def situation_of(incident: Incident, at: datetime) -> Situation:
    """How an incident stands at `at`."""
    return Situation(
        incident=incident,
        at=at,
        functions=functions_of(incident),
        per_minute=revenue_per_minute_of(incident, at),
        so_far=revenue_so_far(incident, at),
        currency=business.currency(),
        clock=clock_of(incident, at),
        steps=next_steps(incident),
        paged=list(pages_of(incident)),
        alerts=list(alerts_of(incident)),
    )


def neighbourhood_of(incident: Incident, *, most: int = 14) -> tuple[list[Node], list[tuple[int, int]]]:
    """The part of the graph between what is down and the functions it hits: nodes, and who needs what.

    Alerted nodes, functions and the root cause come first; what lies between them fills up to `most`.
    """
    graph = business.graph_now()
    hit = _function_ids(incident)
    alerted = list(incident.alerts.order_by("pk").values_list("node_id", flat=True))
    ends = [id for id in dict.fromkeys([*root_node_ids(incident), *hit, *alerted]) if id in graph.needs]
    roots = {id for id in ends if id not in hit}
    between = {id for end in ends for id in needs_beneath(graph, end) if leans_on_any(graph, id, roots)}
    chosen = list(dict.fromkeys([*ends, *sorted(between)]))[:most]
    nodes = business.nodes_by_id(chosen)
    edges = [(id, member) for id in chosen for member in graph.members_of(id) if member in nodes]
    return [nodes[id] for id in chosen], edges


def revenue_per_minute_of(incident: Incident, at: datetime) -> Decimal:
    """Money a minute that the functions it hits would earn at `at`; 0 once they are back."""
    if incident.impact_ended_at is not None and incident.impact_ended_at <= at:
        return Decimal(0)
    ids = _function_ids(incident)
    return business.revenue_per_minute(ids, at=at) if ids else Decimal(0)


def revenue_so_far(incident: Incident, at: datetime) -> Decimal:
    """Money not earned since the impact began, until it ended or until `at`."""
    ids = _function_ids(incident)
    end = min(incident.impact_ended_at or at, at)
    if not ids or end <= incident.impact_started_at:
        return Decimal(0)
    return business.revenue_between(ids, start=incident.impact_started_at, end=end)


def _function_ids(incident: Incident) -> list[int]:
    return list(incident.functions.order_by().values_list("pk", flat=True))


def rto_of(incident: Incident) -> tuple[datetime, Node] | None:
    """When the tightest promise among the functions it hits is broken, and whose that is; None without a promise.

    An incident that hits no function is held to the promise of its root cause.
    """
    ids = _function_ids(incident) or ([incident.root_node_id] if incident.root_node_id else [])
    tightest = business.tightest_rto(ids)
    if tightest is None:
        return None
    seconds, node_id = tightest
    deadline = deadline_of(impact_started_at=incident.impact_started_at, rto_seconds=seconds)
    return deadline, business.nodes_by_id([node_id])[node_id]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The recovery clock of an incident at one moment; nothing left means the promise is broken."""

    deadline: datetime
    node: Node
    rto: timedelta
    left: timedelta
    is_broken: bool
    is_stopped: bool

    @property
    def used_percent(self) -> int:
        """How much of the promised time is used, 0 to 100."""
        if not self.rto:
            return 100
        return max(0, min(100, round(100 * (1 - self.left / self.rto))))


def clock_of(incident: Incident, at: datetime) -> Clock | None:
    """The RTO countdown at `at`; it stands still once the impact has ended. None without a promise."""
    promise = rto_of(incident)
    if promise is None:
        return None
    deadline, node = promise
    moment = min(incident.impact_ended_at or at, at)
    return Clock(
        deadline=deadline,
        node=node,
        rto=deadline - incident.impact_started_at,
        left=max(deadline - moment, timedelta(0)),
        is_broken=moment > deadline,
        is_stopped=incident.impact_ended_at is not None,
    )


def timeline_of(incident: Incident, *, group: str = "") -> QuerySet[TimelineEntry]:
    """The timeline, newest first; `group` narrows it to decisions, machine or customers."""
    found = incident.timeline.select_related("author")
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


def pages_of(incident: Incident) -> QuerySet[Page]:
    """Who was paged, in order."""
    return incident.pages.select_related("person").order_by("posted_at", "pk")


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


def ack_link_for(token: str) -> AckLink:
    """The row behind a signed link, used or not; raises `NotFound` for a link that is not ours."""
    nonce = nonce_of(token)
    found = AckLink.objects.select_related("incident__root_node", "person").filter(nonce=nonce or "-").first()
    if found is None or not found.person.is_active:
        raise NotFound("This link is not one of ours")
    return found


def incident_counts(actor: Actor) -> dict[str, int]:
    """How many incidents are in each state, with "unresolved" and "all" beside them."""
    counts = dict.fromkeys(IncidentState.values, 0)
    rows = incidents_for(actor).order_by().values_list("state").annotate(number=Count("pk"))
    counts |= dict(rows)
    every = sum(counts.values())
    return {**counts, "unresolved": every - counts[IncidentState.RESOLVED], "all": every}


def policies() -> QuerySet[PagingPolicy]:
    """The paging policies with their people in order, by team."""
    steps = Prefetch("steps", queryset=PolicyStep.objects.select_related("person"))
    return PagingPolicy.objects.select_related("team").prefetch_related(steps).order_by("team__slug")


def paging_webhooks() -> list[str]:
    """The addresses that are told of every incident."""
    return list(PagingWebhook.objects.order_by("pk").values_list("url", flat=True))


def runs_of(incident: Incident) -> Iterable[IncidentRun]:
    """The runs that were started for an incident, oldest first."""
    return incident.runs.select_related("procedure", "run").order_by("pk")
