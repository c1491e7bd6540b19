"""What people do in an incident: each act is one call of a service, then back to the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.recover import selectors as recover
from stormproof.respond import selectors, services
from stormproof.respond.models import Incident
from stormproof.web.requests import Request, acts
from stormproof.web.respond import forms


def incident_of(request: Request, number: int) -> Incident:
    """The incident of that number, if the actor may know of it."""
    return selectors.incident_numbered(request.actor, number)


def back_to(incident: Incident) -> HttpResponse:
    """Back to the page of the incident."""
    return redirect("incident", number=incident.number)


def add_refusal(form: Form, refused: Refused) -> None:
    """Put a refusal at its field, or above the form."""
    field = refused.field if refused.field in form.fields else None
    form.add_error(field, f"{refused.message}. {refused.hint}".rstrip(". ") + ".")


def asks(
    request: Request, incident: Incident | None, form: Form, *, title: str, button: str, sentence: str = ""
) -> HttpResponse:
    """A form on a page of its own, with what is wrong at its fields."""
    context = {"incident": incident, "form": form, "title": title, "button": button, "sentence": sentence}
    return render(request, "respond/form.html", context, status=422 if form.errors else 200)


@acts("respond.act")
def declare(request: Request) -> HttpResponse:
    """Open an incident by hand."""
    form = forms.DeclareForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            incident = services.declare_incident(
                title=data["title"],
                functions=list(data["functions"]),
                root=data["root"],
                severity=int(data["severity"]) if data["severity"] else None,
                is_private=data["is_private"],
                actor=request.actor,
                at=now(),
            )
        except services.CannotDeclareIncident as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    sentence = "Somebody is paged at once, and the clock starts."
    return asks(request, None, form, title="Declare an incident", button="Declare and page", sentence=sentence)


@require_POST
@acts("respond.act")
def acknowledge(request: Request, number: int) -> HttpResponse:
    """Say "I am on it"."""
    incident = incident_of(request, number)
    services.acknowledge_incident(incident, actor=request.actor, at=now())
    return back_to(incident)


@acts("respond.act")
def mitigate(request: Request, number: int) -> HttpResponse:
    """Say that customers are no longer hit."""
    incident = incident_of(request, number)
    form = forms.MitigateForm(request.POST or None)
    if form.is_valid():
        try:
            services.mitigate_incident(incident, actor=request.actor, at=now(), **form.cleaned_data)
        except services.CannotMitigateIncident as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    sentence = "The clock and the cost stand still; the incident goes on until the cause is gone."
    return asks(request, incident, form, title=f"{incident.label} is stable", button="Stable", sentence=sentence)


@acts("respond.act")
def resolve(request: Request, number: int) -> HttpResponse:
    """End it by hand, with a reason."""
    incident = incident_of(request, number)
    form = forms.ResolveForm(request.POST or None)
    if form.is_valid():
        try:
            services.resolve_incident(incident, actor=request.actor, at=now(), **form.cleaned_data)
        except services.CannotResolveIncident as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    sentence = "It resolves by itself once all monitors are green. The review is opened either way."
    return asks(request, incident, form, title=f"Resolve {incident.label}", button="Resolve", sentence=sentence)


@acts("respond.act")
def severity(request: Request, number: int) -> HttpResponse:
    """Set the severity by hand."""
    incident = incident_of(request, number)
    form = forms.SeverityForm(request.POST or None, initial={"severity": incident.severity})
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.change_severity(
                incident, severity=int(data["severity"]), reason=data["reason"], actor=request.actor, at=now()
            )
        except services.CannotChangeSeverity as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    sentence = "A graver one pages the people in charge again. From then on the machine leaves it alone."
    return asks(request, incident, form, title=f"Severity of {incident.label}", button="Change", sentence=sentence)


@acts("respond.act")
def hand_over(request: Request, number: int) -> HttpResponse:
    """Make somebody else the commander."""
    incident = incident_of(request, number)
    form = forms.HandOverForm(request.POST or None)
    if form.is_valid():
        try:
            services.hand_over(incident, to=form.cleaned_data["to"], actor=request.actor, at=now())
        except services.CannotHandOver as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    return asks(request, incident, form, title=f"Hand over {incident.label}", button="Hand over")


@require_POST
@acts("respond.act")
def note(request: Request, number: int) -> HttpResponse:
    """Write a note on the timeline."""
    incident = incident_of(request, number)
    form = forms.NoteForm(request.POST)
    if not form.is_valid():
        return asks(request, incident, form, title=f"A note on {incident.label}", button="Add note")
    services.add_note(incident, actor=request.actor, at=now(), **form.cleaned_data)
    return back_to(incident)


@require_POST
@acts("respond.act")
def pin(request: Request, number: int, id: int) -> HttpResponse:
    """Keep a line at the top, or let it go."""
    incident = incident_of(request, number)
    entry = selectors.entry_for(request.actor, incident, id)
    services.pin_entry(entry, is_pinned=not entry.is_pinned, actor=request.actor)
    return back_to(incident)


@require_POST
@acts("respond.act")
def task(request: Request, number: int) -> HttpResponse:
    """Add a task."""
    incident = incident_of(request, number)
    form = forms.TaskForm(request.POST)
    if not form.is_valid():
        return asks(request, incident, form, title=f"A task for {incident.label}", button="Add task")
    data, at = form.cleaned_data, now()
    due_at = at + timedelta(seconds=data["due_in"]) if data["due_in"] else None
    services.add_task(
        incident, title=data["title"], assignee=data["assignee"], due_at=due_at, actor=request.actor, at=at
    )
    return back_to(incident)


@require_POST
@acts("respond.act")
def task_done(request: Request, number: int, id: int) -> HttpResponse:
    """Mark a task done."""
    incident = incident_of(request, number)
    services.finish_task(selectors.task_for(request.actor, incident, id), actor=request.actor, at=now())
    return back_to(incident)


@acts("recover.run")
def run(request: Request, number: int, slug: str) -> HttpResponse:
    """Start a procedure for the incident, after a preview."""
    incident = incident_of(request, number)
    procedure = recover.procedure_for(request.actor, slug)
    if request.method == "POST":
        started = services.start_procedure(incident, procedure, actor=request.actor, at=now())
        messages.success(request, f"“{procedure.name}” is running.")
        return redirect(_run_url(started.pk) or reverse("incident", args=[number]))
    steps: list[Any] = procedure.definition.get("steps", [])
    preview = [
        ("For", str(incident)),
        ("Recovers", procedure.node.name),
        ("Steps", ", then ".join(str(step.get("name") or step.get("id")) for step in steps) or "none"),
        ("Really?", "A drill: marked as such" if incident.is_drill else "Yes, on the real thing"),
    ]
    context = {
        "title": f"Run “{procedure.name}”",
        "sentence": f"{len(steps)} steps, started for {incident.label}.",
        "preview": preview,
        "confirm_name": "",
        "action_url": reverse("run_for_incident", args=[number, slug]),
        "back_url": reverse("incident", args=[number]),
        "button": "Run it now",
        "hidden": {},
    }
    return render(request, "confirm.html", context)


def _run_url(id: int) -> str:
    try:
        return reverse("run", args=[id])
    except NoReverseMatch:
        return ""
