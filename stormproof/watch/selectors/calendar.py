"""Reads of the peak calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.watch.models import Peak

MINUTE = timedelta(minutes=1)
AHEAD = timedelta(days=14)


def peaks(actor: Actor, *, year: int | None = None) -> QuerySet[Peak]:
    """Peaks in order of time; those that touch `year` (UTC) when one is given."""
    actor.require("watch.read")
    found = Peak.objects.all()
    if year is not None:
        first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        found = found.filter(starts_at__lt=last, ends_at__gt=first)
    return found


def all_peaks() -> QuerySet[Peak]:
    """The whole calendar in order of time."""
    return Peak.objects.order_by("starts_at", "pk")


def peak_for(actor: Actor, slug: str) -> Peak:
    """The peak named `slug`; raises `NotFound`, also for one who may not read."""
    found = Peak.objects.filter(slug=slug).first() if actor.may("watch.read") else None
    if found is None:
        raise NotFound(f"there is no peak {slug}")
    return found


def peaks_between(start: datetime, end: datetime) -> list[Peak]:
    """The peaks that touch the time from `start` to `end`, in order."""
    return list(Peak.objects.filter(starts_at__lt=end, ends_at__gt=start).order_by("starts_at", "pk"))


def peaks_near(at: datetime) -> list[Peak]:
    """The peaks that are on at `at` or begin within 14 days."""
    return peaks_between(at, at + AHEAD)


def is_paging_strict(at: datetime) -> bool:
    """Whether a peak with stricter paging is on."""
    return Peak.objects.filter(starts_at__lte=at, ends_at__gt=at, has_stricter_paging=True).exists()


def is_change_frozen(at: datetime) -> bool:
    """Whether a peak with a change freeze is on."""
    return Peak.objects.filter(starts_at__lte=at, ends_at__gt=at, has_change_freeze=True).exists()


def peak_factors(start: datetime, count: int, *, marked: bool = False) -> list[float]:
    """The factor of each of `count` minutes from `start` on: 1 outside peaks, the product where they overlap.

    With `marked` it is 0 outside peaks and 1 in them, whatever their factor.
    """
    found = [0.0 if marked else 1.0] * count
    for peak in peaks_between(start, start + count * MINUTE):
        first = max(0, int((peak.starts_at - start) / MINUTE))
        last = min(count, int((peak.ends_at - start) / MINUTE))
        for place in range(first, last):
            found[place] = 1.0 if marked else found[place] * peak.factor
    return found
