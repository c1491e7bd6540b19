"""Actions have an owner and a date; the owner is reminded when it is past."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from stormproof.core.actor import NotAllowed
from stormproof.core.models import FactRecord, Message
from stormproof.core.secrets import open_text
from stormproof.review import rules, selectors, services
from stormproof.review.models import Action, PostIncidentReview
from tests.respond.make import NOON, Shop, actor_of, make_user, minutes
from tests.review.test_reviewing_an_incident import live_through, review_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 4)


def make_action(shop: Shop, review: PostIncidentReview, *, days: int = 7) -> Action:
    return services.add_action(
        review,
        title="Alert on disk space",
        owner=shop.bob,
        due_on=TODAY + timedelta(days=days),
        actor=actor_of(shop.alice),
        at=NOON,
    )


def reminders() -> list[str]:
    return list(Message.objects.filter(key__startswith="action:").order_by("pk").values_list("key", flat=True))


def test_the_owner_is_reminded_the_day_after_and_then_weekly_until_it_is_done() -> None:
    shop = Shop()
    action = make_action(shop, review_of(live_through(shop)))
    sent = {day: services.remind_of_overdue_actions(at=NOON + timedelta(days=day)) for day in range(25)}
    assert [day for day, count in sent.items() if count] == [8, 15, 22]
    assert reminders() == [f"action:{action.pk}:overdue:2026-03-{day}" for day in (12, 19, 26)]
    mail = json.loads(open_text(Message.objects.get(key=reminders()[0]).sealed_payload))
    assert mail["subject"] == "Overdue: Alert on disk space"
    assert "was due on 11 March 2026, 1 day ago." in mail["text"]
    assert FactRecord.objects.filter(name="ActionOverdue").count() == 3
    services.finish_action(action, actor=actor_of(shop.bob), at=NOON + timedelta(days=26))
    assert services.remind_of_overdue_actions(at=NOON + timedelta(days=90)) == 0


def test_the_same_day_twice_reminds_once() -> None:
    shop = Shop()
    make_action(shop, review_of(live_through(shop)), days=0)
    assert [services.remind_of_overdue_actions(at=NOON + timedelta(days=1)) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    ("due", "reminded", "today", "needed"),
    [(4, None, 4, False), (4, None, 5, True), (4, 5, 11, False), (4, 5, 12, True)],
)
def test_when_a_reminder_is_due(due: int, reminded: int | None, today: int, needed: bool) -> None:
    last = date(2026, 3, reminded) if reminded else None
    assert rules.needs_reminder(due_on=date(2026, 3, due), reminded_on=last, today=date(2026, 3, today)) is needed


@pytest.mark.parametrize(
    ("wrong", "field"), [({"title": " "}, "title"), ({"due_on": TODAY - timedelta(days=1)}, "due_on")]
)
def test_an_action_that_cannot_be_done_is_refused(wrong: dict[str, object], field: str) -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    plain = {"title": "x", "owner": shop.bob, "due_on": TODAY, "actor": actor_of(shop.alice), "at": NOON}
    with pytest.raises(services.CannotAddAction) as refusal:
        services.add_action(review, **{**plain, **wrong})  # type: ignore[arg-type]
    assert (refusal.value.field, Action.objects.count()) == (field, 0)


def test_one_who_left_gets_no_action() -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    gone = make_user("Gone", is_active=False)
    with pytest.raises(services.CannotAddAction, match="no longer works here"):
        services.add_action(review, title="x", owner=gone, due_on=TODAY, actor=actor_of(shop.alice), at=NOON)


def test_an_action_is_done_once_by_its_owner_or_one_who_writes_reviews() -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    employee = make_user("Dora", roles=("employee",))
    action = services.add_action(review, title="x", owner=employee, due_on=TODAY, actor=actor_of(shop.alice), at=NOON)
    with pytest.raises(NotAllowed):
        services.finish_action(action, actor=actor_of(shop.charlie), at=NOON)
    services.finish_action(action, actor=actor_of(employee), at=NOON + minutes(1))
    with pytest.raises(services.CannotFinishAction):
        services.finish_action(action, actor=actor_of(shop.alice), at=NOON)
    action.refresh_from_db()
    assert (action.done_at, action.done_by) == (NOON + minutes(1), employee)
    assert list(selectors.actions_for(actor_of(employee))) == [action]
    assert list(selectors.actions_for(actor_of(shop.charlie))) == []
