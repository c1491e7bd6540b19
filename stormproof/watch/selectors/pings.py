"""Reads of what jobs reported, and of the keys that open heartbeats by name."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.watch.models import Heartbeat, Monitor, Ping, PingKey


def pings_of(actor: Actor, monitor: Monitor, *, kind: str = "") -> QuerySet[Ping]:
    """The pings of a heartbeat that are kept, newest first, without their bodies."""
    actor.require("watch.read")
    found = Ping.objects.filter(monitor=monitor).defer("body").order_by("-number")
    return found.filter(kind=kind) if kind else found


def ping_for(actor: Actor, monitor: Monitor, number: int) -> Ping:
    """One ping with its body; raises `NotFound`, also for one who may not read monitors."""
    found = Ping.objects.filter(monitor=monitor, number=number).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no ping {number} any more: only the newest are kept")
    return found


def runs_of(monitor: Monitor) -> list[tuple[str, datetime]]:
    """The runs of a job that have started and not ended: run id ("" for none) and start, oldest first."""
    row = Heartbeat.objects.filter(pk=monitor.pk).first()
    runs = {} if row is None else row.runs
    return sorted(((run_id, datetime.fromisoformat(moment)) for run_id, moment in runs.items()), key=lambda run: run[1])


def ping_keys(actor: Actor) -> QuerySet[PingKey]:
    """The ping keys that open something, by name."""
    actor.require("watch.read")
    return PingKey.objects.filter(revoked_at__isnull=True).select_related("node").order_by("name", "id")


def ping_key_for(actor: Actor, key_id: int) -> PingKey:
    """One ping key in use; raises `NotFound`, also for one who may not read monitors."""
    found = ping_keys(actor).filter(pk=key_id).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no ping key {key_id}")
    return found
