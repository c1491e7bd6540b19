"""Reads of what security tools reported."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet, Sum

from stormproof.core.actor import Actor
from stormproof.watch.models import Monitor, SecurityEvent


def security_events_of(actor: Actor, monitor: Monitor) -> QuerySet[SecurityEvent]:
    """The events of a monitor, newest first."""
    actor.require("watch.read")
    return SecurityEvent.objects.filter(monitor=monitor).order_by("-minute", "-id")


def top_actors(actor: Actor, monitor: Monitor, *, since: datetime) -> list[tuple[str, int]]:
    """The ten addresses with the most events since a moment, and how many."""
    found = security_events_of(actor, monitor).filter(minute__gte=since).exclude(actor="")
    rows = found.order_by().values("actor").annotate(total=Sum("count")).order_by("-total", "actor")[:10]
    return [(row["actor"], int(row["total"])) for row in rows]
