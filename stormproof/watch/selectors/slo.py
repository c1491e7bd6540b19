"""Reads of service levels: what was bad, of how much, in any span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Min, QuerySet, Sum

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.watch.choices import State
from stormproof.watch.kinds import BESIDE_NODES
from stormproof.watch.kinds.slo import SloShape
from stormproof.watch.models import Monitor, Signal, SignalHour, SignalMinute, Slo, StateChange
from stormproof.watch.rules import union_seconds
from stormproof.watch.selectors.monitors import monitors_in_use

MINUTES_REACH = timedelta(days=4)  # windows as short as this are counted by minutes, longer ones by hours
Sums = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Track:
    """What a promise is measured on: bad and all between two moments, and since when anything is known."""

    sums: Callable[[datetime, datetime], Sums]
    known_from: datetime | None


def slos(actor: Actor) -> QuerySet[Slo]:
    """Every service level in use, by name."""
    actor.require("watch.read")
    return Slo.objects.filter(monitor__in=monitors_in_use()).select_related("monitor__node").order_by("monitor__name")


def slo_for(actor: Actor, slug: str) -> Slo:
    """The service level named `slug`, an unsaved one before it was judged; raises `NotFound`."""
    monitor = monitors_in_use().filter(slug=slug, kind="slo").first() if actor.may("watch.read") else None
    if monitor is None:
        raise NotFound(f"there is no service level {slug}")
    return Slo.objects.select_related("monitor__node").filter(monitor=monitor).first() or Slo(monitor=monitor)


def track_of(monitor: Monitor, shape: SloShape, *, start: datetime, end: datetime) -> Track:
    """What a promise is measured on between `start` and `end`, read once."""
    return _events(shape) if shape.measures == "events" else _time(monitor, start=start, end=end)


def _events(shape: SloShape) -> Track:
    signal = Signal.objects.filter(monitor__slug=shape.signal, monitor__retired_at__isnull=True).first()
    if signal is None:
        return Track(sums=lambda _start, _end: (0.0, 0.0), known_from=None)
    cursor = signal.cursor_at

    def sums(start: datetime, end: datetime) -> Sums:
        end = min(end, cursor) if cursor else end
        table = SignalMinute if end - start <= MINUTES_REACH else SignalHour
        found = table.objects.filter(monitor_id=signal.monitor_id, start__gte=start, start__lt=end).aggregate(
            all=Sum("total"), fine=Sum("good")
        )
        total, good = float(found["all"] or 0), float(found["fine"] or 0)
        return total - good, total

    return Track(sums=sums, known_from=signal.history_from)


def _time(monitor: Monitor, *, start: datetime, end: datetime) -> Track:
    """Bad are the seconds in which a monitor of the node itself was down; all are those since it is watched."""
    seen = Monitor.objects.filter(node_id=monitor.node_id, enabled=True, retired_at__isnull=True)
    ids = list(seen.exclude(kind__in=BESIDE_NODES).values_list("pk", flat=True))
    first = StateChange.objects.filter(monitor__in=ids).aggregate(first=Min("at"))["first"]
    spans = [span for pk in ids for span in _down_spans(pk, start=start, end=end)]

    def sums(since: datetime, until: datetime) -> Sums:
        since = max(since, first) if first else until
        return union_seconds(spans, start=since, end=until), max(0.0, (until - since).total_seconds())

    return Track(sums=sums, known_from=first)


def _down_spans(monitor_id: int, *, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    changes = StateChange.objects.filter(monitor_id=monitor_id, at__lt=end)
    before = changes.filter(at__lt=start).order_by("-at", "-id").values_list("to_state", flat=True).first()
    since = start if before == State.DOWN else None
    found = []
    for moment, to_state in [
        *changes.filter(at__gte=start).order_by("at", "id").values_list("at", "to_state"),
        (end, ""),
    ]:
        if to_state == State.DOWN:
            since = since or moment
        elif since is not None:
            found.append((since, moment))
            since = None
    return found


def days_of_slo(slo: Slo, shape: SloShape, *, start: datetime, end: datetime) -> list[tuple[datetime, float, float]]:
    """Each UTC day from `start` to `end`: its start, what was bad, and all."""
    track = track_of(slo.monitor, shape, start=start, end=end)
    found, day = [], start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        until = min(end, day + timedelta(days=1))
        bad, total = track.sums(max(day, start), until)
        found.append((day, bad, total))
        day += timedelta(days=1)
    return found
