"""Reads of planned work: windows, their times, and what they cover."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Prefetch, Q, QuerySet

from stormproof.business.selectors import graph_now
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.engine.graph import stopped_by
from stormproof.watch.models import MaintenanceOccurrence, MaintenanceWindow, Monitor


def windows_in_use() -> QuerySet[MaintenanceWindow]:
    """All windows that were not called off, those that are over included."""
    return MaintenanceWindow.objects.filter(retired_at__isnull=True)


def windows(actor: Actor, *, at: datetime) -> QuerySet[MaintenanceWindow]:
    """The windows in use, by name, each with what it covers and `ahead`: its present and next times, soonest first."""
    actor.require("watch.read")
    ahead = MaintenanceOccurrence.objects.filter(Q(ends_at__gt=F("starts_at")), ends_at__gt=at).order_by("starts_at")
    return (
        windows_in_use()
        .prefetch_related("monitors", "nodes", Prefetch("occurrences", queryset=ahead, to_attr="ahead"))
        .order_by("name", "id")
    )


def window_for(actor: Actor, slug: str) -> MaintenanceWindow:
    """The window named `slug`; raises `NotFound`, also for one who may not read monitors."""
    found = windows_in_use().filter(slug=slug).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no maintenance window {slug}")
    return found


def occurrence_for(window: MaintenanceWindow, *, at: datetime) -> MaintenanceOccurrence:
    """The present time of a window, else its next one; raises `NotFound` when none lies ahead."""
    found = window.occurrences.filter(Q(ends_at__gt=F("starts_at")), ends_at__gt=at).order_by("starts_at").first()
    if found is None:
        raise NotFound(f"{window.name} has no time ahead")
    return found


def occurrences_ahead(*, at: datetime, within: timedelta) -> list[MaintenanceOccurrence]:
    """What runs now or begins within that time, soonest first."""
    found = MaintenanceOccurrence.objects.filter(
        Q(ends_at__gt=F("starts_at")), ends_at__gt=at, starts_at__lte=at + within, window__retired_at__isnull=True
    )
    return list(
        found.select_related("window").prefetch_related("window__monitors", "window__nodes").order_by("starts_at", "pk")
    )


def monitors_covered_by(window: MaintenanceWindow) -> QuerySet[Monitor]:
    """The monitors a window is about, as things are now."""
    monitors = Monitor.objects.filter(retired_at__isnull=True)
    if window.everything:
        return monitors
    nodes = {node.pk for node in window.nodes.all()}
    if window.with_dependants and nodes:
        graph = graph_now()
        nodes |= stopped_by(graph, nodes & set(graph.nodes))
    named = [monitor.pk for monitor in window.monitors.all()]
    return monitors.filter(Q(node_id__in=nodes) | Q(pk__in=named) | Q(tags__overlap=window.tags))


def nodes_in_maintenance(window: MaintenanceWindow) -> set[int]:
    """The nodes that work of a window may stop: those it names and watches, and what stops with them."""
    graph = graph_now()
    if window.everything:
        return set(graph.nodes)
    nodes = {node.pk for node in window.nodes.all()}
    nodes |= set(monitors_covered_by(window).values_list("node_id", flat=True))
    return stopped_by(graph, nodes & set(graph.nodes))
