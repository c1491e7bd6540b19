"""Legal clocks of an incident: start them, report, set aside, give them to somebody."""

from __future__ import annotations

from datetime import datetime

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.respond import selectors, services
from stormproof.respond.models import Incident, LegalClock
from stormproof.web.requests import Request, acts, reads
from stormproof.web.respond.forms import depth as respond_forms
from stormproof.web.respond.views.acting import add_refusal, incident_of


@reads(selectors.READ)
def legal(request: Request, number: int) -> HttpResponse:
    """The clocks of an incident, and the form that starts them."""
    incident = incident_of(request, number)
    form = respond_forms.StartClocksForm(request.POST or None, at=now())
    if request.method == "POST":
        request.actor.require("respond.act")
        if form.is_valid():
            try:
                services.start_legal_clocks(incident, actor=request.actor, at=now(), **form.cleaned_data)
            except services.CannotStartLegalClocks as refused:
                add_refusal(form, refused)
            else:
                return redirect("incident_legal", number=number)
    context = {
        "incident": incident,
        "clocks": selectors.legal_clocks_of(incident),
        "form": form,
        "at": now(),
        "can_act": request.actor.may("respond.act"),
    }
    return render(request, "respond/legal.html", context, status=422 if form.errors else 200)


@acts("respond.act")
def duty(request: Request, number: int, id: int) -> HttpResponse:
    """One duty: report it, say why it does not apply, or give it to somebody."""
    incident = incident_of(request, number)
    clock = selectors.legal_clock_for(request.actor, incident, id)
    at = now()
    sent = request.POST.get("do", "") if request.method == "POST" else ""
    forms: dict[str, Form] = {
        "report": respond_forms.ReportForm(request.POST if sent == "report" else None, initial={"reported_at": at}),
        "aside": respond_forms.AsideForm(request.POST if sent == "aside" else None),
        "owner": respond_forms.OwnerForm(request.POST if sent == "owner" else None, initial={"owner": clock.owner_id}),
    }
    form = forms.get(sent)
    if form is not None and form.is_valid():
        try:
            _do(request, clock, sent, form, at=at)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return redirect("incident_legal", number=number)
    return _page(request, incident, clock, forms, at=at)


def _do(request: Request, clock: LegalClock, act: str, form: Form, *, at: datetime) -> None:
    if act == "report":
        services.report_duty(clock, actor=request.actor, at=at, **form.cleaned_data)
    elif act == "aside":
        services.set_duty_aside(clock, actor=request.actor, at=at, **form.cleaned_data)
    else:
        services.give_duty(clock, actor=request.actor, at=at, **form.cleaned_data)


def _page(
    request: Request, incident: Incident, clock: LegalClock, forms: dict[str, Form], *, at: datetime
) -> HttpResponse:
    names = {"report": "Reported", "aside": "Does not apply", "owner": "Owner"}
    context = {
        "incident": incident,
        "clock": clock,
        "forms": [(act, names[act], form) for act, form in forms.items()],
        "at": at,
        "back_url": reverse("incident_legal", args=[incident.number]),
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "respond/duty.html", context, status=status)
