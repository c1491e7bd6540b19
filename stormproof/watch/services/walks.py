"""Keeps the walks of journeys, and lets go of the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from stormproof.watch.models import Upkeep, Walk, WalkFile
from stormproof.watch.rules import Sighting

FAILED_DAYS = 30
MOST_FAILED = 200  # failed walks kept of one journey
MOST_WITH_FILES = 20  # of these, the newest that keep their files
LARGEST_FILE = 1_500_000


def keep_walks(sightings: Sequence[Sighting]) -> None:
    """Keep what was seen step by step, in the caller's transaction; a walk that is known already stays as it is."""
    seen = [sighting for sighting in sightings if sighting.steps]
    if not seen:
        return
    Walk.objects.bulk_create([_walk_of(sighting) for sighting in seen], ignore_conflicts=True)
    with_files = [sighting for sighting in seen if sighting.files]
    if with_files:
        _keep_files(with_files)


def _walk_of(sighting: Sighting) -> Walk:
    return Walk(
        monitor_id=sighting.monitor_id,
        at=sighting.at,
        ok=sighting.ok,
        reason=sighting.reason[:500].replace("\x00", ""),
        total_ms=sighting.total_ms,
        steps=list(sighting.steps or ()),
        about=dict(sighting.about or {}),
    )


def _keep_files(sightings: Iterable[Sighting]) -> None:
    by_key = {(sighting.monitor_id, sighting.at): sighting for sighting in sightings}
    kept = Q()
    for monitor_id, at in by_key:
        kept |= Q(monitor_id=monitor_id, at=at)
    files = [
        WalkFile(walk_id=walk_id, name=file.name, media_type=file.media_type, body=file.body)
        for walk_id, monitor_id, at in Walk.objects.filter(kept).values_list("id", "monitor_id", "at")
        for file in by_key[monitor_id, at].files
        if len(file.body) <= LARGEST_FILE
    ]
    WalkFile.objects.bulk_create(files, ignore_conflicts=True)


def drop_old_walks(*, at: datetime) -> int:
    """Let go of walks as old as raw observations are, of failed ones after a month or past the newest 200 of a
    journey, of files past the newest 20; how many walks went.
    """
    raw_days = (Upkeep.objects.first() or Upkeep()).raw_days
    old = Q(ok=True, at__lt=at - timedelta(days=raw_days)) | Q(at__lt=at - timedelta(days=FAILED_DAYS))
    gone, _ = Walk.objects.filter(old | Q(pk__in=_failed_past(MOST_FAILED))).delete()
    WalkFile.objects.filter(walk_id__in=_failed_past(MOST_WITH_FILES)).delete()
    return gone


def _failed_past(number: int) -> list[int]:
    """The failed walks of each journey past its newest `number`."""
    place = Window(RowNumber(), partition_by=F("monitor_id"), order_by=F("at").desc())
    rows = Walk.objects.filter(ok=False).order_by().annotate(place=place).filter(place__gt=number)
    return list(rows.values_list("id", flat=True))
