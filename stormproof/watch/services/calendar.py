"""Plans, changes and removes the peaks of the calendar, one by one or from a calendar file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from stormproof.business.selectors import shop_zone
from stormproof.core.actor import Actor
from stormproof.core.document import SLUG
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.watch.facts import PeakPlanned, PeakRemoved
from stormproof.watch.models import Peak

MOST_EVENTS = 1000
LARGEST = 1_000_000
LONGEST = timedelta(days=92)


class CannotPlanPeak(Refused):
    """A peak that makes no sense."""


@dataclass(frozen=True, kw_only=True)
class PeakValues:
    """A peak as a person says it: start and end as wall-clock times of `zone`."""

    name: str
    start: datetime
    end: datetime
    zone: str
    factor: float = 1.0
    stricter_paging: bool = False
    change_freeze: bool = False


@transaction.atomic
def plan_peak(slug: str, *, values: PeakValues, actor: Actor, at: datetime) -> Peak:
    """Put a peak into the calendar, or change the one of that name; saying the same again changes nothing."""
    actor.require("watch.write")
    if not re.match(SLUG, slug):
        raise CannotPlanPeak(f"{slug!r} is no identifier", field="slug", hint="use small letters, digits and hyphens")
    columns = _columns(values)
    peak = Peak.objects.select_for_update().filter(slug=slug).first() or Peak(slug=slug)
    changed = [name for name, value in columns.items() if getattr(peak, name) != value]
    if peak.pk is not None and not changed:
        return peak
    for name, value in columns.items():
        setattr(peak, name, value)
    peak.save()
    tell(PeakPlanned(peak_id=peak.pk, name=peak.name, starts_at=peak.starts_at.isoformat()), at=at, actor=actor)
    announce("peaks", "overview")
    return peak


@transaction.atomic
def remove_peak(peak: Peak, *, actor: Actor, at: datetime) -> None:
    """Take a peak out of the calendar; the facts keep that it was there."""
    actor.require("watch.write")
    tell(PeakRemoved(peak_id=peak.pk, name=peak.name), at=at, actor=actor)
    peak.delete()
    announce("peaks", "overview")


def _columns(values: PeakValues) -> dict[str, Any]:
    try:
        zone = ZoneInfo(values.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CannotPlanPeak(
            f"there is no time zone {values.zone!r}", field="zone", hint="write it as Europe/Berlin"
        ) from error
    start, end = (_in_zone(moment, zone) for moment in (values.start, values.end))
    if not timedelta(0) < end - start <= LONGEST:
        raise CannotPlanPeak(
            "it must end after it starts, and within 92 days", field="end", hint="plan a longer one in parts"
        )
    if not 0 < values.factor <= 1000:
        raise CannotPlanPeak(
            f"the factor is {values.factor:g}", field="factor", hint="write how many times the usual trade, such as 4"
        )
    if not values.name.strip():
        raise CannotPlanPeak("it has no name", field="name", hint="call it as people do, such as Black Friday")
    return {
        "name": values.name.strip()[:200],
        "starts_at": start,
        "ends_at": end,
        "zone": values.zone,
        "factor": float(values.factor),
        "has_stricter_paging": values.stricter_paging,
        "has_change_freeze": values.change_freeze,
    }


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import made, and what it left out with the reason."""

    planned: list[str]
    left_out: list[str]


@transaction.atomic
def import_peaks(text: bytes, *, factor: float, actor: Actor, at: datetime) -> Imported:
    """Plan the events of an iCal or CSV file as holidays with `factor`, unless the file gives one of their own.

    The same file again changes what changed and makes nothing twice. Raises `CannotPlanPeak` for what is no calendar.
    """
    actor.require("watch.write")
    if len(text) > LARGEST:
        raise CannotPlanPeak("the file is larger than 1 MB", field="file", hint="export only the years you need")
    read = _read_ical if b"BEGIN:VCALENDAR" in text[:2000].upper() else _read_csv
    found, left_out = read(text, str(shop_zone()), factor)
    planned = []
    for values in found:
        try:
            planned.append(plan_peak(_slug(values), values=values, actor=actor, at=at).name)
        except CannotPlanPeak as refused:
            left_out.append(f"{values.name}: {refused.message}")
    return Imported(planned=planned, left_out=left_out)


def _slug(values: PeakValues) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", values.name.lower()).strip("-")[:48] or "day"
    return f"{stem}-{values.start:%Y%m%d}"


def _read_ical(text: bytes, zone: str, factor: float) -> tuple[list[PeakValues], list[str]]:
    from icalendar import Calendar  # noqa: PLC0415  (only when a calendar is brought)

    try:
        events = Calendar.from_ical(text).walk("VEVENT")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise CannotPlanPeak("this is no iCal file", field="file", hint="export it again as .ics") from error
    found, left_out = [], []
    for event in events[:MOST_EVENTS]:
        name = str(event.get("SUMMARY") or "").strip()
        start = getattr(event.get("DTSTART"), "dt", None)
        if not name or start is None:
            left_out.append(f"{name or 'an event without a name'}: no name or no start")
        elif event.get("RRULE") is not None:
            left_out.append(f"{name}: it repeats; a calendar with each year's own days is needed")
        else:
            end = getattr(event.get("DTEND"), "dt", None) or start + timedelta(days=1)
            found.append(PeakValues(name=name, start=_start(start), end=_start(end), zone=zone, factor=factor))
    return found, left_out


def _start(day: date | datetime) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time())


def _read_csv(text: bytes, zone: str, factor: float) -> tuple[list[PeakValues], list[str]]:
    try:
        rows = csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""))
        names = {str(name).strip().lower() for name in rows.fieldnames or []}
        lines = list(rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CannotPlanPeak("this is neither iCal nor CSV in UTF-8", field="file", hint="export it again") from error
    if not {"name", "start"} <= names:
        raise CannotPlanPeak(
            "a CSV file needs the columns name and start", field="file", hint="end, factor, zone may follow"
        )
    found, left_out = [], []
    for number, line in enumerate(lines[:MOST_EVENTS], start=2):
        said = {str(key).strip().lower(): str(value or "").strip() for key, value in line.items() if key}
        try:
            found.append(_from_line(said, zone, factor))
        except ValueError as error:
            left_out.append(f"line {number}: {error}")
    return found, left_out


def _from_line(said: Mapping[str, str], zone: str, factor: float) -> PeakValues:
    start = datetime.fromisoformat(said["start"])
    if said.get("end"):
        end = datetime.fromisoformat(said["end"])
        end += timedelta(days=1) if len(said["end"]) == 10 else timedelta(0)  # a day as the end is that whole day
    else:
        end = start + timedelta(days=1)
    return PeakValues(
        name=said["name"],
        start=start,
        end=end,
        zone=said.get("zone") or zone,
        factor=float(said.get("factor") or factor),
        stricter_paging=said.get("stricter_paging", "").lower() in ("1", "yes", "true"),
        change_freeze=said.get("change_freeze", "").lower() in ("1", "yes", "true"),
    )
