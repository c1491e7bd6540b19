"""Pages of `watch`: the list of monitors, the page of one, and the acts on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.business.selectors import graph_now, nodes_by_id
from stormproof.core.clock import now
from stormproof.core.facts import history_of
from stormproof.core.refusals import Refused
from stormproof.watch import selectors
from stormproof.watch.choices import State
from stormproof.watch.kinds import KINDS, WrongSettings, kind_named, read_settings
from stormproof.watch.models import Monitor
from stormproof.watch.rules import say_state
from stormproof.watch.services.looking import look_now
from stormproof.watch.services.monitors import (
    change_monitor,
    create_monitor,
    pause_monitor,
    resume_monitor,
    retire_monitor,
)
from stormproof.web.drawing import Drawing, Node, draw_graph
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads
from stormproof.web.watch.forms import MonitorForm, free_slug, initial_of, prefilled, stored_settings
from stormproof.web.watch.views.charts import RANGES, day_bars
from stormproof.web.watch.views.hosts import host_context
from stormproof.web.watch.views.walks import walk_context

UPTIMES = (("24 hours", timedelta(hours=24)), ("7 days", timedelta(days=7)), ("30 days", timedelta(days=30)))
DAYS = 90


@reads("watch.read")
def show_monitors(request: Request) -> HttpResponseBase:
    """The list of monitors, worst first when nothing else is asked for."""
    listed = read_list(
        request,
        selectors.monitors(request.actor),
        noun="monitors",
        columns=[
            Column(name="Monitor", sort="name", csv=lambda m: m.name),
            Column(name="State", sort="rank", csv=lambda m: m.state if m.enabled else "paused"),
            Column(name="Looks at", sort="node__name", csv=lambda m: m.node.slug),
            Column(name="Kind", sort="kind", csv=lambda m: m.kind),
            Column(name="Every", sort="interval_seconds", csv=lambda m: m.interval_seconds, end=True),
            Column(name="Latency", sort="last_ms", csv=lambda m: m.last_ms, end=True),
            Column(name="Last look", sort="last_at", csv=lambda m: m.last_at),
        ],
        filters=[
            Filter(key="state", name="State", choices=State.choices),
            Filter(key="kind", name="Kind", choices=[(kind.name, kind.title) for kind in KINDS.values()]),
            Filter(key="enabled", name="Paused", choices=[("False", "Paused"), ("True", "Looking")]),
        ],
        search=["name__icontains", "slug__icontains", "node__name__icontains"],
        order="rank",
        csv_name="monitors",
    )
    if listed.wants_csv:
        return listed.as_csv()
    counts = selectors.monitor_counts()
    context = {"list": listed, "sentence": _sentence_of_all(counts), "may_write": request.actor.may("watch.write")}
    return render(request, "watch/monitors.html", context)


def _sentence_of_all(counts: dict[str, int]) -> str:
    if not counts["all"]:
        return "Nothing is watched yet."
    wrong = [f"{counts[state]} {state}" for state in ("down", "degraded", "unknown", "paused") if counts[state]]
    if not wrong:
        return f"All {counts['all']} monitors are up."
    return f"Of {counts['all']} monitors: {', '.join(wrong)}; {counts['up']} up."


@reads("watch.read")
def show_monitor(request: Request, slug: str) -> HttpResponseBase:
    """One monitor: its state in a sentence, latency, uptime, what hangs on it, history."""
    at = now()
    monitor = selectors.monitor_for(request.actor, slug)
    chosen = request.GET.get("range", "24h") if request.GET.get("range") in RANGES else "24h"
    undo = request.session.get("monitor_undo", {})
    context = {
        **_now_context(request, monitor, at),
        "ranges": [(key, name) for key, (name, _) in RANGES.items()],
        "range": chosen,
        "days": day_bars(selectors.daily_uptimes(monitor, days=DAYS, at=at)),
        "days_width": DAYS * 10,
        "uptimes": [(name, _share(monitor, at - span, at)) for name, span in UPTIMES],
        "latency": selectors.latency_summary(monitor, start=at - timedelta(hours=24), end=at, at=at),
        "changes": selectors.state_changes_of(monitor)[:20],
        "drawing": neighbours_of(monitor),
        "facts": history_of(f"monitor:{monitor.pk}")[:20],
        "can_undo": undo.get("slug") == monitor.slug,
    }
    return render(request, "watch/monitor.html", context)


@reads("watch.read")
def show_now(request: Request, slug: str) -> HttpResponseBase:
    """The live part of a monitor's page."""
    monitor = selectors.monitor_for(request.actor, slug)
    return render(request, "watch/now.html", _now_context(request, monitor, now()))


def _now_context(request: Request, monitor: Monitor, at: datetime) -> dict[str, Any]:
    looks = selectors.last_observations_of(monitor, limit=12)
    places = selectors.seen_from(monitor, at=at) if kind_named(monitor.kind).is_active else []
    kind = KINDS[monitor.kind]
    return {
        "monitor": monitor,
        "kind": kind,
        "at": at,
        "now_url": reverse("monitor-now", args=[monitor.slug]),
        "topic": f"monitor:{monitor.pk}",
        "looks_topic": f"looks:{monitor.pk}",
        "target": selectors.target_of(monitor),
        "sentence": sentence_of(monitor),
        "places": places,
        "places_telling": sum(one.says not in ("missing", "blind") for one in places),
        "looks": [(look, selectors.phases_of(look)) for look in looks],
        "ping_url": request.build_absolute_uri(reverse("ping", args=[monitor.ping_key])),
        "may_write": request.actor.may("watch.write"),
        **walk_context(monitor),
        **host_context(monitor),
    }


def sentence_of(monitor: Monitor) -> str:
    """The state of a monitor in one sentence."""
    since = f"{monitor.state_since:%d %b %Y, %H:%M:%S} UTC"
    return say_state(
        monitor.state,
        since=since,
        reason=monitor.reason,
        is_paused=not monitor.enabled,
        is_heartbeat=monitor.kind == "heartbeat",
    )


def _share(monitor: Monitor, start: datetime, end: datetime) -> float | None:
    percent = selectors.uptime_of(monitor, start=start, end=end).percent
    return None if percent is None else percent / 100


def neighbours_of(monitor: Monitor) -> Drawing:
    """The node a monitor looks at, what it needs and what needs it."""
    graph, states, centre = graph_now(), selectors.node_states(), monitor.node_id
    if centre not in graph.needs:
        return draw_graph([Node(id=centre, label=monitor.node.name)], [], centre=centre)
    needed = list(graph.members_of(centre))
    users = sorted({user for user, _ in graph.used_by[centre]})
    rows = nodes_by_id([centre, *needed, *users])
    boxes = [Node(id=key, label=rows[key].name, state=states.get(key, "unknown")) for key in rows]
    lines = [(centre, key) for key in needed if key in rows] + [(key, centre) for key in users if key in rows]
    return draw_graph(boxes, lines, centre=centre)


@reads("watch.write")
def choose_kind(request: Request) -> HttpResponseBase:
    """The first step of a new monitor: which kind."""
    return render(request, "watch/choose_kind.html", {"kinds": KINDS.values()})


@reads("watch.write")
def add_monitor(request: Request, kind: str) -> HttpResponseBase:
    """The second step of a new monitor: its settings."""
    form = MonitorForm(kind_named(kind), request.POST or None, initial=prefilled(kind_named(kind), request.GET))
    if request.method == "POST" and form.is_valid():
        try:
            slug = free_slug(form.cleaned_data["name"])
            create_monitor(slug, settings=form.settings, actor=request.actor, at=now())
            return redirect("monitor", slug=slug)
        except Refused as refused:
            _put_refusal(form, refused)
    return render(request, "watch/form.html", {"form": form, "kind": form.kind}, status=_status(form))


@reads("watch.write")
def edit_monitor(request: Request, slug: str) -> HttpResponseBase:
    """Change the settings of a monitor; the change can be undone."""
    monitor = selectors.monitor_for(request.actor, slug)
    form = MonitorForm(KINDS[monitor.kind], request.POST or None, monitor=monitor, initial=initial_of(monitor))
    if request.method == "POST" and form.is_valid():
        before = stored_settings(monitor)
        try:
            if change_monitor(monitor, settings=form.settings, actor=request.actor, at=now()):
                request.session["monitor_undo"] = {"slug": slug, "settings": before}
            return redirect("monitor", slug=slug)
        except Refused as refused:
            _put_refusal(form, refused)
    context = {"form": form, "kind": form.kind, "monitor": monitor}
    return render(request, "watch/form.html", context, status=_status(form))


def _put_refusal(form: MonitorForm, refused: Refused) -> None:
    problems = refused.problems if isinstance(refused, WrongSettings) else [(refused.field, refused.message)]
    form.put_problems(problems)


def _status(form: MonitorForm) -> int:
    return 422 if form.errors else 200


@require_POST
@acts("watch.write")
def undo_change(request: Request, slug: str) -> HttpResponseBase:
    """Give a monitor back the settings it had before the reader's last change."""
    undo = request.session.pop("monitor_undo", {})
    monitor = selectors.monitor_for(request.actor, slug)
    if undo.get("slug") == slug:
        change_monitor(monitor, settings=read_settings(undo["settings"]), actor=request.actor, at=now())
    return redirect("monitor", slug=slug)


@require_POST
@acts("watch.write")
def pause(request: Request, slug: str) -> HttpResponseBase:
    """Stop looking."""
    try:
        pause_monitor(selectors.monitor_for(request.actor, slug), actor=request.actor, at=now())
    except Refused as refused:
        messages.error(request, f"{refused.message}. {refused.hint.capitalize()}.")
    return redirect("monitor", slug=slug)


@require_POST
@acts("watch.write")
def resume(request: Request, slug: str) -> HttpResponseBase:
    """Look again."""
    resume_monitor(selectors.monitor_for(request.actor, slug), actor=request.actor, at=now())
    return redirect("monitor", slug=slug)


@acts("watch.write")
def retire(request: Request, slug: str) -> HttpResponseBase:
    """Take a monitor out of use, after its name was typed."""
    monitor = selectors.monitor_for(request.actor, slug)
    if request.method == "POST" and request.POST.get("confirm_name", "").strip() == monitor.slug:
        retire_monitor(monitor, actor=request.actor, at=now())
        messages.success(request, f"{monitor.name} is retired; its history stays.")
        return redirect("monitors")
    context = {
        "title": f"Retire {monitor.name}",
        "sentence": "Nobody looks any more; what was seen stays in the history.",
        "preview": [
            ("Monitor", monitor.name),
            ("Looks at", monitor.node.name),
            ("Target", selectors.target_of(monitor)),
        ],
        "confirm_name": monitor.slug,
        "action_url": reverse("monitor-retire", args=[slug]),
        "back_url": reverse("monitor", args=[slug]),
        "button": "Retire",
    }
    return render(request, "confirm.html", context)


@require_POST
@acts("watch.write")
def test_now(request: Request, slug: str) -> HttpResponse:
    """Look once, now, and show what was seen; the state does not change."""
    monitor = selectors.monitor_for(request.actor, slug)
    try:
        outcome, refused = look_now(monitor, actor=request.actor, at=now()), None
    except Refused as refusal:
        outcome, refused = None, refusal
    context = {"monitor": monitor, "outcome": outcome, "refused": refused, "at": now()}
    return render(request, "watch/test.html", context)
