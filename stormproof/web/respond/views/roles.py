"""Who does what in an incident, who is trained for it, and the severity matrix."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.respond import selectors, services
from stormproof.respond.choices import IncidentRole
from stormproof.respond.rules import words_of
from stormproof.web.requests import Request, acts, reads
from stormproof.web.respond import forms
from stormproof.web.respond.views.acting import add_refusal, back_to, incident_of


@require_POST
@acts("respond.act")
def command(request: Request, number: int) -> HttpResponse:
    """One click: "I take command"."""
    incident = incident_of(request, number)
    services.take_command(incident, actor=request.actor, at=now())
    return back_to(incident)


@acts("respond.act")
def assign(request: Request, number: int, role: str) -> HttpResponse:
    """Give somebody a role; shows who is trained for it and who had it."""
    incident = incident_of(request, number)
    if role not in IncidentRole.values:
        raise NotFound(f"There is no role {role}")
    form = forms.RoleForm(request.POST or None, role=role, today=now().date())
    if form.is_valid():
        try:
            services.assign_role(incident, role=role, actor=request.actor, at=now(), **form.cleaned_data)
        except services.CannotAssignRole as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    context = {
        "incident": incident,
        "label": IncidentRole(role).label,
        "form": form,
        "held": selectors.roles_of(incident).filter(role=role),
        "back_url": reverse("incident", args=[number]),
    }
    return render(request, "respond/role.html", context, status=422 if form.errors else 200)


@require_POST
@acts("respond.act")
def end(request: Request, number: int, id: int) -> HttpResponse:
    """Take a role from somebody."""
    incident = incident_of(request, number)
    assignment = selectors.role_for(request.actor, incident, id)
    services.end_role(assignment, actor=request.actor, at=now())
    return redirect("assign_role", number=number, role=assignment.role)


@reads(selectors.READ)
def severities(request: Request) -> HttpResponse:
    """The severity matrix that holds now."""
    levels = [(one, words_of(one)) for one in selectors.severity_matrix()]
    context = {"levels": levels, "is_built_in": selectors.is_matrix_built_in()}
    return render(request, "respond/severities.html", context)


@reads(selectors.READ)
def trained(request: Request) -> HttpResponse:
    """Who is trained for which role; a POST records one."""
    today = now().date()
    form = forms.QualificationForm(request.POST or None, initial={"trained_on": today})
    if request.method == "POST":
        request.actor.require("respond.write")
        if form.is_valid():
            try:
                services.record_qualification(actor=request.actor, at=now(), **form.cleaned_data)
            except services.CannotRecordQualification as refused:
                add_refusal(form, refused)
            else:
                return redirect("qualifications")
    context = {
        "people": [(one, one.holds_on(today)) for one in selectors.qualifications()],
        "form": form,
        "can_write": request.actor.may("respond.write"),
    }
    return render(request, "respond/qualifications.html", context, status=422 if form.errors else 200)


@require_POST
@acts("respond.write")
def drop(request: Request, id: int) -> HttpResponse:
    """A person no longer counts as trained."""
    qualification = selectors.qualification_for(request.actor, id)
    services.drop_qualification(qualification, actor=request.actor, at=now())
    return redirect("qualifications")
