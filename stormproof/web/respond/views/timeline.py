"""One line of a timeline with its earlier wordings, and the whole of it to take away."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.respond import selectors, services
from stormproof.web.requests import Request, reads
from stormproof.web.respond import forms
from stormproof.web.respond.views.acting import add_refusal, back_to, incident_of


@reads(selectors.READ)
def entry(request: Request, number: int, id: int) -> HttpResponse:
    """What a line says, what it said before, and the form to rewrite it."""
    incident = incident_of(request, number)
    found = selectors.entry_for(request.actor, incident, id)
    may_edit = found.is_editable and request.actor.may("respond.act")
    form = forms.EntryForm(request.POST or None, initial={"text": found.text}) if may_edit else None
    if request.method == "POST":
        request.actor.require("respond.act")
    if form is not None and form.is_valid():
        try:
            services.edit_entry(found, text=form.cleaned_data["text"], actor=request.actor, at=now())
        except services.CannotEditEntry as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    context = {
        "incident": incident,
        "entry": found,
        "form": form,
        "versions": found.versions.all(),
        "back_url": reverse("incident", args=[number]),
    }
    return render(request, "respond/entry.html", context, status=422 if form is not None and form.errors else 200)


@reads(selectors.READ)
def report(request: Request, number: int, form: str) -> HttpResponse:
    """The incident as Markdown (`md`) or JSON (`json`)."""
    incident = incident_of(request, number)
    if form == "json":
        answer: HttpResponse = JsonResponse(selectors.report_of(incident, now()), json_dumps_params={"indent": 2})
    elif form == "md":
        text = selectors.markdown_of_incident(incident, now())
        answer = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    else:
        raise NotFound("There is no such form of a report")
    answer["Content-Disposition"] = f'attachment; filename="inc-{number}.{form}"'
    return answer
