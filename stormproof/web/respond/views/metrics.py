"""How incidents went, in figures; and which monitors make noise."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render

from stormproof.business.selectors import currency
from stormproof.core.clock import now
from stormproof.respond import selectors
from stormproof.respond.rules import GROUPINGS, Group, Measured, group_of, grouped
from stormproof.web.listing import csv_answer
from stormproof.web.requests import Request, reads

PERIODS = (7, 30, 90, 365)


def _days(request: Request, usual: int) -> int:
    text = request.GET.get("days", "")
    return int(text) if text.isdecimal() and int(text) in PERIODS else usual


@reads(selectors.READ)
def metrics(request: Request) -> HttpResponse:
    """Time to detect, acknowledge, mitigate and resolve: median, ninetieth percentile, count."""
    days, by = _days(request, 90), request.GET.get("by", "severity")
    by = by if by in GROUPINGS else "severity"
    until = now()
    rows = selectors.measured_incidents(request.actor, since=until - timedelta(days=days), until=until)
    groups = grouped(rows, by=by)
    if request.GET.get("format") == "csv":
        return _csv(rows) if request.GET.get("rows") else _csv_of_groups(groups, by=by)
    months = grouped(rows, by="month")
    context = {
        "groups": groups,
        "all": group_of("all", rows),
        "by": by,
        "most": selectors.MOST_MEASURED if len(rows) >= selectors.MOST_MEASURED else 0,
        "groupings": list(GROUPINGS),
        "days": days,
        "periods": PERIODS,
        "currency": currency(),
        "months": [(name, [_of(month, name) for month in months]) for name in ("detect", "acknowledge", "resolve")],
        "first_month": months[0].name if months else "",
        "last_month": months[-1].name if months else "",
    }
    return render(request, "respond/metrics.html", context)


def _of(group: Group, name: str) -> float | None:
    return getattr(group, name).median_s  # type: ignore[no-any-return]


def _csv(rows: list[Measured]) -> HttpResponse:
    head = (
        "incident",
        "severity",
        "functions",
        "team",
        "detected at",
        "detect s",
        "acknowledge s",
        "mitigate s",
        "resolve s",
        "revenue",
    )
    lines = [
        (
            f"INC-{row.number}",
            row.severity,
            " ".join(row.functions),
            row.team,
            row.opened_at.isoformat(),
            row.detect_s,
            row.acknowledge_s,
            row.mitigate_s,
            row.resolve_s,
            round(row.revenue, 2),
        )
        for row in rows
    ]
    return csv_answer("incident-metrics", head, lines)


def _csv_of_groups(groups: list[Group], *, by: str) -> HttpResponse:
    measures = ("detect", "acknowledge", "mitigate", "resolve")
    head = (
        by,
        "incidents",
        *(f"{name} {part}" for name in measures for part in ("median s", "p90 s", "count")),
        "revenue",
    )
    lines = []
    for group in groups:
        spreads = [getattr(group, name) for name in measures]
        figures = [figure for one in spreads for figure in (one.median_s, one.p90_s, one.count)]
        lines.append((group.name, group.count, *figures, round(group.revenue, 2)))
    return csv_answer(f"incident-metrics-by-{by}", head, lines)


@reads(selectors.READ)
def noise(request: Request) -> HttpResponse:
    """Alerts that nobody acted on, monitors that flap, pages at night; and what to do about each."""
    days, until = _days(request, 30), now()
    rows = selectors.noise_report(request.actor, since=until - timedelta(days=days), until=until)
    if request.GET.get("format") == "csv":
        head = (
            "monitor",
            "on",
            "team",
            "alerts",
            "nobody acted",
            "gone in 5 min",
            "incidents",
            "pages at night",
            "advice",
        )
        lines = [
            (
                one.slug,
                one.node,
                one.team,
                one.alerts,
                one.ignored,
                one.short,
                one.incidents,
                one.night_pages,
                one.advice,
            )
            for one in rows
        ]
        return csv_answer("noise", head, lines)
    alerts, ignored = sum(one.alerts for one in rows), sum(one.ignored for one in rows)
    context = {"rows": rows, "days": days, "periods": PERIODS, "alerts": alerts, "ignored": ignored}
    return render(request, "respond/noise.html", context)
