"""The pages of runs of exercises: all of them, one while it happens, and stopping it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.core.facts import history_of
from stormproof.core.models import FactRecord
from stormproof.core.refusals import Refused
from stormproof.rehearse import selectors, services
from stormproof.rehearse.choices import Outcome, Phase
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import ExerciseRun
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.rehearse.views.bars import bars_of, phases_of
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import duration_words

COLUMNS = [
    Column(name="Run", sort="pk", csv=lambda run: run.pk),
    Column(name="Exercise", sort="exercise__name", csv=lambda run: run.exercise.slug),
    Column(name="Outcome", sort="outcome", csv=lambda run: run.outcome or run.phase),
    Column(name="Recovered in", sort="rto_s", csv=lambda run: run.rto_s, end=True),
    Column(name="Orders", csv=lambda run: run.orders_acknowledged, end=True),
    Column(name="Lost", csv=lambda run: len(run.orders_lost), end=True),
    Column(name="Started", sort="started_at", csv=lambda run: run.started_at.isoformat()),
    Column(name="By", csv=lambda run: run.started_by_name),
]


@reads("rehearse.read")
def run_list(request: Request) -> HttpResponseBase:
    """All runs, newest first."""
    outcomes = [(value, label) for value, label in Outcome.choices if value]
    listing = read_list(
        request,
        selectors.exercise_run_list(request.actor),
        noun="runs",
        columns=COLUMNS,
        filters=[Filter(key="outcome", name="Outcome", choices=outcomes)],
        search=["exercise__name__icontains", "target__name__icontains"],
        order="-pk",
        csv_name="exercises",
    )
    return listing.as_csv() if listing.wants_csv else render(request, "rehearse/runs.html", {"list": listing})


@reads("rehearse.read")
def run(request: Request, id: int) -> HttpResponseBase:
    """One run: the phase it is in, the times against the promise, what was lost, and what to mend."""
    found = selectors.exercise_run_for(request.actor, id)
    context = {
        **_now(request, found),
        "history": [_line(record) for record in history_of(f"exercise_run:{found.pk}")[:30]],
    }
    return render(request, "rehearse/run.html", context)


@reads("rehearse.read")
def run_now(request: Request, id: int) -> HttpResponseBase:
    """The live part of the page."""
    return render(request, "rehearse/_now.html", _now(request, selectors.exercise_run_for(request.actor, id)))


@acts("rehearse.run")
@require_http_methods(["GET", "POST"])
def stop(request: Request, id: int) -> HttpResponseBase:
    """Ask once, then break the run off and put everything back."""
    found = selectors.exercise_run_for(request.actor, id)
    if request.method == "POST":
        try:
            services.stop_exercise(found, reason="", actor=request.actor, at=now())
        except Refused as refused:
            messages.warning(request, refused.message)
        return redirect("exercise_run", id=found.pk)
    context = {
        "title": f"Stop {found.exercise.name}?",
        "sentence": "Customers stop ordering, and everything that was broken is put back.",
        "preview": [("Run", found.pk), ("Phase", found.get_phase_display()), ("Target", found.target)],
        "action_url": reverse("stop_exercise", args=[found.pk]),
        "back_url": reverse("exercise_run", args=[found.pk]),
        "button": "Stop and put back",
        "confirm_name": "",
        "hidden": {},
    }
    return render(request, "confirm.html", context)


def _line(record: FactRecord) -> dict[str, Any]:
    """A fact of the run as a line people read."""
    payload = record.payload
    words = {
        "ExerciseStarted": "Started",
        "FaultInjected": f"Broken on purpose ({payload.get('kind', '')})",
        "ExerciseStopped": f"Asked to stop: {payload.get('reason', '')}",
        "ExerciseFinished": f"Over: {payload.get('outcome', '')}",
    }
    if record.name == "ExercisePhaseReached":
        text = str(Phase(payload["phase"]).label)
    else:
        text = words.get(record.name, record.name)
    return {"at": record.happened_at, "text": text, "who": record.actor_name}


def _now(request: Request, found: ExerciseRun) -> dict[str, Any]:
    shape = ExerciseShape.model_validate(found.definition)
    promise = selectors.promise_for(
        found.target, within_s=shape.within, most_failed_requests=shape.most_failed_requests
    )
    return {
        "run": found,
        "shape": shape,
        "promise": promise,
        "phases": phases_of(found),
        "bars": bars_of(found, promise),
        "sentence": sentence_of(found),
        "topic": f"exercise_run:{found.pk}",
        "at": now(),
        "state_word": found.outcome or found.phase,
        "may_stop": request.actor.may("rehearse.run") and found.phase not in (Phase.CLEANING, Phase.DONE),
    }


def sentence_of(run: ExerciseRun) -> str:
    """What matters now, in words."""
    if run.is_live:
        return _while_it_happens(run)
    if run.outcome == Outcome.ABORTED:
        return f"Stopped: {run.abort_reason}. Everything was put back."
    recovered = f"Recovered in {duration_words(run.rto_s)}" if run.rto_s is not None else "It did not recover"
    orders = ""
    if run.orders_acknowledged is not None:
        orders = f", {len(run.orders_lost)} of {run.orders_acknowledged} acknowledged orders lost"
    gaps = f" {len(run.gaps)} to mend." if run.gaps else " Every promise was kept."
    return f"{recovered}{orders}.{gaps}"


def _while_it_happens(run: ExerciseRun) -> str:
    sentences = {
        Phase.WARMING: "Customers are placing orders; nothing is broken yet.",
        Phase.INJECTING: f"{run.target} is being broken now.",
        Phase.WAITING: f"{run.target} is broken. Nobody has noticed yet.",
        Phase.INCIDENT: "It was noticed and an incident is open. What to do is being decided.",
        Phase.RUNNING: "The procedure is at work.",
        Phase.RECOVERED: "The shop is back. Customers order a little longer.",
        Phase.MEASURING: "Customers have stopped; their orders are compared with the shop's.",
        Phase.CLEANING: "Everything that was broken is being put back.",
    }
    return sentences[Phase(run.phase)]
