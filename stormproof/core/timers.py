"""Periodic tasks as rows: whoever moves a timer's `next_at` on has claimed that tick."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from stormproof.core.jobs import TIMERS, Every
from stormproof.core.models import Timer


def plant_timers(at: datetime) -> None:
    """Make a row for each timer of the code, and drop the rows of timers that are gone."""
    with transaction.atomic():
        Timer.objects.bulk_create([Timer(name=name, next_at=at) for name in TIMERS], ignore_conflicts=True)
        Timer.objects.exclude(name__in=TIMERS).delete()


@transaction.atomic
def claim_timers(timers: Iterable[Every], *, at: datetime) -> list[str]:
    """Names of those of `timers` that are due and now belong to the caller; their next tick is set."""
    periods = {timer.name: timer.seconds for timer in timers}
    due = list(
        Timer.objects.select_for_update(skip_locked=True).filter(name__in=periods, next_at__lte=at).order_by("name")
    )
    for timer in due:
        timer.last_ran_at = at
        timer.next_at = at + timedelta(seconds=periods[timer.name])
    Timer.objects.bulk_update(due, ["last_ran_at", "next_at"])
    return [timer.name for timer in due]
