"""Pages of the peak calendar: a year at a glance, one peak, and an import."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from stormproof.business.selectors import shop_zone
from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.watch import selectors
from stormproof.watch.models import Peak
from stormproof.watch.services.calendar import LARGEST, PeakValues, import_peaks, plan_peak, remove_peak
from stormproof.web.requests import Request, acts, reads

INPUT = {"type": "datetime-local"}
SHOWN_AS = "%Y-%m-%dT%H:%M"


class PeakForm(forms.Form):
    """A peak as a person says it."""

    name = forms.CharField(max_length=200, help_text="As people call it, such as Black Friday or Easter Monday.")
    start = forms.DateTimeField(widget=forms.DateTimeInput(INPUT, SHOWN_AS), label="Starts")
    end = forms.DateTimeField(widget=forms.DateTimeInput(INPUT, SHOWN_AS), label="Ends")
    zone = forms.CharField(
        max_length=64, label="Time zone", help_text="The zone of these times, such as Europe/Berlin."
    )
    factor = forms.FloatField(
        initial=1.0,
        min_value=0.01,
        max_value=1000,
        help_text="Trade expected: 4 is four times the usual, 0.5 half of it.",
    )
    stricter_paging = forms.BooleanField(
        required=False, label="Stricter paging", help_text="What would only be degraded pages."
    )
    change_freeze = forms.BooleanField(required=False, label="Change freeze", help_text="Shown on the overview.")

    def values(self) -> PeakValues:
        """What was typed, as wall-clock times of the zone."""
        said = self.cleaned_data
        start, end = (said[name].replace(tzinfo=None) for name in ("start", "end"))
        return PeakValues(**{**said, "start": start, "end": end})


@reads("watch.read")
def show_peaks(request: Request) -> HttpResponseBase:
    """The year, month by month, with its peaks and holidays."""
    at, zone = now(), shop_zone()
    year = _year(request.GET.get("year", ""), at.astimezone(zone).year)
    found = list(selectors.peaks(request.actor, year=year))
    context = {
        "year": year,
        "months": _months(year, found, zone, at.astimezone(zone).date()),
        "peaks": found,
        "at": at,
        "weekdays": [name[:2] for name in calendar.day_abbr],
        "may_write": request.actor.may("watch.write"),
    }
    return render(request, "watch/peaks.html", context)


def _year(text: str, current: int) -> int:
    return int(text) if text.isdigit() and 2000 <= int(text) <= 2100 else current


def _months(year: int, found: list[Peak], zone: ZoneInfo, today: date) -> list[dict[str, Any]]:
    marks: dict[date, list[Peak]] = {}
    for peak in found:
        day, last = (
            peak.starts_at.astimezone(zone).date(),
            (peak.ends_at - timedelta(seconds=1)).astimezone(zone).date(),
        )
        while day <= last:
            marks.setdefault(day, []).append(peak)
            day += timedelta(days=1)
    weeks = calendar.Calendar()
    return [
        {
            "name": calendar.month_name[month],
            "weeks": [
                [
                    {
                        "day": day.day if day.month == month else "",
                        "peaks": marks.get(day, []) if day.month == month else [],
                        "title": ", ".join(peak.name for peak in marks.get(day, [])),
                        "is_today": day == today and day.month == month,
                    }
                    for day in week
                ]
                for week in weeks.monthdatescalendar(year, month)
            ],
        }
        for month in range(1, 13)
    ]


@reads("watch.write")
def edit_peak(request: Request, slug: str = "") -> HttpResponseBase:
    """A new peak, or one that is there."""
    peak = selectors.peak_for(request.actor, slug) if slug else None
    form = PeakForm(request.POST or None, initial=_initial(peak))
    if request.method == "POST" and form.is_valid():
        name = slug or slugify(f"{form.cleaned_data['name'][:48]}-{form.cleaned_data['start']:%Y%m%d}")
        try:
            plan_peak(name, values=form.values(), actor=request.actor, at=now())
            return redirect("peaks")
        except Refused as refused:
            form.add_error(
                refused.field if refused.field in form.fields else None, f"{refused.message}; {refused.hint}"
            )
    return render(request, "watch/peak.html", {"form": form, "peak": peak}, status=422 if form.errors else 200)


def _initial(peak: Peak | None) -> dict[str, Any]:
    if peak is None:
        return {"zone": str(shop_zone())}
    zone = ZoneInfo(peak.zone)
    return {
        "name": peak.name,
        "start": peak.starts_at.astimezone(zone).replace(tzinfo=UTC),
        "end": peak.ends_at.astimezone(zone).replace(tzinfo=UTC),
        "zone": peak.zone,
        "factor": peak.factor,
        "stricter_paging": peak.has_stricter_paging,
        "change_freeze": peak.has_change_freeze,
    }


@require_POST
@acts("watch.write")
def remove(request: Request, slug: str) -> HttpResponseBase:
    """Take a peak out of the calendar."""
    peak = selectors.peak_for(request.actor, slug)
    remove_peak(peak, actor=request.actor, at=now())
    messages.success(request, f"{peak.name} is no longer in the calendar.")
    return redirect("peaks")


@require_POST
@acts("watch.write")
def bring_peaks(request: Request) -> HttpResponseBase:
    """Import holidays from an iCal or CSV file."""
    file = request.FILES.get("file")
    try:
        text = file.read(LARGEST + 1) if file else b""
        factor = _number(request.POST.get("factor", ""))
        done = import_peaks(text, factor=factor, actor=request.actor, at=now())
        messages.success(request, f"{len(done.planned)} planned.")
        for words in done.left_out[:20]:
            messages.warning(request, f"Left out: {words}")
    except Refused as refused:
        messages.error(request, f"{refused.message}. {refused.hint.capitalize()}.")
    return redirect("peaks")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def peaks_at(at: datetime) -> list[tuple[Peak, bool]]:
    """For the overview: the peaks of now and of the next 14 days, with whether they are on."""
    return [(peak, peak.starts_at <= at) for peak in selectors.peaks_near(at)]
