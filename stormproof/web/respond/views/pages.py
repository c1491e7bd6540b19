"""Pages of incidents: the list, the incident, who is paged."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from stormproof.core.clock import now
from stormproof.inform import selectors as inform
from stormproof.respond import selectors
from stormproof.respond.choices import EntryGroup, EntryKind, IncidentState
from stormproof.respond.models import Incident, TimelineEntry
from stormproof.watch.selectors import node_states
from stormproof.web.drawing import Drawing, Node, draw_graph
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, reads
from stormproof.web.respond import forms


class Mark(NamedTuple):
    """How a kind of entry looks."""

    tone: str
    icon: str


ENTRIES_SHOWN = 60
MARKS = {
    "detected": Mark(tone="down", icon="alert-octagon"),
    "opened": Mark(tone="down", icon="urgent"),
    "root_cause": Mark(tone="down", icon="target-arrow"),
    "severity": Mark(tone="degraded", icon="flag"),
    "paged": Mark(tone="maintenance", icon="bell-ringing"),
    "acknowledged": Mark(tone="up", icon="eye-check"),
    "handed_over": Mark(tone="maintenance", icon="arrows-exchange"),
    "role": Mark(tone="maintenance", icon="user-shield"),
    "decision": Mark(tone="maintenance", icon="gavel"),
    "observation": Mark(tone="unknown", icon="eye"),
    "note": Mark(tone="unknown", icon="note"),
    "task": Mark(tone="unknown", icon="checkbox"),
    "run": Mark(tone="maintenance", icon="player-play"),
    "customers": Mark(tone="maintenance", icon="speakerphone"),
    "update": Mark(tone="maintenance", icon="mail-forward"),
    "legal": Mark(tone="degraded", icon="scale"),
    "orders": Mark(tone="unknown", icon="shopping-cart"),
    "linked": Mark(tone="unknown", icon="link"),
    "merged": Mark(tone="maintenance", icon="git-merge"),
    "mitigated": Mark(tone="up", icon="heart-check"),
    "recovered": Mark(tone="up", icon="circle-check"),
    "resolved": Mark(tone="up", icon="circle-check"),
    "reopened": Mark(tone="down", icon="refresh-alert"),
}
COLUMNS = (
    Column(name="Incident", sort="number", csv=lambda incident: incident.label),
    Column(name="What", sort="title", csv=lambda incident: incident.title),
    Column(name="Severity", sort="severity", csv=lambda incident: incident.severity),
    Column(name="State", sort="state", csv=lambda incident: incident.state),
    Column(name="Cause", csv=lambda incident: incident.root_node or ""),
    Column(name="Began", sort="impact_started_at", csv=lambda incident: incident.impact_started_at.isoformat()),
    Column(name="Ended", sort="resolved_at", csv=lambda one: one.resolved_at.isoformat() if one.resolved_at else ""),
    Column(name="Commander", csv=lambda incident: incident.commander or ""),
)
FILTERS = (
    Filter(key="state", name="State", choices=IncidentState.choices),
    Filter(key="severity", name="Severity", choices=[(str(level), f"Severity {level}") for level in range(1, 5)]),
    Filter(key="drill", name="Drills", lookup="is_drill", choices=[("True", "Drills"), ("False", "Real ones")]),
)


@reads(selectors.READ)
def incidents(request: Request) -> HttpResponseBase:
    """All incidents, newest first, with filters."""
    found = read_list(
        request,
        selectors.incidents_for(request.actor),
        noun="incidents",
        columns=COLUMNS,
        filters=FILTERS,
        search=["title__icontains", "root_node__name__icontains", "number__iexact"],
        order="-number",
        csv_name="incidents",
    )
    if found.wants_csv:
        return found.as_csv()
    counts = selectors.incident_counts(request.actor)
    context = {"list": found, "counts": counts, "can_act": request.actor.may("respond.act")}
    return render(request, "respond/incidents.html", context)


@reads(selectors.READ)
def incident(request: Request, number: int) -> HttpResponse:
    """One incident: what matters now, then the detail."""
    found = selectors.incident_numbered(request.actor, number)
    at = now()
    context = {
        **_now(request, found, at=at),
        **_log(request, found),
        **_tasks(request, found),
        "note_form": forms.NoteForm(),
        "task_form": forms.TaskForm(),
    }
    return render(request, "respond/incident.html", context)


@reads(selectors.READ)
def incident_now(request: Request, number: int) -> HttpResponse:
    """The top of the page, fetched again when something happens."""
    found = selectors.incident_numbered(request.actor, number)
    return render(request, "respond/_now.html", _now(request, found, at=now()))


@reads(selectors.READ)
def incident_log(request: Request, number: int) -> HttpResponse:
    """The timeline, fetched again when something happens."""
    found = selectors.incident_numbered(request.actor, number)
    return render(request, "respond/_log.html", _log(request, found))


@reads(selectors.READ)
def incident_tasks(request: Request, number: int) -> HttpResponse:
    """The tasks, fetched again when something happens."""
    found = selectors.incident_numbered(request.actor, number)
    return render(request, "respond/_tasks.html", _tasks(request, found))


@reads(selectors.READ)
def paging(request: Request) -> HttpResponse:
    """Who is paged for which team, as continuity.yaml says."""
    context = {"policies": selectors.policies(), "webhooks": selectors.paging_webhooks()}
    return render(request, "respond/paging.html", context)


def _now(request: Request, incident: Incident, *, at: datetime) -> dict[str, Any]:
    actor = request.actor
    notice = inform.notice_of_incident(actor, incident.pk)
    return {
        "incident": incident,
        "situation": selectors.situation_of(incident, at),
        "drawing": _drawing(incident),
        "at": at,
        "now_url": reverse("incident_now", args=[incident.number]),
        "incident_topic": f"incident:{incident.pk}",
        "roles": selectors.roles_now(incident),
        "related": selectors.related_to(actor, incident),
        "war_room": selectors.war_room_of(incident),
        "audiences": selectors.audiences_of(incident),
        "clocks": list(selectors.legal_clocks_of(incident)),
        "rpo": selectors.rpo_of(incident),
        "orders": selectors.order_snapshots_of(incident).first(),
        "is_mine": incident.commander_id is not None and incident.commander_id == actor.user_id,
        "can_act": actor.may("respond.act"),
        "can_run": actor.may("recover.run"),
        "notice": notice,
        "told": inform.latest_published(notice) if notice else None,
        "customers_url": _customers_url(request, incident, notice.pk if notice else None),
        "review_url": _url("review", incident.number) if incident.is_over and actor.may("review.read") else "",
    }


def _log(request: Request, incident: Incident) -> dict[str, Any]:
    group = request.GET.get("show", "")
    group = group if group in EntryGroup.values else ""
    kind = request.GET.get("kind", "")
    kind = kind if kind in EntryKind.values else ""
    words = request.GET.get("q", "").strip()[:200]
    entries = selectors.timeline_of(incident, group=group, kind=kind, search=words)
    shown: list[TimelineEntry] = list(entries if "all" in request.GET else entries[: ENTRIES_SHOWN + 1])
    has_more = "all" not in request.GET and len(shown) > ENTRIES_SHOWN
    marked = [(entry, *MARKS[entry.kind]) for entry in (shown[:ENTRIES_SHOWN] if has_more else shown)]
    return {
        "incident": incident,
        "entries": marked,
        "pinned": [one for one in marked if one[0].is_pinned],
        "groups": [("", "All"), *EntryGroup.choices],
        "group": group,
        "kinds": EntryKind.choices,
        "kind": kind,
        "words": words,
        "has_more": has_more,
        "log_url": f"{reverse('incident_log', args=[incident.number])}?{request.GET.urlencode()}",
        "incident_topic": f"incident:{incident.pk}",
        "can_act": request.actor.may("respond.act"),
    }


def _tasks(request: Request, incident: Incident) -> dict[str, Any]:
    tasks = selectors.tasks_of(incident)
    return {
        "incident": incident,
        "tasks": tasks,
        "tasks_url": reverse("incident_tasks", args=[incident.number]),
        "incident_topic": f"incident:{incident.pk}",
        "can_act": request.actor.may("respond.act"),
    }


def _drawing(incident: Incident) -> Drawing:
    states = node_states()
    nodes, edges = selectors.neighbourhood_of(incident)
    drawn = [
        Node(id=node.pk, label=node.name, state=states.get(node.pk, "unknown"), url=_url("node", node.slug))
        for node in nodes
    ]
    return draw_graph(drawn, edges, centre=incident.root_node_id)


def _customers_url(request: Request, incident: Incident, notice_id: int | None) -> str:
    """Where customers are told: the notice, or its first draft while there is none."""
    if notice_id is not None:
        return _url("notice", notice_id)
    return _url("notice-of-incident", incident.number) if request.actor.may("inform.write") else ""


def _url(name: str, argument: object) -> str:
    """The address of a page of another app, empty while there is no such page."""
    try:
        return reverse(name, args=[argument])
    except NoReverseMatch:
        return ""
