"""Making and changing on-call schedules: their layers, temporary schedules and calendars."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.respond import selectors, services
from stormproof.respond.models import Schedule
from stormproof.web.people.forms import put_refusal
from stormproof.web.requests import Request, acts
from stormproof.web.respond.forms import on_call as forms
from stormproof.web.respond.views.on_call import asks, zone_of_reader


@acts("respond.write")
def new_schedule(request: Request) -> HttpResponse:
    """Make a schedule; its first layer comes next."""
    form = forms.ScheduleForm(request.POST or None, is_new=True, initial={"zone": zone_of_reader(request).key})
    if form.is_valid():
        try:
            made = services.put_schedule(**form.cleaned_data, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("new-layer", made.slug)
    sentence = "Then say who takes turns."
    return asks(request, form, title="New on-call schedule", button="Make it", back="", sentence=sentence)


@acts("respond.write")
def edit_schedule(request: Request, slug: str) -> HttpResponse:
    """Change the name, team, zone and holidays."""
    found = selectors.schedule_for(request.actor, slug)
    said = {"name": found.name, "team": found.team, "zone": found.zone, "holidays": " ".join(found.holidays)}
    form = forms.ScheduleForm(request.POST or None, is_new=False, initial=said)
    if form.is_valid():
        layers = [services.part_of(layer) for layer in selectors.layers_of(found)]
        try:
            services.put_schedule(slug, **form.cleaned_data, layers=layers, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("schedule", slug)
    return asks(request, form, title=f"Change {found.name}", button="Save", back=slug)


@acts("respond.write")
def new_layer(request: Request, slug: str) -> HttpResponse:
    """Add a layer on top."""
    found = selectors.schedule_for(request.actor, slug)
    said = {"zone": found.zone, "starts_on": now().date()}
    return _layer(request, found, forms.LayerForm(request.POST or None, initial=said), position=None)


@acts("respond.write")
def edit_layer(request: Request, slug: str, position: int) -> HttpResponse:
    """Change a layer."""
    found = selectors.schedule_for(request.actor, slug)
    part = _part(found, position)
    if part.sites or len(part.hours) > 1:
        messages.warning(request, "This layer has sites or several hours: change it in continuity.yaml or by the API.")
        return redirect("schedule", slug)
    form = forms.LayerForm(request.POST or None, initial=forms.typed(part))
    return _layer(request, found, form, position=position)


def _layer(request: Request, found: Schedule, form: forms.LayerForm, *, position: int | None) -> HttpResponse:
    if form.is_valid():
        try:
            services.put_layer(found, form.part(), position=position, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("schedule", found.slug)
    title = f"{'Add a layer to' if position is None else 'Change a layer of'} {found.name}"
    sentence = "People take turns. During its hours a later layer goes before the earlier ones."
    return asks(request, form, title=title, button="Save", back=found.slug, sentence=sentence)


def _part(schedule: Schedule, position: int) -> services.LayerPart:
    layers = selectors.layers_of(schedule)
    if position >= len(layers):
        raise NotFound(f"{schedule} has no layer {position}")
    return services.part_of(layers[position])


@acts("respond.write")
def remove_layer(request: Request, slug: str, position: int) -> HttpResponse:
    """Take a layer away, after a preview."""
    found = selectors.schedule_for(request.actor, slug)
    part = _part(found, position)
    if request.method == "POST":
        services.remove_layer(found, position=position, actor=request.actor, at=now())
        return redirect("schedule", slug)
    preview: list[tuple[str, Any]] = [("Layer", part.name), ("People", len(part.people)), ("History", "Stays")]
    context = {
        "title": f"Remove the layer “{part.name}”",
        "sentence": "From now on it puts nobody on call.",
        "preview": preview,
        "confirm_name": "",
        "action_url": reverse("remove-layer", args=[slug, position]),
        "back_url": reverse("schedule", args=[slug]),
        "button": "Remove it",
    }
    return render(request, "confirm.html", context)


@acts("respond.write")
def retire(request: Request, slug: str) -> HttpResponse:
    """Take a schedule out of use, after a preview."""
    found = selectors.schedule_for(request.actor, slug)
    if request.method == "POST" and request.POST.get("confirm_name") == found.slug:
        services.retire_schedule(found, actor=request.actor, at=now())
        return redirect("on-call")
    at = now()
    standing = selectors.standings([found], at=at)[0]
    context = {
        "title": f"Retire {found.name}",
        "sentence": "Paging policies that name it go on to their next step at once.",
        "preview": [("On call now", standing.person or "nobody"), ("Since", _since(found)), ("History", "Stays")],
        "confirm_name": found.slug,
        "action_url": reverse("retire-schedule", args=[slug]),
        "back_url": reverse("schedule", args=[slug]),
        "button": "Retire it",
    }
    return render(request, "confirm.html", context)


def _since(schedule: Schedule) -> date:
    return schedule.made_at.date()


@acts("respond.write")
def temporary(request: Request, slug: str) -> HttpResponse:
    """For a while other shifts than the layers'."""
    found = selectors.schedule_for(request.actor, slug)
    form = forms.ShiftsForm(request.POST or None, zone=zone_of_reader(request))
    if form.is_valid():
        try:
            services.add_temporary_schedule(found, **form.cleaned_data, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("schedule", slug)
    return asks(request, form, title=f"Temporary schedule: {found.name}", button="Save", back=slug)


@require_POST
@acts("respond.write")
def end_temporary(request: Request, slug: str, id: int) -> HttpResponse:
    """Back to the layers."""
    found = selectors.schedule_for(request.actor, slug)
    row = found.temporaries.filter(pk=id).first()
    if row is None:
        raise NotFound(f"There is no temporary schedule {id}")
    services.end_temporary_schedule(row, actor=request.actor, at=now())
    return redirect("schedule", slug)


@require_POST
@acts("respond.write")
def rotate_address(request: Request, slug: str) -> HttpResponse:
    """A fresh secret calendar address."""
    found = selectors.schedule_for(request.actor, slug)
    services.rotate_calendar_address(schedule=found, actor=request.actor, at=now())
    return redirect("schedule", slug)


@acts("respond.write")
def read_calendar(request: Request, slug: str) -> HttpResponse:
    """Take overrides from a calendar elsewhere, or from a file."""
    found = selectors.schedule_for(request.actor, slug)
    form = forms.CalendarForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            if said["file"]:
                content = said["file"].read()
                services.import_calendar_file(content, schedule=found, actor=request.actor, at=now())
            else:
                services.import_calendar(url=said["url"], schedule=found, actor=request.actor, at=now())
        except Refused as refused:
            put_refusal(form, refused)
        else:
            return redirect("schedule", slug)
    title, sentence = f"Overrides of {found.name} from a calendar", "The title or a guest of an event says who."
    return asks(request, form, title=title, button="Read it", back=slug, sentence=sentence, is_upload=True)
