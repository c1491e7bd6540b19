"""Plans maintenance windows, changes them, moves their end and calls them off."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from stormproof.business.models import Node
from stormproof.business.selectors import nodes_in_use, shop_zone
from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, write_duration
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.watch.choices import Repeat
from stormproof.watch.facts import (
    MaintenanceCalledOff,
    MaintenanceMoved,
    MaintenancePlanned,
    MaintenanceReplanned,
)
from stormproof.watch.models import MaintenanceOccurrence, MaintenanceWindow, Monitor
from stormproof.watch.selectors import monitors_in_use
from stormproof.watch.services.maintenance.keeping import keep_maintenance, make_occurrences
from stormproof.watch.services.maintenance.shape import DAYS, CannotPlanMaintenance, WindowShape

LONGEST_EXTENSION = timedelta(days=14)


@transaction.atomic
def plan_window(slug: str, shape: WindowShape, *, actor: Actor, at: datetime) -> MaintenanceWindow:
    """A new window, or a called off one of that name again; raises `CannotPlanMaintenance`."""
    actor.require("watch.write")
    if not re.fullmatch(SLUG, slug):
        hint = "small letters, digits and hyphens, such as db-patching"
        raise CannotPlanMaintenance(f"{slug[:80]!r} is no identifier", field="slug", hint=hint)
    window = MaintenanceWindow.objects.select_for_update().filter(slug=slug).first()
    if window is not None and window.retired_at is None:
        raise CannotPlanMaintenance(
            f"there is a window {slug} already", field="name", hint="choose another name, or change that one"
        )
    window = window or MaintenanceWindow(slug=slug)
    window.planned_at, window.retired_at = at, None
    _fill(window, shape, at=at)
    _plan_again(window, at=at)
    tell(MaintenancePlanned(window_id=window.pk, name=window.name), at=at, actor=actor)
    return window


@transaction.atomic
def change_window(window: MaintenanceWindow, shape: WindowShape, *, actor: Actor, at: datetime) -> bool:
    """Give a window other times or another scope; whether anything changed. What is over stays as it was."""
    actor.require("watch.write")
    window = _locked(window)
    before = describe_window(window)
    _fill(window, shape, at=at)
    if describe_window(window) == before:
        return False
    _plan_again(window, at=at)
    tell(MaintenanceReplanned(window_id=window.pk, name=window.name), at=at, actor=actor)
    return True


@transaction.atomic
def call_off_window(window: MaintenanceWindow, *, actor: Actor, at: datetime) -> None:
    """The window happens no more; one that runs is over now. Its past stays."""
    actor.require("watch.write")
    window = _locked(window)
    if window.retired_at is not None:
        return
    window.retired_at = at
    window.save(update_fields=["retired_at"])
    window.occurrences.filter(starts_at__gt=at).delete()
    window.occurrences.filter(ends_at__gt=at).update(ends_at=at)
    tell(MaintenanceCalledOff(window_id=window.pk, name=window.name), at=at, actor=actor)
    _look_again(at=at)


@transaction.atomic
def move_end_of_window(
    occurrence: MaintenanceOccurrence, *, until: datetime, actor: Actor, at: datetime
) -> MaintenanceOccurrence:
    """End planned work early (`until` is now) or give it more time; raises `CannotPlanMaintenance`."""
    actor.require("watch.write")
    occurrence = (
        MaintenanceOccurrence.objects.select_for_update(of=("self",)).select_related("window").get(pk=occurrence.pk)
    )
    name = occurrence.window.name
    if occurrence.ends_at <= at:
        raise CannotPlanMaintenance(f"{name} is over since {occurrence.ends_at:%H:%M} UTC", hint="plan it again")
    if until > at + LONGEST_EXTENSION:
        raise CannotPlanMaintenance("that is more than 14 days away", field="until", hint="plan another window")
    occurrence.ends_at = max(until, at, occurrence.starts_at)
    occurrence.save(update_fields=["ends_at"])
    fact = MaintenanceMoved(
        window_id=occurrence.window_id,
        name=name,
        until=occurrence.ends_at.isoformat(),
        planned_until=occurrence.planned_ends_at.isoformat(),
    )
    tell(fact, at=at, actor=actor)
    _look_again(at=at)
    return occurrence


def describe_window(window: MaintenanceWindow) -> dict[str, Any]:
    """A window as continuity.yaml says it."""
    zone = ZoneInfo(window.zone)
    lasts = write_duration(window.duration_seconds) if window.duration_seconds else ""
    said: dict[str, Any] = {
        "name": window.name if window.name != window.slug else "",
        "zone": window.zone,
        "starts": f"{window.starts_at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}" if window.starts_at else "",
        "ends": f"{window.ends_at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}" if window.ends_at else "",
        "days": [DAYS[day] for day in sorted(window.weekdays)],
        "at": f"{window.clock_time:%H:%M}" if window.clock_time else "",
        "cron": window.cron,
        "lasts": lasts,
        "everything": window.everything,
        "monitors": sorted(window.monitors.values_list("slug", flat=True)),
        "nodes": sorted(window.nodes.values_list("slug", flat=True)),
        "dependants": window.with_dependants,
        "tags": sorted(window.tags),
    }
    return {key: value for key, value in said.items() if value}


def _fill(window: MaintenanceWindow, shape: WindowShape, *, at: datetime) -> None:
    recurrence = shape.recurrence(shop_zone=str(shop_zone()))
    if recurrence.span is not None and recurrence.span[1] <= at and window.ends_at != recurrence.span[1]:
        raise CannotPlanMaintenance(f"`ends` {shape.ends!r} lies in the past", field="ends", hint="plan what is ahead")
    window.name, window.zone, window.repeat = shape.name or window.slug, recurrence.zone, recurrence.repeat
    window.starts_at, window.ends_at = recurrence.span or (None, None)
    window.weekdays, window.clock_time = sorted(recurrence.weekdays), recurrence.clock_time
    window.cron = recurrence.cron
    window.duration_seconds = 0 if recurrence.repeat == Repeat.ONCE else int(recurrence.duration.total_seconds())
    window.everything, window.with_dependants, window.tags = shape.everything, shape.dependants, sorted(set(shape.tags))
    monitors, nodes = _monitors(shape.monitors), _nodes(shape.nodes)
    window.save()
    window.monitors.set(monitors)
    window.nodes.set(nodes)


def _monitors(slugs: list[str]) -> list[Monitor]:
    found = list(monitors_in_use().filter(slug__in=slugs))
    if missing := sorted(set(slugs) - {monitor.slug for monitor in found}):
        raise CannotPlanMaintenance(f"there is no monitor {missing[0]!r}", field="monitors", hint="see /monitors/")
    return found


def _nodes(slugs: list[str]) -> list[Node]:
    found = list(nodes_in_use().filter(slug__in=slugs))
    if missing := sorted(set(slugs) - {node.slug for node in found}):
        hint = "name a function, asset, supplier or site"
        raise CannotPlanMaintenance(f"there is nothing named {missing[0]!r}", field="nodes", hint=hint)
    return found


def _plan_again(window: MaintenanceWindow, *, at: datetime) -> None:
    """What has not begun follows the new plan; what runs ends now unless the new plan has it too."""
    window.occurrences.filter(starts_at__gt=at).delete()
    window.occurrences.filter(ends_at__gt=at).update(ends_at=at)
    make_occurrences([window], at=at, renew=True)
    _look_again(at=at)


def _look_again(*, at: datetime) -> None:
    keep_maintenance(at=at)
    announce("maintenance")


def _locked(window: MaintenanceWindow) -> MaintenanceWindow:
    return MaintenanceWindow.objects.select_for_update().get(pk=window.pk)
