"""Keeps maintenance: times ahead, which monitors they cover, and what begins and ends now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.watch.choices import State
from stormproof.watch.facts import MaintenanceBegan, MaintenanceEnded
from stormproof.watch.models import MaintenanceOccurrence, MaintenanceWindow, Monitor
from stormproof.watch.rules import Recurrence, Span, covering_span, occurrences_of
from stormproof.watch.selectors import monitors_covered_by
from stormproof.watch.services.states import show_monitor

AHEAD = timedelta(days=35)
MOST_AHEAD = 60
KEPT = timedelta(days=400)
COVERED_AHEAD = timedelta(days=2)


@transaction.atomic
def plan_ahead(*, at: datetime) -> None:
    """Write down the times of every window for the next weeks; forget those of long ago."""
    make_occurrences(MaintenanceWindow.objects.filter(retired_at__isnull=True), at=at)
    MaintenanceOccurrence.objects.filter(ends_at__lt=at - KEPT).delete()


def make_occurrences(windows: Iterable[MaintenanceWindow], *, at: datetime, renew: bool = False) -> None:
    """The times of `windows` ahead of `at`. One that is there stays as it is, unless `renew` gives it its plan back."""
    rows = [
        MaintenanceOccurrence(window=window, starts_at=start, ends_at=end, planned_ends_at=end)
        for window in windows
        for start, end in occurrences_of(recurrence_of(window), after=at, before=_horizon(window, at), most=MOST_AHEAD)
    ]
    if renew:
        MaintenanceOccurrence.objects.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=["ends_at", "planned_ends_at"],
            unique_fields=["window", "starts_at"],
        )
    else:
        MaintenanceOccurrence.objects.bulk_create(rows, ignore_conflicts=True)


def _horizon(window: MaintenanceWindow, at: datetime) -> datetime:
    """One time is always written down, however far away it is; of those that repeat, the next weeks."""
    return window.starts_at + timedelta(seconds=1) if window.starts_at else at + AHEAD


def recurrence_of(window: MaintenanceWindow) -> Recurrence:
    """When a window happens."""
    return Recurrence(
        repeat=window.repeat,
        zone=window.zone,
        span=(window.starts_at, window.ends_at) if window.starts_at and window.ends_at else None,
        weekdays=frozenset(window.weekdays),
        clock_time=window.clock_time,
        cron=window.cron,
        duration=timedelta(seconds=window.duration_seconds),
    )


@transaction.atomic
def keep_maintenance(*, at: datetime) -> int:
    """Give each monitor its present or next maintenance, and move those for which one begins or ends; how many.

    Safe to repeat. What ends while it still fails is told down in this transaction.
    """
    _cover(at=at)
    _tell_edges(at=at)
    due = Monitor.objects.filter(enabled=True, retired_at__isnull=True).filter(
        Q(state=State.MAINTENANCE) & (Q(maintenance_from__isnull=True) | Q(maintenance_from__gt=at))
        | Q(maintenance_from__lte=at, maintenance_until__gt=at) & ~Q(state=State.MAINTENANCE)
        | Q(state=State.MAINTENANCE, maintenance_until__lte=at)
    )
    locked = due.select_for_update(no_key=True, skip_locked=True).order_by("pk")
    return sum(show_monitor(monitor, at=at) for monitor in locked)


def _cover(*, at: datetime) -> None:
    """Write each monitor's present or next span where it differs."""
    spans: dict[int, list[Span]] = {}
    names: dict[int, str] = {}
    ahead = (
        MaintenanceOccurrence.objects.filter(
            Q(ends_at__gt=F("starts_at")),
            starts_at__lt=at + COVERED_AHEAD,
            ends_at__gt=at,
            window__retired_at__isnull=True,
        )
        .select_related("window")
        .prefetch_related("window__monitors", "window__nodes")
        .order_by("starts_at", "pk")
    )
    covered: dict[int, set[int]] = {}
    for occurrence in ahead:
        window = occurrence.window
        if window.pk not in covered:
            covered[window.pk] = set(monitors_covered_by(window).values_list("pk", flat=True))
        for monitor_id in covered[window.pk]:
            spans.setdefault(monitor_id, []).append((occurrence.starts_at, occurrence.ends_at))
            names.setdefault(monitor_id, window.name)
    wanted: dict[tuple[Span, str], list[int]] = {}
    for monitor_id, found in spans.items():
        span = covering_span(found, at=at)
        if span is not None:
            wanted.setdefault((span, names[monitor_id]), []).append(monitor_id)
    _write_spans(wanted, at=at, gone=Monitor.objects.filter(maintenance_until__isnull=False).exclude(pk__in=spans))


def _write_spans(wanted: dict[tuple[Span, str], list[int]], *, at: datetime, gone: QuerySet[Monitor]) -> None:
    """Only rows that differ are locked, all in one order as the sightings do it, then written.

    What ends now keeps its span until it was shown: the end is when the next state began.
    """
    differs = Q(pk__in=gone.values("pk"))
    for ((start, end), name), ids in wanted.items():
        same = Q(maintenance_from=start, maintenance_until=end, maintenance_name=name)
        differs |= Q(pk__in=ids) & ~same
    ends_now = Q(state=State.MAINTENANCE, maintenance_until__lte=at)
    locked = Monitor.objects.filter(differs).exclude(ends_now).select_for_update(no_key=True).order_by("pk")
    changed = set(locked.values_list("pk", flat=True))
    if not changed:
        return
    gone.filter(pk__in=changed).update(maintenance_from=None, maintenance_until=None, maintenance_name="")
    for ((start, end), name), ids in wanted.items():
        rows = Monitor.objects.filter(pk__in=changed.intersection(ids))
        rows.update(maintenance_from=start, maintenance_until=end, maintenance_name=name)


def _tell_edges(*, at: datetime) -> None:
    """Tell once that planned work began, and that it is over."""
    edges = Q(began_at__isnull=True, starts_at__lte=at) | Q(
        began_at__isnull=False, over_at__isnull=True, ends_at__lte=at
    )
    found = MaintenanceOccurrence.objects.filter(edges).select_for_update(skip_locked=True, of=("self",))
    for occurrence in found.select_related("window").order_by("pk"):
        window_id, name = occurrence.window_id, occurrence.window.name
        if occurrence.began_at is None:
            occurrence.began_at = at
            if occurrence.ends_at > at:
                tell(MaintenanceBegan(window_id=window_id, name=name, until=occurrence.ends_at.isoformat()), at=at)
            else:
                occurrence.over_at = at  # nobody was there to see it
        else:
            occurrence.over_at = at
            tell(MaintenanceEnded(window_id=window_id, name=name), at=at)
        occurrence.save(update_fields=["began_at", "over_at"])
        announce("maintenance")
