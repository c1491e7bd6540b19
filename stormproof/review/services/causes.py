"""Why it happened: five whys, and the fault tree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.review.choices import Gate
from stormproof.review.models import Cause, PostIncidentReview
from stormproof.review.services.reviews import CannotEditReview, note_author, to_write

MOST_WHYS, MOST_CAUSES = 7, 60


@transaction.atomic
def set_five_whys(review: PostIncidentReview, *, answers: Sequence[str], actor: Actor, at: datetime) -> None:
    """Write the answers, each to the why of the one before; empty ones are left out. Raises `CannotEditReview`."""
    review = to_write(review, actor)
    told = [answer.strip() for answer in answers if answer.strip()]
    if len(told) > MOST_WHYS:
        raise CannotEditReview(f"More than {MOST_WHYS} whys", field="whys", hint="Draw a fault tree instead.")
    if any(len(answer) > 500 for answer in told):
        raise CannotEditReview("An answer has more than 500 characters", field="whys")
    review.five_whys = told
    review.save(update_fields=["five_whys"])
    note_author(review, actor=actor, at=at)


@transaction.atomic
def add_cause(
    review: PostIncidentReview, *, text: str, parent: Cause | None, gate: str, actor: Actor, at: datetime
) -> Cause:
    """Put a cause into the fault tree: its top without a parent, else beneath one. Raises `CannotEditReview`."""
    review = to_write(review, actor)
    if not text.strip() or len(text) > 200:
        raise CannotEditReview("A cause has 1 to 200 characters", field="text")
    if gate not in Gate.values:
        raise CannotEditReview(f"{gate!r} is no gate", field="gate", hint="Choose basic, and or or.")
    if parent is not None and (parent.review_id != review.pk or parent.gate == Gate.BASIC):
        raise CannotEditReview("Nothing can stand beneath that", field="parent", hint="Choose an “all” or an “any”.")
    if parent is None and review.causes.exists():
        raise CannotEditReview("The tree has its top already", field="parent", hint="Choose what it stands beneath.")
    if review.causes.count() >= MOST_CAUSES:
        raise CannotEditReview(f"More than {MOST_CAUSES} causes", field="text", hint="Keep to what will be read.")
    cause = Cause.objects.create(review=review, parent=parent, gate=gate, text=text.strip())
    note_author(review, actor=actor, at=at)
    return cause


@transaction.atomic
def drop_cause(cause: Cause, *, actor: Actor, at: datetime) -> None:
    """Take a cause away with everything beneath it. Raises `CannotEditReview`."""
    review = to_write(cause.review, actor)
    Cause.objects.filter(pk=cause.pk).delete()
    note_author(review, actor=actor, at=at)
