"""The pages of procedures: all of them, one, starting one, and the stop switch."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from stormproof.core.clock import now
from stormproof.core.facts import history_of
from stormproof.core.refusals import Refused
from stormproof.recover import selectors, services
from stormproof.recover.choices import ACTIVE_RUN_STATES, ProcedureStart
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.models import Procedure
from stormproof.recover.selectors import Preview
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.recover.forms import StartForm
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import duration_words

COLUMNS = [
    Column(name="Procedure", sort="name", csv=lambda procedure: procedure.name),
    Column(name="Recovers", sort="node__name", csv=lambda procedure: procedure.node.name),
    Column(name="Starts", sort="start", csv=lambda procedure: procedure.get_start_display()),
    Column(name="Steps", csv=lambda procedure: len(procedure.definition["steps"]), end=True),
    Column(name="Last run", csv=lambda procedure: ""),
]


@reads("recover.read")
def procedure_list(request: Request) -> HttpResponseBase:
    """All procedures, the runs that are on, and the stop switch."""
    rows = selectors.procedure_list(request.actor)
    listing = read_list(
        request,
        rows,
        noun="procedures",
        columns=COLUMNS,
        filters=[Filter(key="start", name="Starts", choices=ProcedureStart.choices)],
        search=["name__icontains", "node__name__icontains", "slug__icontains"],
        order="position",
        csv_name="procedures",
    )
    if listing.wants_csv:
        return listing.as_csv()
    last = selectors.last_runs(listing.rows)
    context = {
        "list": listing,
        "pairs": [(procedure, last.get(procedure.pk)) for procedure in listing.rows],
        "active": list(selectors.run_list(request.actor).filter(state__in=ACTIVE_RUN_STATES)),
        "switch": selectors.stop_switch(),
        "sentence": _list_sentence(list(rows)),
        "may_run": request.actor.may("recover.run"),
    }
    return render(request, "recover/procedures.html", context)


def _list_sentence(rows: list[Procedure]) -> str:
    automatic = sum(procedure.is_automatic for procedure in rows)
    if not rows:
        return "No procedure is written yet: nothing can be recovered by itself."
    return f"{len(rows)} procedures bring things back; {automatic} of them start by themselves when an incident opens."


@reads("recover.read")
def procedure(request: Request, slug: str) -> HttpResponseBase:
    """One procedure: its steps, what they would do now, its runs and its versions."""
    found = selectors.procedure_for(request.actor, slug)
    preview = selectors.preview_of(found)
    context = {
        "procedure": found,
        "preview": preview,
        "sentence": _sentence(found, preview),
        "runs": list(selectors.run_list(request.actor).filter(procedure=found)[:10]),
        "versions": list(found.versions.all()[:10]),
        "history": history_of(f"procedure:{found.pk}")[:12],
        "may_run": request.actor.may("recover.run") and found.retired_at is None,
    }
    return render(request, "recover/procedure.html", context)


def _sentence(procedure: Procedure, preview: Preview) -> str:
    start = (
        "Starts by itself when an incident finds it to be the root cause."
        if procedure.is_automatic
        else "A person starts it."
    )
    usual = (
        f"Usually takes {duration_words(preview.usual_seconds)}."
        if preview.usual_seconds is not None
        else f"It has not run yet; its steps may take {duration_words(preview.longest_seconds)} at the most."
    )
    return f"Recovers {procedure.node}. {start} {usual}"


@acts("recover.run")
@require_http_methods(["GET", "POST"])
def start(request: Request, slug: str) -> HttpResponseBase:
    """Show what a run would do, where, for how long and whether it can be undone; then start it."""
    found = selectors.procedure_for(request.actor, slug)
    shape = ProcedureShape.model_validate(found.definition)
    form = StartForm(request.POST or None, shape=shape, initial={"mode": "real"})
    reference = (request.POST.get("reference") or request.GET.get("reference") or "")[:80]
    preview = selectors.preview_of(found)
    wanted = "" if preview.can_be_undone else found.slug
    if request.method == "POST" and form.is_valid():
        if wanted and request.POST.get("confirm_name", "").strip() != wanted:
            form.add_error(None, f"Type {wanted} to start it.")
        else:
            begun = _started(request, found, form, reference)
            if begun is not None:
                return begun
    context = _start_context(preview, wanted=wanted)
    context |= {"form": form, "action_url": request.path, "hidden": {"reference": reference}}
    return render(request, "recover/start.html", context, status=422 if form.errors else 200)


def _started(request: Request, found: Procedure, form: StartForm, reference: str) -> HttpResponseBase | None:
    """The way to the new run; None with the reason in the form when it was refused."""
    try:
        run = services.start_run(
            found,
            reference=reference,
            mode=form.cleaned_data["mode"],
            parameters=form.values(),
            actor=request.actor,
            at=now(),
        )
    except services.CannotStartRun as refusal:
        field = f"value_{refusal.field}"
        form.add_error(field if field in form.fields else None, f"{refusal.message}. {refusal.hint}".strip())
        return None
    return redirect("run", id=run.pk)


def _start_context(preview: Preview, *, wanted: str) -> dict[str, object]:
    """What, where, how long, and whether it can be undone."""
    found = preview.procedure
    usual = preview.usual_seconds
    taking = duration_words(usual) if usual is not None else f"at most {duration_words(preview.longest_seconds)}"
    undoing = (
        "Yes, every change can be taken back."
        if preview.can_be_undone
        else "Not all of it: steps without an undo stay as they are."
    )
    pairs = [
        ("What", f"{found.name}, version {found.version}, {len(preview.steps)} steps"),
        ("Where", str(found.node)),
        ("How long", taking),
        ("Can it be undone", undoing),
    ]
    return {
        "title": f"Start “{found.name}”?",
        "sentence": f"This acts on {found.node} at once.",
        "preview": pairs,
        "plan": preview,
        "procedure": found,
        "confirm_name": wanted,
        "back_url": f"/procedures/{found.slug}/",
        "button": "Start the run",
    }


@acts("recover.run")
@require_http_methods(["GET", "POST"])
def stop_switch(request: Request) -> HttpResponseBase:
    """Set or release the switch that keeps every run from starting a new effect."""
    switch = selectors.stop_switch()
    fault: Refused | None = None
    if request.method == "POST":
        act = services.allow_effects if switch.is_set else services.stop_effects
        try:
            act(reason=request.POST.get("reason", ""), actor=request.actor, at=now())
        except services.CannotSwitch as refusal:
            fault = refusal
        else:
            messages.success(request, "Runs go on." if switch.is_set else "No run starts a new effect any more.")
            return redirect("procedures")
    active = selectors.run_list(request.actor).filter(state__in=ACTIVE_RUN_STATES)
    context = {"switch": switch, "active": list(active), "fault": fault}
    return render(request, "recover/stop_switch.html", context, status=422 if fault else 200)
