"""The pages of runs: all of them, one while it happens, and what a person may do with it now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from stormproof.core.clock import now
from stormproof.recover import selectors, services
from stormproof.recover.choices import Answer, Question, RunMode, RunState
from stormproof.recover.models import Run, StepRun
from stormproof.recover.rules import answers_to
from stormproof.recover.selectors import RunBoard
from stormproof.recover.services import approvals
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.recover.views.gantt import draw_gantt
from stormproof.web.recover.views.history import history_in_words
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import duration_words

COLUMNS = [
    Column(name="Run", sort="pk", csv=lambda run: run.pk),
    Column(name="Procedure", sort="procedure__name", csv=lambda run: run.procedure_name),
    Column(name="State", sort="state", csv=lambda run: run.get_state_display()),
    Column(name="Mode", sort="mode", csv=lambda run: run.mode),
    Column(name="For", sort="reference", csv=lambda run: run.reference),
    Column(name="Started", sort="started_at", csv=lambda run: run.started_at.isoformat()),
    Column(name="By", csv=lambda run: run.started_by_name),
]


@reads("recover.read")
def run_list(request: Request) -> HttpResponseBase:
    """All runs, newest first."""
    listing = read_list(
        request,
        selectors.run_list(request.actor),
        noun="runs",
        columns=COLUMNS,
        filters=[
            Filter(key="state", name="State", choices=RunState.choices),
            Filter(key="mode", name="Mode", choices=RunMode.choices),
        ],
        search=["procedure__name__icontains", "reference__icontains", "started_by_name__icontains"],
        order="-pk",
        csv_name="runs",
    )
    return listing.as_csv() if listing.wants_csv else render(request, "recover/runs.html", {"list": listing})


@reads("recover.read")
def run(request: Request, id: int) -> HttpResponseBase:
    """One run: what happens now, the question for a person if there is one, and who did what."""
    found = selectors.run_for(request.actor, id)
    context = {**_now(request, found), **_question(request, found), "history": history_in_words(found)}
    return render(request, "recover/run.html", context)


@reads("recover.read")
def run_now(request: Request, id: int) -> HttpResponseBase:
    """The live part of the page."""
    return render(request, "recover/_now.html", _now(request, selectors.run_for(request.actor, id)))


@reads("recover.read")
def run_head(request: Request, id: int) -> HttpResponseBase:
    """The head of the page: what matters now, and the clock."""
    return render(request, "recover/_head.html", _now(request, selectors.run_for(request.actor, id)))


@reads("recover.read")
def run_question(request: Request, id: int) -> HttpResponseBase:
    """The part a person writes into; it changes only when the question does."""
    return render(request, "recover/_question.html", _question(request, selectors.run_for(request.actor, id)))


def _now(request: Request, found: Run) -> dict[str, Any]:
    board = selectors.board_of(found, at=now())
    return {
        "run": found,
        "board": board,
        "gantt": draw_gantt(board),
        "sentence": sentence_of(board),
        "topic": f"run:{found.pk}",
        "may_stop": request.actor.may("recover.run") and found.is_active and found.abort_asked_at is None,
    }


def sentence_of(board: RunBoard) -> str:
    """What matters now, in words."""
    run, current = board.run, board.current
    took = duration_words(board.times.total_s)
    if not run.is_active:
        promise = {True: " Within the RTO.", False: " After the RTO.", None: ""}[board.is_within_deadline]
        why = f" {run.reason[:1].upper()}{run.reason[1:]}." if run.reason else ""
        people = f", of which {duration_words(board.times.human_s)} waiting for people" if board.times.human_s else ""
        return f"{run.get_state_display()} after {took}{people}.{why}{promise}"
    if run.state == RunState.HELD:
        return "Held by the stop switch: no new effect starts until it is released."
    place = f"{board.done} of {len(board.lines)} steps done after {took}."
    if current is None:
        return f"{place} A worker is about to take it up."
    if current.is_asked and current.row is not None:
        return f"{place} {current.step.title}: {Question(current.row.question).label.lower()} A person has to say."
    if run.abort_asked_at is not None:
        return f"{place} {run.abort_asked_by} asked to stop it; the step at work is being ended."
    doing = "Undoing" if run.undoing else "Working on"
    return f"{place} {doing} step {current.number}, {current.step.title}."


def _question(request: Request, found: Run) -> dict[str, Any]:
    row = found.journal.filter(asked_at__isnull=False, answered_at__isnull=True).last() if found.is_active else None
    context: dict[str, Any] = {"run": found, "row": row, "may_run": request.actor.may("recover.run")}
    context["question_topic"] = f"run:{found.pk}:question"
    if row is None or found.state != RunState.WAITING:
        return {**context, "row": None}
    title = next(
        (step["name"] for step in found.definition["steps"] if step["id"] == row.step and step.get("name")), ""
    )
    context["title"] = title or row.step
    if row.question == Question.APPROVE:
        return {**context, **_approval(request, found, row)}
    offered = answers_to(row.question, direction=row.direction) if context["may_run"] else ()
    line = next(line for line in selectors.board_of(found, at=now()).lines if line.step.id == row.step)
    return {**context, "answers": [(str(one), one.label) for one in offered], "line": line}


def _approval(request: Request, found: Run, row: StepRun) -> dict[str, Any]:
    wanted = approvals.approval_wanted(found, row.step)
    fault = approvals.fault_of_approver(found, wanted, request.actor)
    if not request.actor.may("recover.approve"):
        fault = "You may not approve: it needs the permission recover.approve."
    given = approvals.decisions_on(row)
    return {"wanted": wanted, "fault": fault, "decisions": given, "who": approvals.approvers_of(wanted)}


@acts("recover.run")
@require_POST
def answer(request: Request, id: int) -> HttpResponseBase:
    """Answer the question about a step."""
    found = selectors.run_for(request.actor, id)
    said = request.POST.get("answer", "")
    services.answer_step(
        found,
        step=request.POST.get("step", ""),
        answer=said,
        note=request.POST.get("note", ""),
        actor=request.actor,
        at=now(),
    )
    return redirect("run", id=found.pk)


@acts("recover.approve")
@require_POST
def approve(request: Request, id: int) -> HttpResponseBase:
    """Say yes or no to a step."""
    found = selectors.run_for(request.actor, id)
    decision = request.POST.get("decision", "")
    services.approve_step(
        found,
        step=request.POST.get("step", ""),
        decision=decision,
        note=request.POST.get("note", ""),
        actor=request.actor,
        at=now(),
    )
    messages.success(request, "Approved." if decision == Answer.APPROVED else "Refused.")
    return redirect("run", id=found.pk)


@acts("recover.run")
@require_http_methods(["GET", "POST"])
def abort(request: Request, id: int) -> HttpResponseBase:
    """Stop a run, after showing what that means."""
    found = selectors.run_for(request.actor, id)
    if request.method == "POST":
        services.abort_run(found, reason=request.POST.get("reason", "")[:500], actor=request.actor, at=now())
        return redirect("run", id=found.pk)
    board = selectors.board_of(found, at=now())
    pairs = [
        ("What", f"Run {found.pk}, {found.procedure_name}, on {found.node}"),
        ("Done so far", f"{board.done} of {len(board.lines)} steps; they stay done"),
        ("At work", board.current.step.title if board.current else "nothing yet"),
        ("Can it be undone", "A stopped run does not go on; start a new one instead"),
    ]
    context = {
        "title": "Stop this run?",
        "sentence": "The step at work is ended, and no other one begins.",
        "preview": pairs,
        "action_url": request.path,
        "back_url": f"/runs/{found.pk}/",
        "button": "Stop the run",
        "hidden": {},
        "confirm_name": "",
    }
    return render(request, "recover/abort.html", context)
