"""Reads of signals: their counts by minute, by slice, and what was learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet, Sum

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.watch.choices import State
from stormproof.watch.kinds.signal.sources import DIMENSIONS
from stormproof.watch.models import Monitor, Signal, SignalHour, SignalMinute, StateChange
from stormproof.watch.selectors.monitors import monitors_in_use

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Minutes:
    """Counts of each minute from a start on, as arrays of one length."""

    total: NDArray[np.float64]
    good: NDArray[np.float64]
    value: NDArray[np.float64]

    @property
    def everywhere(self) -> NDArray[np.bool_]:
        """True for each minute."""
        found: NDArray[np.bool_] = self.total >= 0
        return found

    def usual_value(self) -> float | None:
        """The median of what one good attempt is worth, by minute; None when the source does not say."""
        known = [value / good for value, good in zip(self.value, self.good, strict=True) if value > 0 and good > 0]
        return round(float(median(known)), 2) if known else None


def minutes_of_signal(monitor_id: int, *, start: datetime, end: datetime) -> Minutes:
    """All slices of a signal together, minute by minute from `start` to `end`; zero where nothing was counted."""
    import numpy as np  # noqa: PLC0415  (only where a signal is judged or drawn)

    size = max(0, round((end - start) / MINUTE))
    total, good, value = np.zeros(size), np.zeros(size), np.zeros(size)
    rows = (
        SignalMinute.objects.filter(monitor_id=monitor_id, start__gte=start, start__lt=end)
        .order_by()
        .values("start")
        .annotate(all=Sum("total"), fine=Sum("good"), worth=Sum("value"))
        .values_list("start", "all", "fine", "worth")
    )
    for moment, attempts, fine, worth in rows:
        place = int((moment - start) / MINUTE)
        total[place], good[place], value[place] = attempts, fine, worth
    return Minutes(total=total, good=good, value=value)


def slices_of_signal(monitor_id: int, *, start: datetime, end: datetime) -> dict[str, tuple[float, float]]:
    """Good and all of each slice of each dimension, as `provider=A`, between `start` and `end`."""
    rows = (
        SignalMinute.objects.filter(monitor_id=monitor_id, start__gte=start, start__lt=end)
        .order_by()
        .values("slice__labels")
        .annotate(all=Sum("total"), fine=Sum("good"))
        .values_list("slice__labels", "fine", "all")
    )
    return _by_dimension(rows)


def usual_slices(monitor_id: int, *, start: datetime, end: datetime) -> dict[str, list[float]]:
    """For each slice of each dimension: its portion of the good ones, and the share of its attempts that succeed."""
    rows = (
        SignalHour.objects.filter(monitor_id=monitor_id, start__gte=start, start__lt=end)
        .order_by()
        .values("slice__labels")
        .annotate(all=Sum("total"), fine=Sum("good"))
        .values_list("slice__labels", "fine", "all")
    )
    sums = _by_dimension(rows)
    whole = {name: sum(good for key, (good, _) in sums.items() if key.startswith(f"{name}=")) for name in DIMENSIONS}
    found = {}
    for key, (good, total) in sums.items():
        dimension = key.partition("=")[0]
        if whole[dimension] and total:
            found[key] = [round(good / whole[dimension], 5), round(min(0.9999, good / total), 5)]
    ordered = sorted(found, key=lambda key: (DIMENSIONS.index(key.partition("=")[0]), -found[key][0]))
    return {key: found[key] for key in ordered}


def _by_dimension(rows: Iterable[Any]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for labels, fine, total in rows:
        for name, said in labels.items():
            good, count = found.get(f"{name}={said}", (0.0, 0.0))
            found[f"{name}={said}"] = (good + fine, count + total)
    return found


def signals(actor: Actor) -> QuerySet[Signal]:
    """Every signal in use that was claimed once, by name."""
    actor.require("watch.read")
    found = Signal.objects.filter(monitor__in=monitors_in_use()).select_related("monitor__node")
    return found.order_by("monitor__name", "monitor_id")


def signal_for(actor: Actor, slug: str) -> Signal:
    """The signal of the monitor named `slug`; an unsaved one before its first reading. Raises `NotFound`."""
    monitor = monitors_in_use().filter(slug=slug, kind="signal").first() if actor.may("watch.read") else None
    if monitor is None:
        raise NotFound(f"there is no signal {slug}")
    found = Signal.objects.select_related("monitor__node").filter(monitor=monitor).first()
    return found or Signal(monitor=monitor)


def down_times(monitor: Monitor, *, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When a monitor was down between `start` and `end`, in order."""
    changes = StateChange.objects.filter(monitor=monitor, at__lt=end).order_by("at", "id")
    before = changes.filter(at__lt=start).order_by("-at", "-id").values_list("to_state", flat=True).first()
    found, since = [], start if before == State.DOWN else None
    for moment, to_state in [*changes.filter(at__gte=start).values_list("at", "to_state"), (end, "")]:
        if since is not None and to_state != State.DOWN:
            found.append((since, moment))
            since = None
        elif to_state == State.DOWN:
            since = since or moment
    return found


def hour_of(moment: datetime) -> datetime:
    """The hour a moment lies in, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
