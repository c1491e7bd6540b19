"""Hosts: the list with what each is doing, the figures of one, its charts, and the token of its agent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.choices import State
from stormproof.watch.models import Monitor
from stormproof.watch.services.hosts import issue_agent_token
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads
from stormproof.web.watch.views.charts import RANGES, bands_of

CHARTS = {
    "usage": ("Processor and memory", ("cpu", "memory", "swap"), "%"),
    "disks": ("Disks and inodes", ("disk", "inodes"), "%"),
    "load": ("Load per processor", ("load",), ""),
    "network": ("Lost packets a second", ("net_errors",), ""),
}


def host_context(monitor: Monitor) -> dict[str, Any]:
    """What the page of a host shows of its reports; nothing for other kinds."""
    if monitor.kind != "host":
        return {}
    report = selectors.last_report_of(monitor)
    return {
        "agent": selectors.agent_of(monitor),
        "report": report,
        "figures": selectors.figures_of(monitor, report.metrics) if report else [],
        "charts": [(key, title) for key, (title, _, _) in CHARTS.items()],
    }


@reads("watch.read")
def show_hosts(request: Request) -> HttpResponseBase:
    """Every host with the newest of its figures."""
    listed = read_list(
        request,
        selectors.hosts(request.actor),
        noun="hosts",
        columns=[
            Column(name="Host", sort="name", csv=lambda host: host.name),
            Column(name="State", sort="state", csv=lambda host: host.state),
            Column(name="Processor", end=True),
            Column(name="Memory", end=True),
            Column(name="Fullest disk", end=True),
            Column(name="Load", end=True),
            Column(name="Last report", sort="last_at", csv=lambda host: host.last_at),
        ],
        filters=[Filter(key="state", name="State", choices=State.choices)],
        search=["name__icontains", "slug__icontains", "node__name__icontains"],
        order="name",
        csv_name="hosts",
    )
    if listed.wants_csv:
        return listed.as_csv()
    metrics = selectors.newest_metrics(list(listed.rows))
    rows = [(host, _short(metrics.get(host.pk, {}))) for host in listed.rows]
    may_write = request.actor.may("watch.write")
    return render(request, "watch/hosts.html", {"list": listed, "rows": rows, "may_write": may_write})


def _short(metrics: Any) -> dict[str, float | None]:
    disks = [value for name, value in metrics.items() if name.startswith("disk:")]
    found = {name: metrics.get(name) for name in ("cpu", "memory", "load")}
    return {**found, "disk": max(disks, default=None)}


@reads("watch.read")
def host_chart(request: Request, slug: str, chart: str) -> HttpResponseBase:
    """One chart of a host as JSON, for `?range=24h`."""
    monitor = selectors.monitor_for(request.actor, slug)
    _, names, unit = CHARTS.get(chart, CHARTS["usage"])
    at = now()
    start = at - (RANGES[request.GET["range"]][1] if request.GET.get("range") in RANGES else timedelta(hours=1))
    series = selectors.metric_series(monitor, names, start=start, end=at)
    lines = [
        {"name": name, "points": [[round(moment.timestamp() * 1000), value] for moment, value in points]}
        for name, points in series.items()
    ]
    bands = bands_of(monitor, start=start, end=at)
    span = {"from": round(start.timestamp() * 1000), "to": round(at.timestamp() * 1000)}
    limit = {"max": 100} if unit == "%" else {}
    return JsonResponse({"unit": unit, "series": lines, "bands": bands, **span, **limit})


@require_POST
@acts("watch.write")
def make_token(request: Request, slug: str) -> HttpResponseBase:
    """A new token of a host's agent, shown once with how to install the agent."""
    monitor = selectors.monitor_for(request.actor, slug)
    token = issue_agent_token(monitor, actor=request.actor, at=now())
    answer = render(
        request,
        "watch/agent_token.html",
        {"monitor": monitor, "token": token, "server": request.build_absolute_uri("/").rstrip("/")},
    )
    answer["Cache-Control"] = "no-store"
    return answer
