"""Actions: given to somebody, done, and asked about when they are late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from stormproof.business.selectors import shop_zone
from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people.choices import Role
from stormproof.people.models import User
from stormproof.people.selectors import people_with_role
from stormproof.review.choices import Priority
from stormproof.review.facts import ActionAdded, ActionChased, ActionDone, ActionOverdue
from stormproof.review.models import Action, PostIncidentReview
from stormproof.review.rules import SOON, chase_of, is_for_managers, needs_reminder


class CannotAddAction(Refused):
    """The action has no title, its date is past, or its owner left."""


class CannotFinishAction(Refused):
    """The action is done already."""


@transaction.atomic
def add_action(
    review: PostIncidentReview,
    *,
    title: str,
    owner: User,
    due_on: date,
    priority: str = Priority.MEDIUM,
    actor: Actor,
    at: datetime,
) -> Action:
    """Give somebody something to do by a date. Raises `CannotAddAction`."""
    actor.require("review.write")
    title = title.strip()
    if not title or len(title) > 200:
        raise CannotAddAction("An action needs a title of at most 200 characters", field="title")
    if priority not in Priority.values:
        raise CannotAddAction(f"{priority!r} is no priority", field="priority", hint="Choose high, medium or low.")
    if not owner.is_active:
        raise CannotAddAction(f"{owner} no longer works here", field="owner", hint="Choose somebody else.")
    if due_on < at.astimezone(shop_zone()).date():
        raise CannotAddAction(f"{due_on} is past", field="due_on", hint="Choose today or later.")
    action = Action.objects.create(
        review=review, title=title, owner=owner, due_on=due_on, priority=priority, added_at=at
    )
    fact = ActionAdded(action_id=action.pk, review_id=review.pk, owner_id=owner.pk, due_on=due_on.isoformat())
    tell(fact, at=at, actor=actor)
    return action


@transaction.atomic
def finish_action(action: Action, *, actor: Actor, at: datetime) -> None:
    """Mark an action done; its owner may, and whoever writes reviews. Raises `CannotFinishAction`."""
    if actor.user_id is None or actor.user_id != action.owner_id:
        actor.require("review.write")
    changed = Action.objects.filter(pk=action.pk, done_at__isnull=True).update(done_at=at, done_by_id=actor.user_id)
    if not changed:
        raise CannotFinishAction(f"“{action.title}” is done already")
    tell(ActionDone(action_id=action.pk, review_id=action.review_id), at=at, actor=actor)


@transaction.atomic
def remind_of_overdue_actions(*, at: datetime) -> int:
    """Mail the owners of actions whose date is past: the day after, then weekly; returns how many mails."""
    today = at.astimezone(shop_zone()).date()
    late = (
        Action.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("owner", "review__incident")
        .filter(done_at__isnull=True, due_on__lt=today, owner__is_active=True)
        .order_by("due_on", "pk")
    )
    count = 0
    for action in late:
        if needs_reminder(due_on=action.due_on, reminded_on=action.reminded_on, today=today):
            _remind(action, today=today, at=at)
            count += 1
    return count


def _remind(action: Action, *, today: date, at: datetime) -> None:
    days = (today - action.due_on).days
    incident = action.review.incident
    text = f"""{action.title}

was due on {action.due_on:%d %B %Y}, {days} {"day" if days == 1 else "days"} ago.
It comes from the review of {incident}.

Mark it done or talk about its date:
{env.public_url}/reviews/{incident.number}/
"""
    post_message(
        channel="email",
        address=action.owner.email,
        payload={"subject": f"Overdue: {action.title}", "text": text},
        key=f"action:{action.pk}:overdue:{today.isoformat()}",
        at=at,
        about=f"action:{action.pk}",
    )
    Action.objects.filter(pk=action.pk).update(reminded_on=today)
    fact = ActionOverdue(action_id=action.pk, review_id=action.review_id, owner_id=action.owner_id, days_late=days)
    tell(fact, at=at)


@transaction.atomic
def chase_actions(*, at: datetime) -> int:
    """Mail owners three days before an action is due and on the day, and managers a week after; how many mails."""
    today = at.astimezone(shop_zone()).date()
    near = (
        Action.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("owner", "review__incident")
        .filter(done_at__isnull=True, due_on__lte=today + SOON)
        .order_by("due_on", "pk")
    )
    count = 0
    for action in near:
        stage = chase_of(due_on=action.due_on, chased=action.chased, today=today)
        if stage and action.owner.is_active:
            Action.objects.filter(pk=action.pk).update(chased=stage)
            words = "is due today" if stage == "today" else f"is due on {action.due_on:%d %B %Y}"
            count += _mail(action, [action.owner], words=words, stage=stage, at=at)
        elif is_for_managers(due_on=action.due_on, told_on=action.managers_told_on, today=today):
            Action.objects.filter(pk=action.pk).update(managers_told_on=today)
            words = f"was due on {action.due_on:%d %B %Y} and {action.owner} has not done it"
            count += _mail(action, people_with_role(Role.CONTINUITY_MANAGER), words=words, stage="managers", at=at)
    return count


def _mail(action: Action, people: Iterable[User], *, words: str, stage: str, at: datetime) -> int:
    incident = action.review.incident
    count = 0
    for person in people:
        text = f"""{action.title}

{words}. It comes from the review of {incident.label}.

{env.public_url}/reviews/{incident.number}/
"""
        post_message(
            channel="email",
            address=person.email,
            payload={"subject": f"Action: {action.title}", "text": text},
            key=f"action:{action.pk}:{stage}:{person.pk}",
            at=at,
            about=f"action:{action.pk}",
        )
        count += 1
    tell(ActionChased(action_id=action.pk, review_id=action.review_id, stage=stage), at=at)
    return count
