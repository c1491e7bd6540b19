"""Exercises and their runs, as an actor may see them; and what stands in the way of one."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet

from stormproof.business.models import Node
from stormproof.business.selectors import graph_now, impact_of, objective_of, tightest_rto
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.engine.graph import Graph, stopped_by
from stormproof.rehearse.choices import Phase
from stormproof.rehearse.models import Exercise, ExerciseRun
from stormproof.rehearse.rules import Promise
from stormproof.respond.choices import IncidentState
from stormproof.respond.models import Incident, IncidentRun
from stormproof.watch.choices import State
from stormproof.watch.models import Monitor
from stormproof.watch.selectors import monitors_in_use

READ = "rehearse.read"


def exercises_in_use() -> QuerySet[Exercise]:
    """The exercises that are not retired, in the order of the file."""
    return Exercise.objects.filter(retired_at__isnull=True).select_related("target")


def exercise_list(actor: Actor) -> QuerySet[Exercise]:
    """The exercises in use with their runs, newest first; none for an actor who may not see them."""
    if not actor.may(READ):
        return Exercise.objects.none()
    runs = Prefetch("runs", queryset=ExerciseRun.objects.order_by("-started_at"))
    return exercises_in_use().prefetch_related(runs)


def exercise_for(actor: Actor, slug: str) -> Exercise:
    """One exercise in use; raises `NotFound`."""
    found = exercises_in_use().filter(slug=slug).first()
    if found is None or not actor.may(READ):
        raise NotFound(f"there is no exercise {slug!r}")
    return found


def exercise_run_list(actor: Actor) -> QuerySet[ExerciseRun]:
    """All runs, newest first."""
    if not actor.may(READ):
        return ExerciseRun.objects.none()
    return ExerciseRun.objects.select_related("exercise", "target", "incident", "run")


def exercise_run_for(actor: Actor, id: int) -> ExerciseRun:
    """One run; raises `NotFound`."""
    found = exercise_run_list(actor).filter(pk=id).first()
    if found is None:
        raise NotFound(f"there is no run {id} of an exercise")
    return found


def live_run() -> ExerciseRun | None:
    """The run that is not over, if there is one."""
    return ExerciseRun.objects.exclude(phase=Phase.DONE).select_related("exercise", "target").first()


def promise_for(target: Node, *, within_s: float | None, most_failed_requests: int | None) -> Promise:
    """What was promised for the target, and for the functions that stop with it: the shortest RTO, the target's RPO."""
    own = objective_of(target.pk)
    hit = tightest_rto(impact_of({target.pk}).functions)
    limits = [limit for limit in (own.rto_seconds if own else None, hit[0] if hit else None) if limit is not None]
    return Promise(
        rto_s=min(limits) if limits else None,
        within_s=within_s,
        rpo_s=own.rpo_seconds if own else None,
        most_failed_requests=most_failed_requests,
    )


def incident_of(run: ExerciseRun) -> Incident | None:
    """The incident that this run caused, the one at its target first."""
    found = list(Incident.objects.filter(drill_window__reference=run.reference).order_by("opened_at"))
    at_target = [incident for incident in found if incident.root_node_id == run.target_id]
    return next(iter(at_target or found), None)


def incidents_caused_by(run: ExerciseRun) -> QuerySet[Incident]:
    """Every incident that belongs to the drill of this run."""
    return Incident.objects.filter(drill_window__reference=run.reference)


def procedure_run_of(incident: Incident) -> IncidentRun | None:
    """The first procedure that was started for an incident."""
    found = IncidentRun.objects.filter(incident=incident, run__isnull=False).select_related("run", "procedure")
    return found.order_by("run__started_at").first()


def incidents_in_the_way(target: Node) -> list[Incident]:
    """Open incidents at the target, beneath it, or at what it would stop: a drill now would hide or worsen them."""
    graph = graph_now()
    near = stopped_by(graph, {target.pk}) | _beneath(graph, target.pk)
    unresolved = Incident.objects.exclude(state=IncidentState.RESOLVED)
    at_nodes = Q(root_node__in=near) | Q(functions__in=near) | Q(alerts__node__in=near, alerts__closed_at__isnull=True)
    return list(unresolved.filter(at_nodes).distinct())


def _beneath(graph: Graph, node_id: int) -> set[int]:
    found: set[int] = set()
    waiting = [node_id]
    while waiting:
        for member in graph.members_of(waiting.pop()):
            if member not in found:
                found.add(member)
                waiting.append(member)
    return found


def monitors_near(target: Node) -> QuerySet[Monitor]:
    """The monitors that would notice: at the target or at what stops with it."""
    return monitors_in_use().filter(node__in=stopped_by(graph_now(), {target.pk}), enabled=True)


def monitors_not_up(target: Node) -> list[Monitor]:
    """Those of them that are not green now."""
    return list(monitors_near(target).exclude(state__in=[State.UP, State.MAINTENANCE, State.DEGRADED]))
