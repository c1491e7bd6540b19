"""Pages of reviews and actions."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.respond.selectors import timeline_of
from stormproof.review import selectors, services
from stormproof.review.choices import LessonKind, ReviewState
from stormproof.review.models import PostIncidentReview
from stormproof.web.drawing import Drawing, Node, draw_graph
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads
from stormproof.web.review import forms

REVIEW_COLUMNS = (
    Column(name="Incident", sort="incident__number", csv=lambda review: review.incident.label),
    Column(name="What", sort="incident__title", csv=lambda review: review.incident.title),
    Column(name="State", sort="state", csv=lambda review: review.state),
    Column(name="Lasted", csv=lambda review: review.figures["mitigate_s"], end=True),
    Column(name="Lost", csv=lambda review: review.figures["revenue_lost"], end=True),
    Column(name="RTO", csv=lambda review: review.figures["rto_met"]),
    Column(name="Due", sort="due_on", csv=lambda review: review.due_on),
    Column(name="Actions open", csv=lambda review: review.open_actions, end=True),
)
REVIEW_FILTERS = (
    Filter(key="state", name="State", choices=ReviewState.choices),
    Filter(
        key="drill", name="Drills", lookup="incident__is_drill", choices=[("True", "Drills"), ("False", "Real ones")]
    ),
)
ACTION_COLUMNS = (
    Column(name="Action", sort="title", csv=lambda action: action.title),
    Column(name="Owner", sort="owner__name", csv=lambda action: action.owner),
    Column(name="By", sort="due_on", csv=lambda action: action.due_on),
    Column(name="From", sort="review__incident__number", csv=lambda action: action.review.incident.label),
    Column(name="Done", sort="done_at", csv=lambda action: action.done_at or ""),
)
ACTION_FILTERS = (
    Filter(key="open", name="Done", lookup="done_at__isnull", choices=[("True", "Not done"), ("False", "Done")]),
)


@reads(selectors.READ)
def reviews(request: Request) -> HttpResponseBase:
    """All reviews, newest first, with how the real incidents went."""
    found = read_list(
        request,
        selectors.reviews_for(request.actor),
        noun="reviews",
        columns=REVIEW_COLUMNS,
        filters=REVIEW_FILTERS,
        search=["incident__title__icontains", "root_cause__icontains"],
        order="-opened_at",
        csv_name="reviews",
    )
    if found.wants_csv:
        return found.as_csv()
    context = {
        "list": found,
        "counts": selectors.counts(request.actor),
        "medians": selectors.medians(request.actor),
        "today": now().date(),
    }
    return render(request, "review/reviews.html", context)


@reads(selectors.READ)
def review(request: Request, number: int) -> HttpResponse:
    """One review: the figures, why it happened, what was learned, what is done about it."""
    found = selectors.review_numbered(request.actor, number)
    return render(request, "review/review.html", _context(request, found))


def _context(request: Request, review: PostIncidentReview, **bound: Form) -> dict[str, Any]:
    words = {name: getattr(review, name) for name in ("summary", "root_cause", "contributing_factors", "owner")}
    lessons = list(review.lessons.all())
    return {
        "review": review,
        "incident": review.incident,
        "figures": selectors.figure_words(review.figures),
        "lessons": [(label, [one for one in lessons if one.kind == kind]) for kind, label in LessonKind.choices],
        "actions": review.actions.select_related("owner", "done_by"),
        "timeline": timeline_of(review.incident).reverse(),
        "can_write": request.actor.may("review.write") and review.state == ReviewState.OPEN,
        "can_act": request.actor.may("review.write"),
        "today": now().date(),
        "hints": selectors.hints_on(review),
        "told": selectors.told_in(review.incident),
        "causes": selectors.causes_of(review),
        "tree": _tree(review),
        "whys_form": bound.get("whys") or forms.WhysForm(initial={"whys": "\n".join(review.five_whys)}),
        "cause_form": bound.get("cause") or forms.CauseForm(review=review),
        "words_form": bound.get("words") or forms.WordsForm(initial=words),
        "lesson_form": bound.get("lesson") or forms.LessonForm(),
        "action_form": bound.get("action") or forms.ActionForm(),
    }


def _tree(review: PostIncidentReview) -> Drawing:
    """The fault tree: what a box leans on stands beneath it."""
    causes = selectors.causes_of(review)
    gates = {"and": "all: ", "or": "any: "}
    boxes = [Node(id=one.pk, label=f"{gates.get(one.gate, '')}{one.text}"[:60], state="unknown") for one in causes]
    edges = [(one.parent_id, one.pk) for one in causes if one.parent_id is not None]
    return draw_graph(boxes, edges, centre=causes[0].pk if causes else None)


def _back(review: PostIncidentReview) -> HttpResponse:
    return redirect("review", number=review.incident.number)


def _again(request: Request, review: PostIncidentReview, refused: Refused | None = None, **bound: Form) -> HttpResponse:
    """The page once more, with what was typed and what is wrong with it."""
    for form in bound.values():
        if refused is not None:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, f"{refused.message}. {refused.hint}".rstrip(". ") + ".")
    return render(request, "review/review.html", _context(request, review, **bound), status=422)


@require_POST
@acts("review.write")
def words(request: Request, number: int) -> HttpResponse:
    """Write what happened and why."""
    found = selectors.review_numbered(request.actor, number)
    form = forms.WordsForm(request.POST)
    if not form.is_valid():
        return _again(request, found, words=form)
    try:
        services.edit_review(found, actor=request.actor, at=now(), **form.cleaned_data)
    except services.CannotEditReview as refused:
        return _again(request, found, refused, words=form)
    return _back(found)


@require_POST
@acts("review.write")
def lesson(request: Request, number: int) -> HttpResponse:
    """Add a lesson."""
    found = selectors.review_numbered(request.actor, number)
    form = forms.LessonForm(request.POST)
    if not form.is_valid():
        return _again(request, found, lesson=form)
    services.add_lesson(found, actor=request.actor, at=now(), **form.cleaned_data)
    return _back(found)


@require_POST
@acts("review.write")
def lesson_drop(request: Request, number: int, id: int) -> HttpResponse:
    """Take a lesson away."""
    found = selectors.review_numbered(request.actor, number)
    services.drop_lesson(selectors.lesson_for(request.actor, found, id), actor=request.actor)
    return _back(found)


@require_POST
@acts("review.write")
def whys(request: Request, number: int) -> HttpResponse:
    """Write the five whys."""
    found = selectors.review_numbered(request.actor, number)
    form = forms.WhysForm(request.POST)
    if not form.is_valid():
        return _again(request, found, whys=form)
    try:
        answers = form.cleaned_data["whys"].splitlines()
        services.set_five_whys(found, answers=answers, actor=request.actor, at=now())
    except services.CannotEditReview as refused:
        return _again(request, found, refused, whys=form)
    return _back(found)


@require_POST
@acts("review.write")
def cause(request: Request, number: int) -> HttpResponse:
    """Put a cause into the fault tree."""
    found = selectors.review_numbered(request.actor, number)
    form = forms.CauseForm(request.POST, review=found)
    if not form.is_valid():
        return _again(request, found, cause=form)
    try:
        services.add_cause(found, actor=request.actor, at=now(), **form.cleaned_data)
    except services.CannotEditReview as refused:
        return _again(request, found, refused, cause=form)
    return _back(found)


@require_POST
@acts("review.write")
def cause_drop(request: Request, number: int, id: int) -> HttpResponse:
    """Take a cause away with what stands beneath it."""
    found = selectors.review_numbered(request.actor, number)
    services.drop_cause(selectors.cause_for(request.actor, found, id), actor=request.actor, at=now())
    return _back(found)


@require_POST
@acts("review.write")
def action(request: Request, number: int) -> HttpResponse:
    """Add an action."""
    found = selectors.review_numbered(request.actor, number)
    form = forms.ActionForm(request.POST)
    if not form.is_valid():
        return _again(request, found, action=form)
    try:
        services.add_action(found, actor=request.actor, at=now(), **form.cleaned_data)
    except services.CannotAddAction as refused:
        return _again(request, found, refused, action=form)
    return _back(found)


@require_POST
@acts("review.write")
def sign_off(request: Request, number: int) -> HttpResponse:
    """Stand for what the review says."""
    found = selectors.review_numbered(request.actor, number)
    services.sign_off(found, actor=request.actor, at=now())
    return _back(found)


@reads(selectors.READ)
def report(request: Request, number: int) -> HttpResponse:
    """The whole review as Markdown."""
    found = selectors.review_numbered(request.actor, number)
    answer = HttpResponse(selectors.markdown_of(found), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="review-inc-{found.incident.number}.md"'
    return answer


@reads(selectors.READ)
def actions(request: Request) -> HttpResponseBase:
    """All actions, the earliest due first."""
    found = read_list(
        request,
        selectors.actions_for(request.actor),
        noun="actions",
        columns=ACTION_COLUMNS,
        filters=ACTION_FILTERS,
        search=["title__icontains", "owner__name__icontains", "owner__email__icontains"],
        order="due_on",
        csv_name="actions",
    )
    if found.wants_csv:
        return found.as_csv()
    late = selectors.actions_overdue(request.actor, today=now().date()).count()
    context = {"list": found, "today": now().date(), "late": late, "can_act": request.actor.may("review.write")}
    return render(request, "review/actions.html", context)


@require_POST
def action_done(request: Request, id: int) -> HttpResponse:
    """Mark an action done."""
    found = selectors.action_for(request.actor, id)
    services.finish_action(found, actor=request.actor, at=now())
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return redirect(came_from)
    return redirect("actions")
