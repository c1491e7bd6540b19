"""What an incident has to do with others: links, merging, taking apart, alerts that belong elsewhere, privacy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.respond import selectors, services
from stormproof.respond.models import Incident
from stormproof.web.requests import Request, acts
from stormproof.web.respond.forms import depth as forms
from stormproof.web.respond.views.acting import add_refusal, back_to, incident_of


def _link(request: Request, incident: Incident, data: dict[str, Any]) -> Incident:
    services.link_incidents(incident, other=data["other"], kind=data["kind"], actor=request.actor, at=now())
    return incident


def _merge(request: Request, incident: Incident, data: dict[str, Any]) -> Incident:
    services.merge_incidents(incident, into=data["other"], actor=request.actor, at=now())
    return data["other"]  # type: ignore[no-any-return]


def _split(request: Request, incident: Incident, data: dict[str, Any]) -> Incident:
    alerts = [selectors.alert_for(request.actor, int(id)) for id in data["alerts"]]
    return services.split_incident(incident, alerts=alerts, reason=data["reason"], actor=request.actor, at=now())


def _attach(request: Request, incident: Incident, data: dict[str, Any]) -> Incident:
    for id in data["alerts"]:
        alert = selectors.alert_for(request.actor, int(id))
        services.attach_alert(alert, to=data["other"], reason=data["reason"], actor=request.actor, at=now())
    return incident


def _privacy(request: Request, incident: Incident, data: dict[str, Any]) -> Incident:
    services.set_privacy(
        incident, is_private=not incident.is_private, reason=data["reason"], actor=request.actor, at=now()
    )
    return incident


ACTS: dict[str, tuple[str, Callable[[Request, Incident, dict[str, Any]], Incident]]] = {
    "link": ("Link to another", _link),
    "merge": ("Make it part of another", _merge),
    "split": ("Alerts that are an incident of their own", _split),
    "attach": ("Alerts that belong to another", _attach),
    "privacy": ("Who may know of it", _privacy),
}


@acts("respond.act")
def relations(request: Request, number: int) -> HttpResponse:
    """Every way to put incidents together and to take them apart."""
    incident = incident_of(request, number)
    sent = request.POST.get("do", "") if request.method == "POST" else ""
    bound = {act: _form(request, incident, act, is_sent=act == sent) for act in ACTS}
    form = bound.get(sent)
    if form is not None and form.is_valid():
        try:
            return back_to(ACTS[sent][1](request, incident, form.cleaned_data))
        except Refused as refused:
            add_refusal(form, refused)
    context = {
        "incident": incident,
        "forms": [(act, ACTS[act][0], one) for act, one in bound.items()],
        "related": selectors.related_to(request.actor, incident),
        "merges": selectors.merges_of(incident),
        "back_url": reverse("incident", args=[number]),
    }
    status = 422 if any(one.errors for one in bound.values()) else 200
    return render(request, "respond/relations.html", context, status=status)


def _form(request: Request, incident: Incident, act: str, *, is_sent: bool) -> Form:
    data = request.POST if is_sent else None
    if act == "privacy":
        return forms.PrivacyForm(data, prefix=act)
    others = selectors.incidents_for(request.actor).exclude(pk=incident.pk)
    alerts = selectors.alerts_of(incident)
    return forms.RELATION_FORMS[act](data, prefix=act, others=others, alerts=alerts)


@require_POST
@acts("respond.act")
def unlink(request: Request, number: int, id: int) -> HttpResponse:
    """Take a link away."""
    incident = incident_of(request, number)
    services.unlink_incidents(selectors.link_for(request.actor, incident, id), actor=request.actor, at=now())
    return redirect("incident_relations", number=number)


@require_POST
@acts("respond.act")
def undo(request: Request, number: int, id: int) -> HttpResponse:
    """Take a merge apart again."""
    incident = incident_of(request, number)
    services.undo_merge(selectors.merge_for(request.actor, incident, id), actor=request.actor, at=now())
    return redirect("incident_relations", number=number)


@acts("respond.act")
def update(request: Request, number: int, audience: str) -> HttpResponse:
    """Write to an audience: first what it would say and who gets it, then it goes out."""
    incident = incident_of(request, number)
    found = selectors.audience_named(audience)
    if incident.is_private and not found.sees_private:
        raise NotFound(f"There is no audience {audience} for {incident.label}")
    subject, text = selectors.draft_update(incident, found, now())
    form = forms.UpdateForm(request.POST or None, initial={"subject": subject, "text": text})
    form.fields["next_in"].initial = f"{found.every_seconds // 60}m" if found.every_seconds else ""
    is_preview = request.POST.get("do") == "preview"
    if form.is_valid() and not is_preview:
        data = form.cleaned_data
        try:
            services.send_update(
                incident,
                found,
                subject=data["subject"],
                text=data["text"],
                next_in_seconds=data["next_in"],
                actor=request.actor,
                at=now(),
            )
        except services.CannotSendUpdate as refused:
            add_refusal(form, refused)
        else:
            return back_to(incident)
    context = {
        "incident": incident,
        "audience": found,
        "form": form,
        "recipients": selectors.recipients_of(found),
        "preview": form.cleaned_data if is_preview and not form.errors else None,
        "sent": selectors.updates_of(incident).filter(audience=found.slug),
        "back_url": reverse("incident", args=[number]),
    }
    return render(request, "respond/update.html", context, status=422 if form.errors else 200)
