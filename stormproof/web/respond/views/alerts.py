"""Pages of external alerts: the list, one of them, silences, the routing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import yaml
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.respond import selectors, services
from stormproof.respond.choices import ALERT_SEVERITIES
from stormproof.respond.kinds import CannotRead
from stormproof.respond.rules.routing import matchers_of, written
from stormproof.respond.selectors import AlertFilter
from stormproof.respond.services.outlook import outlook_of
from stormproof.web.requests import Request, acts, reads
from stormproof.web.respond import forms

FILTERS = ("state", "severity", "source", "node", "label", "quiet", "q")
LONGEST_ROUTING = 200_000
EXAMPLE = """routes:
  - name: Night, nothing grave
    matchers: [{label: environment, op: "~", value: "staging|test*"}]
    from_time: "20:00"
    until_time: "08:00"
    action: log
  - name: Payments are always critical
    matchers: [{label: service, value: payments}]
    action: page
    severity: 1
inhibitions:
  - name: A cluster that is down explains its hosts
    source: [{label: alertname, value: ClusterDown}]
    target: [{label: alertname, op: "~", value: "Host*"}]
    equal: [cluster]
"""


@reads(selectors.READ)
def alerts(request: Request) -> HttpResponse:
    """What other systems report, the gravest and newest first."""
    asked = {name: request.GET.get(name, "").strip()[:200] for name in FILTERS}
    refused, page = None, None
    try:
        page = selectors.alert_page(request.actor, _filter_of(asked), after=request.GET.get("after", ""))
    except selectors.CannotFindAlerts as error:
        refused = error
    given = {name: value for name, value in asked.items() if value}
    context = {
        "page": page,
        "refused": refused,
        "asked": asked,
        "is_narrowed": bool(given),
        "counts": selectors.alert_counts(request.actor),
        "sources": selectors.integrations(request.actor),
        "severities": ALERT_SEVERITIES,
        "query": urlencode(given),
        "next_query": urlencode({**given, "after": page.after}) if page and page.after else "",
        "is_first": not request.GET.get("after"),
        "can_act": request.actor.may("respond.act"),
    }
    return render(request, "respond/alerts.html", context, status=422 if refused else 200)


def _filter_of(asked: dict[str, str]) -> AlertFilter:
    severity = asked["severity"]
    return AlertFilter(
        state=asked["state"],
        severity=int(severity) if severity.isdecimal() and len(severity) < 3 else (0 if severity else None),
        source=asked["source"],
        node=asked["node"],
        label=asked["label"],
        quiet=asked["quiet"],
        words=asked["q"],
    )


@require_POST
@acts("respond.act")
def act_on_alerts(request: Request) -> HttpResponse:
    """Acknowledge or end the ticked alerts, or all that match the filters."""
    if request.POST.get("all"):
        asked = {name: request.POST.get(name, "").strip()[:200] for name in FILTERS}
        found = selectors.external_alerts(request.actor, _filter_of(asked))
        ids = list(found.order_by().values_list("pk", flat=True)[:100_000])
    else:
        ids = [int(id) for id in request.POST.getlist("id") if id.isdecimal() and len(id) < 19]
    service, word = {
        "acknowledge": (services.acknowledge_alerts, "acknowledged"),
        "end": (services.end_alerts, "ended"),
    }.get(request.POST.get("act", ""), (services.acknowledge_alerts, "acknowledged"))
    count = service(ids, actor=request.actor, at=now())
    messages.success(request, f"{count} alert{'' if count == 1 else 's'} {word}.")
    query = urlencode({name: value for name in FILTERS if (value := request.POST.get(name, ""))})
    return redirect(f"/alerts/?{query}" if query else "/alerts/")


@reads(selectors.READ)
def alert(request: Request, id: int) -> HttpResponse:
    """One external alert: what it says, whether somebody is told, and why not."""
    found = selectors.external_alert_for(request.actor, id)
    incident = found.group.alert.incident if found.group.alert else None
    context = {"alert": found, "incident": incident, "can_act": request.actor.may("respond.act")}
    return render(request, "respond/alert.html", context)


@reads(selectors.READ)
def silences(request: Request) -> HttpResponse:
    """What is silent, until when and why; and a form for more."""
    form = forms.SilenceForm(
        request.POST or None, initial={"matchers": request.GET.get("matchers", "")[:500], "lasts": "2h"}
    )
    if request.method == "POST":
        request.actor.require("respond.act")
        if form.is_valid() and _make_silence(request, form):
            return redirect("silences")
    listed = [(one, written(matchers_of(one.matchers))) for one in selectors.silences(request.actor)[:200]]
    context = {"silences": listed, "form": form, "at": now(), "can_act": request.actor.may("respond.act")}
    return render(request, "respond/silences.html", context, status=422 if form.errors else 200)


def _make_silence(request: Request, form: forms.SilenceForm) -> bool:
    at, data = now(), form.cleaned_data
    try:
        services.create_silence(
            matchers=data["matchers"],
            reason=data["reason"],
            starts_at=at,
            ends_at=at + timedelta(seconds=data["lasts"]),
            repeats=data["repeats"],
            actor=request.actor,
            at=at,
        )
    except services.CannotSilence as refused:
        field = {"ends_at": "lasts"}.get(refused.field, refused.field)
        form.add_error(field if field in form.fields else None, f"{refused.message}. {refused.hint}".strip())
        return False
    messages.success(request, "Alerts that match are silent now.")
    return True


@require_POST
@acts("respond.act")
def end_silence(request: Request, id: int) -> HttpResponse:
    """End a silence early."""
    services.end_silence(selectors.silence_for(request.actor, id), actor=request.actor, at=now())
    messages.success(request, "The silence is over.")
    return redirect("silences")


@reads(selectors.READ)
def routing(request: Request) -> HttpResponse:
    """What becomes of alerts, as text; and what would happen to a sample."""
    data = _plain(selectors.routing_data())
    is_empty = not data["routes"] and not data["inhibitions"]
    text = "" if is_empty else yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
    context: dict[str, Any] = {"text": text, "example": EXAMPLE, "may_write": request.actor.may("respond.write")}
    status = 200
    if request.method == "POST" and request.POST.get("act") == "save":
        request.actor.require("respond.write")
        context["text"] = request.POST.get("routing", "")[:LONGEST_ROUTING]
        try:
            services.set_routing(services.read_routing(_yaml(context["text"])), actor=request.actor, at=now())
        except Refused as refused:
            context["refused"], status = refused, 422
        else:
            messages.success(request, "The routing is kept. Alerts that are open already stay as they are.")
            return redirect("alert-routing")
    context |= _tried(request)
    return render(request, "respond/routing.html", context, status=status)


def _tried(request: Request) -> dict[str, Any]:
    """What would happen to the sample of the form."""
    sources = list(selectors.integrations(request.actor))
    shown: dict[str, Any] = {"sources": sources, "sample": request.POST.get("sample", "")}
    if request.method == "POST" and request.POST.get("act") == "try" and sources:
        source = next((one for one in sources if one.slug == request.POST.get("source")), sources[0])
        shown["source"] = source.slug
        try:
            shown["outlooks"] = outlook_of(source, shown["sample"].encode(errors="replace"), at=now())
        except CannotRead as error:
            shown["unreadable"] = str(error)
    return shown


def _yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise services.CannotSetRouting(f"This is no YAML{where}", field="routing") from error
    except (RecursionError, ValueError) as error:
        raise services.CannotSetRouting("This is no YAML that can be read", field="routing") from error


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty, times as text: what a person would write."""
    routes = [
        {
            name: value.strftime("%H:%M") if name.endswith("_time") else value
            for name, value in route.items()
            if value not in (None, [], "")
        }
        for route in data["routes"]
    ]
    return {"routes": routes, "inhibitions": data["inhibitions"]}
