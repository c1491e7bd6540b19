"""Reviews and actions for programs."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.people.models import User
from stormproof.people.selectors import people_by_email
from stormproof.review import selectors, services
from stormproof.review.models import Action, Cause, Lesson, PostIncidentReview

router = Router(tags=["review"])


class FiguresOut(Schema):
    """The measures of an incident; null where something never happened or was never promised."""

    detect_s: float
    acknowledge_s: float | None
    mitigate_s: float | None
    resolve_s: float | None
    human_s: float
    machine_s: float
    revenue_lost: str
    currency: str
    rto_s: float | None
    rto_met: bool | None
    people_paged: int
    is_drill: bool


class LessonOut(Schema):
    """One lesson: kind is well, badly or lucky."""

    id: int
    kind: str
    text: str
    written_by: str


class ActionOut(Schema):
    """One action; `incident` is the number it comes from."""

    id: int
    title: str
    owner: str
    due_on: date
    priority: str
    done_at: datetime | None
    incident: int

    @staticmethod
    def resolve_owner(action: Action) -> str:
        """The owner's e-mail address."""
        return action.owner.email

    @staticmethod
    def resolve_incident(action: Action) -> int:
        """The number of the incident it comes from."""
        return action.review.incident.number


class ReviewOut(Schema):
    """A review with its figures."""

    incident: int
    title: str
    state: str
    summary: str
    root_cause: str
    contributing_factors: str
    five_whys: list[str]
    figures: FiguresOut
    opened_at: datetime
    due_on: date
    signed_off_at: datetime | None
    lessons: list[LessonOut]

    @staticmethod
    def resolve_incident(review: PostIncidentReview) -> int:
        """The number of its incident."""
        return review.incident.number

    @staticmethod
    def resolve_title(review: PostIncidentReview) -> str:
        """The title of its incident."""
        return review.incident.title

    @staticmethod
    def resolve_lessons(review: PostIncidentReview) -> list[Lesson]:
        """The lessons in the order in which they were written."""
        return list(review.lessons.all())


class WordsIn(Schema):
    """What happened and why; `owner` is an e-mail address."""

    summary: str
    root_cause: str
    contributing_factors: str = ""
    owner: str | None = None
    five_whys: list[str] | None = None


class CauseIn(Schema):
    """A cause of the fault tree; gate is basic, and or or; parent is the id of another."""

    text: str
    gate: str = "basic"
    parent: int | None = None


class CauseOut(Schema):
    """One cause of the fault tree."""

    id: int
    text: str
    gate: str
    parent_id: int | None


class LessonIn(Schema):
    """One lesson: kind is well, badly or lucky."""

    kind: str
    text: str


class ActionIn(Schema):
    """An action; `owner` is an e-mail address."""

    title: str
    owner: str
    due_on: date
    priority: str = "medium"


def _review(request: Request, number: int) -> PostIncidentReview:
    return selectors.review_numbered(request.actor, number)


def _person(email: str) -> User:
    found = people_by_email([email]).get(email.lower())
    if found is None:
        raise NotFound(f"Nobody has the address {email}")
    return found


@router.get("/reviews", response=list[ReviewOut], summary="List reviews")
@paginate
def list_reviews(request: Request) -> QuerySet[PostIncidentReview]:
    """Reviews, newest first."""
    request.actor.require(selectors.READ)
    return selectors.reviews_for(request.actor).prefetch_related("lessons")


@router.get("/reviews/{int:number}", response=ReviewOut, summary="The review of one incident")
def get_review(request: Request, number: int) -> PostIncidentReview:
    """The review of incident INC-`number`."""
    return _review(request, number)


@router.get("/reviews/{int:number}/report.md", summary="A review as Markdown")
def get_report(request: Request, number: int) -> HttpResponse:
    """The whole review as Markdown."""
    return HttpResponse(selectors.markdown_of(_review(request, number)), content_type="text/markdown; charset=utf-8")


@router.put("/reviews/{int:number}", response=ReviewOut, summary="Write a review")
def put_review(request: Request, number: int, words: WordsIn) -> PostIncidentReview:
    """Write what happened and why."""
    services.edit_review(
        _review(request, number),
        summary=words.summary,
        root_cause=words.root_cause,
        contributing_factors=words.contributing_factors,
        owner=_person(words.owner) if words.owner else None,
        actor=request.actor,
        at=now(),
    )
    if words.five_whys is not None:
        services.set_five_whys(_review(request, number), answers=words.five_whys, actor=request.actor, at=now())
    return _review(request, number)


@router.post("/reviews/{int:number}/causes", response={201: CauseOut}, summary="Add a cause")
def add_cause(request: Request, number: int, new: CauseIn) -> Status[Cause]:
    """Put a cause into the fault tree."""
    review = _review(request, number)
    parent = selectors.cause_for(request.actor, review, new.parent) if new.parent is not None else None
    cause = services.add_cause(review, text=new.text, parent=parent, gate=new.gate, actor=request.actor, at=now())
    return Status(201, cause)


@router.get("/reviews/{int:number}/causes", response=list[CauseOut], summary="The fault tree")
def list_causes(request: Request, number: int) -> list[Cause]:
    """The causes, parents before what stands beneath them."""
    return selectors.causes_of(_review(request, number))


@router.post("/reviews/{int:number}/lessons", response={201: LessonOut}, summary="Add a lesson")
def add_lesson(request: Request, number: int, new: LessonIn) -> Status[Lesson]:
    """Write one lesson."""
    lesson = services.add_lesson(_review(request, number), kind=new.kind, text=new.text, actor=request.actor, at=now())
    return Status(201, lesson)


@router.post("/reviews/{int:number}/actions", response={201: ActionOut}, summary="Add an action")
def add_action(request: Request, number: int, new: ActionIn) -> Status[Action]:
    """Give somebody something to do by a date."""
    review = _review(request, number)
    action = services.add_action(
        review,
        title=new.title,
        owner=_person(new.owner),
        due_on=new.due_on,
        priority=new.priority,
        actor=request.actor,
        at=now(),
    )
    return Status(201, action)


@router.post("/reviews/{int:number}/sign-off", response=ReviewOut, summary="Sign off a review")
def sign_off(request: Request, number: int) -> PostIncidentReview:
    """Stand for what the review says."""
    services.sign_off(_review(request, number), actor=request.actor, at=now())
    return _review(request, number)


@router.get("/actions", response=list[ActionOut], summary="List actions")
@paginate
def list_actions(request: Request, *, open: bool | None = None) -> QuerySet[Action]:
    """Actions, the earliest due first; `open` leaves out the done ones, or the others."""
    request.actor.require(selectors.READ)
    found = selectors.actions_for(request.actor)
    return found if open is None else found.filter(done_at__isnull=open)


@router.post("/actions/{int:id}/done", response=ActionOut, summary="Finish an action")
def finish_action(request: Request, id: int) -> Action:
    """Mark an action done."""
    services.finish_action(selectors.action_for(request.actor, id), actor=request.actor, at=now())
    return selectors.action_for(request.actor, id)
