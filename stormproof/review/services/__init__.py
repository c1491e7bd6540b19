"""The only writers of review."""

from stormproof.review.services.actions import (
    CannotAddAction,
    CannotFinishAction,
    add_action,
    chase_actions,
    finish_action,
    remind_of_overdue_actions,
)
from stormproof.review.services.causes import add_cause, drop_cause, set_five_whys
from stormproof.review.services.reviews import (
    CannotEditReview,
    CannotSignOff,
    add_lesson,
    drop_lesson,
    edit_review,
    open_review,
    sign_off,
)

__all__ = [
    "CannotAddAction",
    "CannotEditReview",
    "CannotFinishAction",
    "CannotSignOff",
    "add_action",
    "add_cause",
    "add_lesson",
    "chase_actions",
    "drop_cause",
    "drop_lesson",
    "edit_review",
    "finish_action",
    "open_review",
    "remind_of_overdue_actions",
    "set_five_whys",
    "sign_off",
]
