"""Pages of being on call: who is, who comes next, one's shifts, swaps and absences, how the load is shared."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.engine.calendar import moment_of
from stormproof.people import selectors as people
from stormproof.people.models import User
from stormproof.respond import selectors, services
from stormproof.respond.selectors import READ_ON_CALL
from stormproof.web.people.forms import put_refusal
from stormproof.web.requests import Request, acts, reads
from stormproof.web.respond.forms import on_call as forms
from stormproof.web.respond.views.calendars import sheet_of

DUTIES_SHOWN = 30
RISKY = ("=", "+", "-", "@", "\t", "\r")


def reader(request: Request) -> User:
    """The person who looks at the page."""
    return people.person_for(request.actor, request.actor.user_id or 0)


def zone_of_reader(request: Request) -> ZoneInfo:
    """The zone in which clock times are typed and shown."""
    return selectors.zone_of(reader(request))


@reads(READ_ON_CALL)
def on_call(request: Request) -> HttpResponse:
    """Who is on call now and next in each schedule, one's own shifts, what waits for an answer."""
    at, me = now(), reader(request)
    schedules = list(selectors.schedules_for(request.actor))
    mine = selectors.shifts_of_person(me, schedules, start=at, end=at + timedelta(days=60))
    context = {
        "standings": selectors.standings(schedules, at=at),
        "gaps": list(selectors.gaps_ahead(request.actor)[:5]),
        "mine": mine[:8],
        "me": me,
        "swaps": selectors.swaps_for(request.actor),
        "address": _address(services.url_of, selectors.calendar_address_of(user_id=me.pk)),
        "can_write": request.actor.may("respond.write"),
        "can_act": request.actor.may("respond.act"),
        "sentence": _sentence(schedules, mine, at),
    }
    return render(request, "respond/on_call.html", context)


def _sentence(schedules: list[Any], mine: list[Any], at: datetime) -> str:
    if not schedules:
        return "Nobody is on call by a schedule yet: teams are paged in the order of their members."
    if mine and mine[0].start <= at:
        return f"You are on call in {mine[0].schedule.name}."
    return "You are not on call." + (f" Your next shift: {mine[0].schedule.name}." if mine else "")


def _address(read: Any, found: Any) -> str:
    return str(read(found)) if found is not None else ""


@reads(READ_ON_CALL)
def schedule(request: Request, slug: str) -> HttpResponse:
    """One schedule: now and next, its calendar, what changes it, its layers, who was on call when."""
    found, at = selectors.schedule_for(request.actor, slug), now()
    zone = zone_of_reader(request)
    view = "week" if request.GET.get("view") == "week" else "month"
    around = _date(request.GET.get("day", "")) or at.astimezone(zone).date()
    context = {
        "schedule": found,
        "standing": selectors.standings([found], at=at)[0],
        "sheet": sheet_of(found, view=view, around=around, zone=zone, at=at),
        "zone": zone,
        "layers": [services.part_of(layer) for layer in selectors.layers_of(found)],
        "overrides": selectors.overrides_ahead(found, at=at),
        "temporaries": selectors.temporaries_ahead(found, at=at),
        "gaps": found.gaps.all()[:5],
        "too_much": selectors.overloaded_people([found], at=at),
        "duties": selectors.duties_of(found)[:DUTIES_SHOWN],
        "note": selectors.latest_note(found),
        "address": _address(services.url_of, selectors.calendar_address_of(schedule=found)),
        "imports": selectors.imports_of(user_id=None, schedule=found),
        "can_write": request.actor.may("respond.write"),
        "can_act": request.actor.may("respond.act"),
        "me": reader(request),
    }
    return render(request, "respond/schedule.html", context)


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1980 <= found.year <= 2200 else None


@reads(READ_ON_CALL)
def report(request: Request) -> HttpResponse:
    """How on call is shared: hours, nights, weekends, shifts, pages per person; past and planned."""
    at, zone = now(), zone_of_reader(request)
    today = at.astimezone(zone).date()
    first = _date(request.GET.get("from", "")) or today - timedelta(days=90)
    last = _date(request.GET.get("to", "")) or today
    last = min(max(last, first), first + timedelta(days=400))
    start = moment_of(datetime.combine(first, time.min), zone)
    end = moment_of(datetime.combine(last + timedelta(days=1), time.min), zone)
    shares = selectors.shares_of(list(selectors.schedules_for(request.actor)), start=start, end=end, at=at)
    if "csv" in request.GET:
        return _report_csv(shares, first, last)
    return render(request, "respond/on_call_report.html", {"shares": shares, "first": first, "last": last})


def _report_csv(shares: list[selectors.Share], first: date, last: date) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="on-call-{first}-{last}.csv"'
    out = csv.writer(answer)
    out.writerow(["Person", "Hours", "Night hours", "Weekend hours", "Shifts", "Pages", "Too much"])
    for share in shares:
        name = str(share.person)
        load = share.load
        figures = [f"{load.hours:.1f}", f"{load.nights:.1f}", f"{load.weekends:.1f}", load.shifts, share.pages]
        out.writerow([f"'{name}" if name.startswith(RISKY) else name, *figures, "yes" if share.is_too_much else ""])
    return answer


@login_not_required
@never_cache
@require_safe
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """The shifts of a person or schedule, for a calendar program that knows the secret address."""
    address = selectors.calendar_behind(token)
    return HttpResponse(services.calendar_file(address, at=now()), content_type="text/calendar; charset=utf-8")


@acts("respond.act")
def note(request: Request, slug: str) -> HttpResponse:
    """Leave a note for who comes."""
    found = selectors.schedule_for(request.actor, slug)
    form = forms.HandOffForm(request.POST or None)
    if form.is_valid():
        services.leave_note(found, text=form.cleaned_data["text"], actor=request.actor, at=now())
        messages.success(request, "Whoever comes next reads it.")
        return redirect("schedule", slug)
    return asks(request, form, title=f"Hand-off: {found.name}", button="Leave the note", back=found.slug)


@acts("respond.act")
def override(request: Request, slug: str) -> HttpResponse:
    """Put somebody on call for a while."""
    found = selectors.schedule_for(request.actor, slug)
    said = {"person": request.actor.user_id}
    form = forms.OverrideForm(request.POST or None, zone=zone_of_reader(request), initial=said)
    if form.is_valid():
        try:
            services.add_override(found, **form.cleaned_data, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("schedule", slug)
    return asks(request, form, title=f"Take over in {found.name}", button="Put on call", back=found.slug)


@require_POST
@acts("respond.act")
def end_override(request: Request, slug: str, id: int) -> HttpResponse:
    """Take an override away."""
    found = selectors.override_for(selectors.schedule_for(request.actor, slug), id)
    services.end_override(found, actor=request.actor, at=now())
    return redirect("schedule", slug)


@acts("respond.act")
def swap(request: Request, slug: str) -> HttpResponse:
    """Ask somebody to take one's shift."""
    found = selectors.schedule_for(request.actor, slug)
    form = forms.SwapForm(request.POST or None, zone=zone_of_reader(request))
    if form.is_valid():
        said = form.cleaned_data
        back = (said["back_starts_at"], said["back_ends_at"]) if said["back_starts_at"] else None
        wanted = {key: said[key] for key in ("asked", "starts_at", "ends_at", "note")}
        try:
            services.ask_swap(found, **wanted, back=back, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            messages.success(request, f"{said['asked']} was asked.")
            return redirect("schedule", slug)
    sentence = "Nothing changes before they accept."
    return asks(request, form, title=f"Swap a shift in {found.name}", button="Ask", back=found.slug, sentence=sentence)


@require_POST
@reads(READ_ON_CALL)
def answer_swap(request: Request, id: int, state: str) -> HttpResponse:
    """Accept, decline or withdraw a swap."""
    services.answer_swap(selectors.swap_for(request.actor, id), state=state, actor=request.actor, at=now())
    return redirect("on-call")


@reads(READ_ON_CALL)
def absences(request: Request) -> HttpResponse:
    """Who is away, one's own absences, and the calendars they are read from."""
    me = reader(request)
    form = forms.AbsenceForm(request.POST or None, zone=zone_of_reader(request))
    if form.is_valid():
        try:
            services.add_absence(me, **form.cleaned_data, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            messages.success(request, "The next of the rotation stands in for you.")
            return redirect("absences")
    context = {
        "form": form,
        "calendar_form": forms.CalendarForm(),
        "absences": selectors.absences_ahead(at=now())[:200],
        "imports": selectors.imports_of(user_id=me.pk),
        "me": me,
    }
    return render(request, "respond/absences.html", context, status=422 if form.errors else 200)


@require_POST
@reads(READ_ON_CALL)
def end_absence(request: Request, id: int) -> HttpResponse:
    """One is back."""
    services.end_absence(selectors.absence_for(request.actor, id), actor=request.actor, at=now())
    return redirect("absences")


@require_POST
@reads(READ_ON_CALL)
def read_calendar(request: Request) -> HttpResponse:
    """Take absences from a calendar elsewhere, or from a file."""
    form = forms.CalendarForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            if form.cleaned_data["file"]:
                content = form.cleaned_data["file"].read()
                me = reader(request)
                count = services.import_calendar_file(content, person=me, actor=request.actor, at=now())
                messages.success(request, f"Absences taken over: {count}.")
            else:
                services.import_calendar(url=form.cleaned_data["url"], actor=request.actor, at=now())
                messages.success(request, "The calendar is read within a minute.")
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("absences")
    return asks(request, form, title="A calendar elsewhere", button="Read it", back="")


@require_POST
@reads(READ_ON_CALL)
def forget_calendar(request: Request, id: int) -> HttpResponse:
    """Read a calendar no more."""
    found = selectors.import_for(request.actor, id)
    services.forget_calendar(found, actor=request.actor, at=now())
    return redirect("schedule", found.schedule.slug) if found.schedule else redirect("absences")


@require_POST
@reads(READ_ON_CALL)
def rotate_my_address(request: Request) -> HttpResponse:
    """A fresh secret address for one's own shifts."""
    services.rotate_calendar_address(actor=request.actor, at=now())
    return redirect("on-call")


def asks(
    request: Request, form: Any, *, title: str, button: str, back: str, sentence: str = "", is_upload: bool = False
) -> HttpResponse:
    """A page with one form, and the way back to the schedule `back` or to the list."""
    context = {"form": form, "title": title, "button": button, "sentence": sentence, "back": back}
    context["is_upload"] = is_upload
    return render(request, "respond/on_call_form.html", context, status=422 if form.errors else 200)
