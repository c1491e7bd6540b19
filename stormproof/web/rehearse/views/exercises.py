"""The pages of exercises: which there are, what one would do, and starting it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.rehearse import selectors, services
from stormproof.rehearse.kinds.contract import CannotInject
from stormproof.rehearse.kinds.registry import fault_of
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import Exercise
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import duration_words


@reads("rehearse.read")
def exercise_list(request: Request) -> HttpResponseBase:
    """Every exercise with its promise and how it went the last time."""
    rows = [_row(exercise) for exercise in selectors.exercise_list(request.actor)]
    proven = sum(row["last"] is not None and row["last"].has_passed for row in rows)
    sentence = (
        f"{proven} of {len(rows)} exercises passed the last time they ran."
        if rows
        else "Nothing is rehearsed yet: a plan that was never tried is a hope."
    )
    context = {"rows": rows, "sentence": sentence, "live": selectors.live_run()}
    return render(request, "rehearse/exercises.html", {**context, "may_run": request.actor.may("rehearse.run")})


@reads("rehearse.read")
def exercise(request: Request, slug: str) -> HttpResponseBase:
    """One exercise: what it breaks, when it counts as recovered, how it is put back, and its runs."""
    found = selectors.exercise_for(request.actor, slug)
    runs = list(selectors.exercise_run_list(request.actor).filter(exercise=found)[:30])
    context = {"exercise": found, "preview": _preview(found), "runs": runs, "row": _row(found)}
    return render(request, "rehearse/exercise.html", {**context, "may_run": request.actor.may("rehearse.run")})


@acts("rehearse.run")
@require_http_methods(["GET", "POST"])
def start(request: Request, slug: str) -> HttpResponseBase:
    """Show what would be broken and how it is put back; then break it."""
    found = selectors.exercise_for(request.actor, slug)
    refusal = ""
    if request.method == "POST":
        if request.POST.get("confirm_name", "").strip() != found.target.slug:
            refusal = f"Type {found.target.slug} to start it."
        else:
            try:
                is_attended = request.POST.get("is_attended") == "yes"
                run = services.start_exercise(found, is_attended=is_attended, actor=request.actor, at=now())
                return redirect("exercise_run", id=run.pk)
            except Refused as refused:
                refusal = f"{refused.message}. {refused.hint}".rstrip(". ") + "."
    return _ask(request, found, refusal)


def _ask(request: Request, found: Exercise, refusal: str) -> HttpResponse:
    context = {
        "title": f"Rehearse: {found.name}",
        "sentence": refusal
        or f"{found.target} is broken for real. The loop has to bring it back; then it is put back.",
        "preview": _preview(found),
        "confirm_name": found.target.slug,
        "action_url": reverse("start_exercise", args=[found.slug]),
        "back_url": reverse("exercise", args=[found.slug]),
        "button": "Break it now",
        "hidden": {"is_attended": "yes"},
    }
    return render(request, "confirm.html", context, status=422 if refusal else 200)


def _row(exercise: Exercise) -> dict[str, Any]:
    shape = ExerciseShape.model_validate(exercise.definition)
    promise = selectors.promise_for(
        exercise.target, within_s=shape.within, most_failed_requests=shape.most_failed_requests
    )
    last = next((run for run in exercise.runs.all() if not run.is_live), None)
    limits = [limit for limit in (promise.rto_s, promise.within_s) if limit is not None]
    return {"exercise": exercise, "promise": promise, "last": last, "limit_s": min(limits) if limits else None}


def _preview(exercise: Exercise) -> list[tuple[str, str]]:
    """What a run would do, in words."""
    shape = ExerciseShape.model_validate(exercise.definition)
    try:
        kind, with_ = fault_of(shape.fault)
        fault = f"{kind.title}: {kind.where(with_)}"
    except CannotInject as error:
        fault = f"cannot be injected: {error}"
    customers = f"order for {duration_words(shape.warm_up)} before the fault, and until it is over"
    return [
        ("Target", f"{exercise.target} ({exercise.target.slug})"),
        ("Fault", fault),
        ("Customers", customers if shape.customers else "none"),
        ("Recovered when", _recovered(shape)),
        ("Given up after", duration_words(shape.give_up_after)),
        ("Put back by", ", ".join(action.kind for action in shape.clean_up) or "undoing the fault"),
        ("Incidents and notices", "marked as drill; people are paged for real"),
    ]


def _recovered(shape: ExerciseShape) -> str:
    with_ = shape.recovered_when.with_
    address = str(with_.get("url", ""))
    place = address.rpartition("@")[2] or ", ".join(with_)  # a password in an address is nobody's business
    return f"{shape.recovered_when.kind} {place} is as expected"
