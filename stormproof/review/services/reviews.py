"""Opening, writing and signing off a review."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from stormproof.business.selectors import shop_zone
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.people.models import User
from stormproof.respond.models import Incident
from stormproof.review.choices import LessonKind, ReviewState
from stormproof.review.facts import ReviewOpened, ReviewSignedOff, ReviewWritten
from stormproof.review.models import Lesson, PostIncidentReview
from stormproof.review.rules import review_due_on
from stormproof.review.selectors import first_words_on, measure


class CannotEditReview(Refused):
    """The review is signed off, or what was written cannot be kept."""


class CannotSignOff(Refused):
    """The review does not say enough yet, or it is signed off already."""


@transaction.atomic
def open_review(incident: Incident, *, at: datetime) -> PostIncidentReview:
    """The review of a resolved incident, with its figures; one per incident.

    An incident that came back and was resolved again opens its review anew, with fresh figures and the words kept.
    """
    figures = asdict(measure(incident))
    words = first_words_on(incident)
    review, is_new = PostIncidentReview.objects.select_for_update(of=("self",)).get_or_create(
        incident=incident,
        defaults={
            "owner": incident.commander,
            "summary": words.summary,
            "root_cause": words.root_cause,
            "figures": figures,
            "opened_at": at,
            "due_on": review_due_on(at.astimezone(shop_zone()).date(), severity=incident.severity),
        },
    )
    if is_new:
        tell(ReviewOpened(review_id=review.pk, incident_id=incident.pk), at=at)
        return review
    if review.figures != figures:
        review.figures = figures
        review.state, review.signed_off_by, review.signed_off_at = ReviewState.OPEN, None, None
        review.save(update_fields=["figures", "state", "signed_off_by", "signed_off_at"])
        announce(f"review:{review.pk}")
    return review


@transaction.atomic
def edit_review(
    review: PostIncidentReview,
    *,
    summary: str,
    root_cause: str,
    contributing_factors: str,
    owner: User | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Write what happened and why. Raises `CannotEditReview`."""
    review = to_write(review, actor)
    texts = {"summary": summary, "root_cause": root_cause, "contributing_factors": contributing_factors}
    for field, text in texts.items():
        if len(text) > 20_000:
            raise CannotEditReview("More than 20000 characters", field=field, hint="Keep to what will be read.")
        setattr(review, field, text.strip())
    review.owner = owner
    review.save(update_fields=[*texts, "owner"])
    note_author(review, actor=actor, at=at)


@transaction.atomic
def add_lesson(review: PostIncidentReview, *, kind: str, text: str, actor: Actor, at: datetime) -> Lesson:
    """Write one lesson. Raises `CannotEditReview`."""
    review = to_write(review, actor)
    if kind not in LessonKind.values:
        raise CannotEditReview(f"{kind!r} is no kind of lesson", field="kind", hint="Choose well, badly or lucky.")
    if not text.strip() or len(text) > 2000:
        raise CannotEditReview("A lesson has 1 to 2000 characters", field="text")
    lesson = Lesson.objects.create(
        review=review, kind=kind, text=text.strip(), written_by=actor.name[:120], written_at=at
    )
    announce(f"review:{review.pk}")
    return lesson


@transaction.atomic
def drop_lesson(lesson: Lesson, *, actor: Actor) -> None:
    """Take a lesson away. Raises `CannotEditReview`."""
    review = to_write(lesson.review, actor)
    Lesson.objects.filter(pk=lesson.pk).delete()
    announce(f"review:{review.pk}")


@transaction.atomic
def sign_off(review: PostIncidentReview, *, actor: Actor, at: datetime) -> None:
    """Stand for what the review says. Raises `CannotSignOff` naming what is missing."""
    review = to_write(review, actor)
    if not review.incident.is_over:
        raise CannotSignOff(f"{review.incident.label} is open again", hint="Resolve it first.")
    if not review.root_cause:
        raise CannotSignOff("The root cause is not written yet", field="root_cause")
    if not review.lessons.exists():
        raise CannotSignOff("There is no lesson yet", hint="Write at least one; “it worked as planned” is one.")
    if actor.user_id is not None and actor.user_id in review.authors:
        raise CannotSignOff("Whoever wrote it does not sign it off", hint="Ask somebody who did not write in it.")
    review.state, review.signed_off_by_id, review.signed_off_at = ReviewState.SIGNED_OFF, actor.user_id, at
    review.save(update_fields=["state", "signed_off_by", "signed_off_at"])
    tell(ReviewSignedOff(review_id=review.pk, incident_id=review.incident_id), at=at, actor=actor)


def note_author(review: PostIncidentReview, *, actor: Actor, at: datetime) -> None:
    """Remember who wrote in a review, because an author never signs it off; inside the caller's transaction."""
    if actor.user_id is not None and actor.user_id not in review.authors:
        review.authors = [*review.authors, actor.user_id]
        review.save(update_fields=["authors"])
    tell(ReviewWritten(review_id=review.pk), at=at, actor=actor)


def to_write(review: PostIncidentReview, actor: Actor) -> PostIncidentReview:
    """The review as it is now, held until the transaction ends, if it may be written."""
    actor.require("review.write")
    found = PostIncidentReview.objects.select_for_update(of=("self",)).select_related("incident").get(pk=review.pk)
    if found.state == ReviewState.SIGNED_OFF:
        raise CannotEditReview("This review is signed off", hint="Add an action instead, or note it in the next one.")
    return found
