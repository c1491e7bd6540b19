"""Sets monitors up, changes, pauses, resumes and retires them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from stormproof.business.selectors import node_by_slug
from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import Fact, tell
from stormproof.core.live import announce
from stormproof.core.refusals import NotFound, Refused
from stormproof.engine.probe.guard import AddressRefused, Guard
from stormproof.watch.choices import State
from stormproof.watch.facts import MonitorChanged, MonitorCreated, MonitorPaused, MonitorResumed, MonitorRetired
from stormproof.watch.kinds import KINDS, WrongSettings, config_of, open_config
from stormproof.watch.kinds.heartbeat import heartbeat_of
from stormproof.watch.models import Monitor, StateChange
from stormproof.watch.rules import next_expected
from stormproof.watch.services.states import move_monitor

CHANGED_CHANNEL = "stormproof_monitors"  # probers listen here and read their monitors again


class CannotCreateMonitor(Refused):
    """A monitor cannot be set up so."""


class CannotPauseMonitor(Refused):
    """A monitor may not be paused now."""


def own_guard() -> Guard:
    """The guard of this installation."""
    return Guard(tuple(env.allowed_networks))


def require_allowed_targets(shape: Any) -> None:
    """Raise `WrongSettings` when `shape` names an address this installation may not connect to."""
    for field, host in KINDS[shape.kind].hosts(shape):
        try:
            own_guard().require_written_host(host)
        except AddressRefused as error:
            raise WrongSettings([(field, str(error))]) from error


@transaction.atomic
def create_monitor(slug: str, *, settings: Any, actor: Actor, at: datetime) -> Monitor:
    """A new monitor, or a retired one of that name in use again with its history."""
    actor.require("watch.write")
    require_allowed_targets(settings)
    node = _node(settings.on)
    monitor = Monitor.objects.select_for_update().filter(slug=slug).first()
    if monitor is not None and monitor.retired_at is None:
        raise CannotCreateMonitor(f"there is a monitor {slug} already", field="name", hint="choose another name")
    monitor = monitor or Monitor(slug=slug, state_since=at)
    is_new = monitor.pk is None
    monitor.retired_at = None
    monitor.node_id = node
    _fill(monitor, settings, at)
    monitor.save()
    if is_new:
        StateChange.objects.create(
            monitor=monitor, from_state=State.UNKNOWN, to_state=State.UNKNOWN, reason="set up", at=at, decided_at=at
        )
    _changed(monitor, MonitorCreated(monitor_id=monitor.pk, node_id=node, name=monitor.name), actor=actor, at=at)
    return monitor


@transaction.atomic
def change_monitor(monitor: Monitor, *, settings: Any, actor: Actor, at: datetime) -> list[str]:
    """Give a monitor new settings; the names of what changed, empty when nothing did.

    What was seen with the settings before decides nothing any more.
    """
    actor.require("watch.write")
    require_allowed_targets(settings)
    monitor = _locked(monitor)
    before = describe_settings(monitor)
    monitor.node_id = _node(settings.on)
    _fill(monitor, settings, at)
    after = describe_settings(monitor, node_slug=settings.on)
    fields = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    if not fields:
        return []
    monitor.version += 1
    monitor.save()
    fact = MonitorChanged(monitor_id=monitor.pk, node_id=monitor.node_id, fields=fields)
    _changed(monitor, fact, actor=actor, at=at)
    return fields


def describe_settings(monitor: Monitor, *, node_slug: str = "") -> dict[str, Any]:
    """The settings of a monitor as continuity.yaml says them, secrets in the clear."""
    kind = KINDS[monitor.kind]
    said: dict[str, Any] = {
        "name": monitor.name if monitor.name != monitor.slug else None,
        "on": node_slug or monitor.node.slug,
        "kind": monitor.kind,
        "paused": not monitor.enabled,
        "tags": monitor.tags,
        **open_config(kind, monitor.config),
    }
    if kind.look is not None:
        said["every"] = f"{monitor.interval_seconds}s"
        said["locations"] = monitor.locations
    shape = kind.shape.model_validate(said)
    data: dict[str, Any] = shape.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return data


@transaction.atomic
def pause_monitor(monitor: Monitor, *, actor: Actor, at: datetime) -> None:
    """Stop looking; the state becomes unknown. Refused while the monitor is down."""
    actor.require("watch.write")
    monitor = _locked(monitor)
    if monitor.state == State.DOWN:
        raise CannotPauseMonitor(
            f"{monitor.name} is down: a pause would hide it",
            hint="resolve the incident first, or retire the monitor",
        )
    if not monitor.enabled:
        return
    monitor.enabled = False
    monitor.due_at = None
    monitor.version += 1
    monitor.save()
    move_monitor(monitor, to=State.UNKNOWN, reason="paused", since=at, at=at, actor=actor)
    _changed(monitor, MonitorPaused(monitor_id=monitor.pk, node_id=monitor.node_id), actor=actor, at=at)


@transaction.atomic
def resume_monitor(monitor: Monitor, *, actor: Actor, at: datetime) -> None:
    """Look again; unknown until the next look."""
    actor.require("watch.write")
    monitor = _locked(monitor)
    if monitor.enabled:
        return
    monitor.enabled = True
    monitor.reason = ""
    monitor.version += 1
    _expect_ping(monitor, at)
    monitor.save()
    _changed(monitor, MonitorResumed(monitor_id=monitor.pk, node_id=monitor.node_id), actor=actor, at=at)


@transaction.atomic
def retire_monitor(monitor: Monitor, *, actor: Actor, at: datetime) -> None:
    """Take a monitor out of use; its history stays."""
    actor.require("watch.write")
    monitor = _locked(monitor)
    if monitor.retired_at is not None:
        return
    monitor.retired_at = at
    monitor.due_at = None
    monitor.version += 1
    monitor.save()
    move_monitor(monitor, to=State.UNKNOWN, reason="retired", since=at, at=at, actor=actor)
    Monitor.objects.filter(pk=monitor.pk).update(down_since=None)
    _changed(monitor, MonitorRetired(monitor_id=monitor.pk, node_id=monitor.node_id), actor=actor, at=at)


def _node(slug: str) -> int:
    try:
        return node_by_slug(slug).pk
    except NotFound as error:
        raise WrongSettings([("on", f"there is nothing named {slug!r} in the business")]) from error


def _locked(monitor: Monitor) -> Monitor:
    return Monitor.objects.select_for_update().get(pk=monitor.pk)


def _fill(monitor: Monitor, settings: Any, at: datetime) -> None:
    monitor.name = settings.name or monitor.slug
    monitor.kind = settings.kind
    monitor.config = config_of(settings)
    monitor.interval_seconds = settings.interval_seconds
    monitor.enabled = not settings.paused
    monitor.tags = sorted(set(settings.tags))
    monitor.locations = sorted(set(getattr(settings, "locations", [])))
    _expect_ping(monitor, at)


def _expect_ping(monitor: Monitor, at: datetime) -> None:
    """A heartbeat that has ever been pinged is due again; a new one is unknown until its first ping."""
    if monitor.kind != "heartbeat" or not monitor.enabled or monitor.last_at is None:
        monitor.due_at = None
        return
    if monitor.state != State.DOWN:
        times = heartbeat_of(monitor.config).times
        expected = next_expected(times, after=monitor.last_at)
        monitor.due_at = None if expected is None else max(at, expected) + times.grace


def _changed(monitor: Monitor, fact: Fact, *, actor: Actor, at: datetime) -> None:
    tell(fact, at=at, actor=actor)
    announce("monitors")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANGED_CHANNEL, str(monitor.pk)])
