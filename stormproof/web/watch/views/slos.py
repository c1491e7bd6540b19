"""Pages of service levels: budgets at a glance, one budget burning down, and a month as a report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.kinds.slo import promise_of
from stormproof.watch.models import Slo
from stormproof.web.listing import Column, csv_answer, read_list
from stormproof.web.requests import Request, reads


@reads("watch.read")
def show_slos(request: Request) -> HttpResponseBase:
    """Every promise with what is left of its budget."""
    listed = read_list(
        request,
        selectors.slos(request.actor),
        noun="service levels",
        columns=[
            Column(name="Promise", sort="monitor__name", csv=lambda s: s.monitor.name),
            Column(name="Budget", csv=lambda s: s.monitor.state),
            Column(name="Left", csv=lambda s: s.verdict.get("left"), end=True),
            Column(name="Objective", csv=lambda s: promise_of(s.monitor.config).objective, end=True),
            Column(name="Period", csv=lambda s: promise_of(s.monitor.config).period),
        ],
        search=["monitor__name__icontains", "monitor__node__name__icontains"],
        order="monitor__name",
        csv_name="service-levels",
    )
    if listed.wants_csv:
        return listed.as_csv()
    rows = [(slo, promise_of(slo.monitor.config)) for slo in listed.rows]
    context = {"list": listed, "rows": rows, "may_write": request.actor.may("watch.write")}
    return render(request, "watch/slos.html", context)


@reads("watch.read")
def show_slo(request: Request, slug: str) -> HttpResponseBase:
    """One promise: what is left, how fast it burns, and the months."""
    slo = selectors.slo_for(request.actor, slug)
    shape = promise_of(slo.monitor.config)
    month = _month(request.GET.get("month", ""))
    context = {
        "slo": slo,
        "monitor": slo.monitor,
        "shape": shape,
        "verdict": slo.verdict,
        "left_text": f"{max(0, slo.verdict['left']):.0%}" if "left" in slo.verdict else "-",
        "left": max(0.0, slo.verdict.get("left", 0.0)),
        "is_events": shape.measures == "events",
        "report": _report(slo, month),
        "month": month,
        "month_key": f"{month:%Y-%m}",
        "before": f"{month - timedelta(days=1):%Y-%m}",
        "topic": f"slo:{slo.monitor_id}",
        "chart_url": reverse("slo-chart", args=[slug]),
        "may_write": request.actor.may("watch.write"),
    }
    return render(request, "watch/slo.html", context)


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _report(slo: Slo, month: datetime) -> dict[str, Any]:
    """A calendar month: bad, all, the share that was good, and whether the promise was kept."""
    shape = promise_of(slo.monitor.config)
    end = min(now(), (month + timedelta(days=32)).replace(day=1))
    days = selectors.days_of_slo(slo, shape, start=month, end=end) if end > month else []
    bad, total = sum(day[1] for day in days), sum(day[2] for day in days)
    good = 100 * (1 - bad / total) if total else None
    return {"bad": bad, "total": total, "good": good, "is_kept": good is None or good >= shape.objective}


@reads("watch.read")
def slo_chart(request: Request, slug: str) -> HttpResponseBase:
    """The budget as it burned down over the period, day by day."""
    slo = selectors.slo_for(request.actor, slug)
    shape = promise_of(slo.monitor.config)
    at = now()
    start = at - timedelta(days=shape.days)
    days = selectors.days_of_slo(slo, shape, start=start, end=at)
    is_events = shape.measures == "events"
    whole = sum(total for _, _, total in days) if is_events else shape.days * 86400.0
    budget = (1 - shape.objective / 100) * whole
    points, spent = [], 0.0
    for day, bad, _ in days:
        spent += bad
        points.append(
            [
                round((day + timedelta(days=1)).timestamp() * 1000),
                round(100 * (1 - spent / budget), 2) if budget else 100,
            ]
        )
    series = [{"name": "Budget left", "tone": "accent", "points": points}]
    return JsonResponse({"unit": "%", "series": series, "max": 100, "limit": {"name": "spent", "value": 0}})


@reads("watch.read")
def slo_report(request: Request) -> HttpResponseBase:
    """A month of every promise as CSV."""
    month = _month(request.GET.get("month", ""))
    head = ["promise", "function", "objective", "measures", "month", "bad", "all", "good_percent", "kept"]
    rows = []
    for slo in selectors.slos(request.actor)[:500]:
        shape, report = promise_of(slo.monitor.config), _report(slo, month)
        good = "" if report["good"] is None else f"{report['good']:.4f}"
        kept = "" if not good else "yes" if report["is_kept"] else "no"
        about = [slo.monitor.name, slo.monitor.node.slug, shape.objective, shape.measures, f"{month:%Y-%m}"]
        rows.append([*about, round(report["bad"], 1), round(report["total"], 1), good, kept])
    return csv_answer(f"service-levels-{month:%Y-%m}", head, rows)
