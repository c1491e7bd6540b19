"""Pages of business signals: the list, and one signal: what came in beside what was expected, and why it fired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from stormproof.business.selectors import currency
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.kinds.signal import settings_of
from stormproof.watch.models import Signal
from stormproof.watch.rules import learning_words, missing_words, named_slice
from stormproof.web.listing import Column, read_list
from stormproof.web.requests import Request, reads
from stormproof.web.watch.views.charts import bands_of

RANGES = {
    "3h": ("3 hours", timedelta(hours=3)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
}
WINDOWS = (5, 15, 30, 60, 180)
TESTS = (
    ("share", "So few succeed"),
    ("volume", "So few come in"),
    ("flood", "So many come in"),
)
ALPHAS = (("1e-3", 1e-3), ("1e-4", 1e-4), ("1e-5", 1e-5), ("1e-6", 1e-6))
LOOKS_BACK = timedelta(days=7)


@reads("watch.read")
def show_signals(request: Request) -> HttpResponseBase:
    """The list of signals with what came in during the last quarter of an hour and what was expected."""
    listed = read_list(
        request,
        selectors.signals(request.actor),
        noun="signals",
        columns=[
            Column(name="Signal", sort="monitor__name", csv=lambda s: s.monitor.name),
            Column(name="State", csv=lambda s: s.monitor.state),
            Column(name="Now a minute", csv=lambda s: s.verdict.get("now", {}).get("good"), end=True),
            Column(name="Expected", csv=lambda s: s.verdict.get("now", {}).get("expected"), end=True),
            Column(name="Missing", csv=lambda s: s.verdict.get("missing", 0), end=True),
            Column(name="Read until", sort="cursor_at", csv=lambda s: s.cursor_at),
        ],
        search=["monitor__name__icontains", "monitor__node__name__icontains"],
        order="monitor__name",
        csv_name="signals",
    )
    if listed.wants_csv:
        return listed.as_csv()
    context = {
        "list": listed,
        "may_write": request.actor.may("watch.write"),
        "learning": {one.monitor_id: learning_words(one.history_from, one.cursor_at) for one in listed.rows},
    }
    return render(request, "watch/signals.html", context)


@reads("watch.read")
def show_signal(request: Request, slug: str) -> HttpResponseBase:
    """One signal: state, chart, p-values, slices, and how often another alpha would have fired."""
    signal = selectors.signal_for(request.actor, slug)
    shape = settings_of(signal.monitor.config)
    chosen = request.GET.get("range", "24h") if request.GET.get("range") in RANGES else "24h"
    verdict = signal.verdict
    fired = verdict.get("level", "quiet") != "quiet"
    context = {
        "signal": signal,
        "monitor": signal.monitor,
        "shape": shape,
        "verdict": verdict,
        "fired": fired,
        "once_in": f"{1 / verdict['window_p']:,.0f}" if fired and verdict.get("window_p") else "",
        "missing": missing_words(verdict, currency=currency()).removeprefix("; ") if fired else "",
        "worst": named_slice(verdict) if fired else None,
        "learning": learning_words(signal.history_from, signal.cursor_at),
        "windows": WINDOWS,
        "tests": [
            (title, [_probability(p) for p in verdict.get("p", {}).get(key, [None] * len(WINDOWS))])
            for key, title in TESTS
        ],
        "slices": [{**one, "chance": _probability(one["p"])} for one in verdict.get("slices", [])],
        "ranges": [(key, name) for key, (name, _) in RANGES.items()],
        "range": chosen,
        "chart_url": f"{reverse('signal-chart', args=[slug])}?range={chosen}",
        "topic": f"signal:{signal.monitor_id}",
        "state_topic": f"monitor:{signal.monitor_id}",
        "may_write": request.actor.may("watch.write"),
        **_what_if(request, signal),
    }
    return render(request, "watch/signal.html", context)


def _probability(p: float | None) -> str:
    """A probability short enough for a narrow column: 0.33, 0.012, 6e-06."""
    if p is None:
        return ""
    return f"{p:.2g}" if p >= 0.001 else f"{p:.0e}"


def _what_if(request: Request, signal: Signal) -> dict[str, Any]:
    """How often each alpha would have fired in the last week: asked for, because it takes a second."""
    if "whatif" not in request.GET or not signal.learned or signal.cursor_at is None:
        return {"what_if": None}
    from stormproof.watch.selectors.judgement import firings_at  # noqa: PLC0415  (numpy and scipy: here only)

    shape = settings_of(signal.monitor.config)
    start = max(signal.cursor_at - LOOKS_BACK, signal.history_from or signal.cursor_at)
    found = [
        (words, alpha, firings_at(signal, shape, alpha=alpha, start=start, end=signal.cursor_at))
        for words, alpha in ALPHAS
    ]
    return {"what_if": found, "page_alpha": shape.page_alpha, "ticket_alpha": shape.ticket_alpha}


@reads("watch.read")
def signal_chart(request: Request, slug: str) -> HttpResponseBase:
    """What came in beside what was expected, with the band in which nothing would be said."""
    signal = selectors.signal_for(request.actor, slug)
    end = (signal.cursor_at or now()).astimezone(UTC)
    start, end = _span(request, end)
    return JsonResponse(_chart(signal, start, end))


def _span(request: Request, at: datetime) -> tuple[datetime, datetime]:
    try:
        start = datetime.fromtimestamp(float(request.GET["from"]) / 1000, tz=UTC).replace(second=0, microsecond=0)
        end = datetime.fromtimestamp(float(request.GET["to"]) / 1000, tz=UTC).replace(second=0, microsecond=0)
        if timedelta(minutes=30) <= end - start <= timedelta(days=8):
            return start, end
    except (KeyError, ValueError, OverflowError, OSError):
        pass
    return at - RANGES.get(request.GET.get("range", ""), RANGES["24h"])[1], at


def _chart(signal: Signal, start: datetime, end: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {"unit": "a minute", "from": _ms(start), "to": _ms(end)}
    about["bands"] = bands_of(signal.monitor, start=start, end=end)
    if not signal.learned:
        counted = selectors.minutes_of_signal(signal.monitor_id, start=start, end=end)
        step = max(1, len(counted.good) // 300)
        points = [
            [_ms(start + timedelta(minutes=place)), round(float(counted.good[place : place + step].mean()), 3)]
            for place in range(0, len(counted.good), step)
        ]
        return {**about, "series": [{"name": "Good", "tone": "accent", "points": points}]}
    from stormproof.watch.selectors.judgement import drawn_between  # noqa: PLC0415  (numpy and scipy: here only)

    drawn = drawn_between(signal, start=start, end=end)
    return {
        **about,
        "series": [
            {"name": "Actual", "tone": "accent", "points": [[_ms(at), good] for at, good, *_ in drawn]},
            {"name": "Expected", "dashed": True, "points": [[_ms(at), usual] for at, _, usual, *_ in drawn]},
        ],
        "area": {"name": "Usual", "points": [[_ms(at), low, high] for at, _, _, low, high in drawn]},
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
