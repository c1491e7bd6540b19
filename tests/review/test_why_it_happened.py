"""Five whys, the fault tree, hints against blame, and chasing actions before and long after they are due."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from stormproof.core.models import FactRecord, Message
from stormproof.review import rules, selectors, services
from stormproof.review.models import Cause
from tests.respond.make import NOON, Shop, actor_of, make_user
from tests.review.test_actions import make_action
from tests.review.test_review_doors import call, client_of
from tests.review.test_reviewing_an_incident import live_through, review_of

DAY = timedelta(days=1)


@pytest.mark.parametrize(("severity", "days"), [(1, 5), (2, 5), (3, 10), (4, 14)])
def test_a_graver_incident_is_reviewed_sooner(severity: int, days: int) -> None:
    assert rules.review_due_on(date(2026, 3, 4), severity=severity) == date(2026, 3, 4) + days * DAY


def test_wordings_that_blame_are_named_once_with_a_better_question() -> None:
    hints = rules.blameless_hints("Bob should have looked. It was human error, Human Error, and Bob's fault.")
    assert [one.wording for one in hints] == ["human error", "should have", "Bob's fault"]
    assert rules.blameless_hints("The alert came late because the disk check ran hourly.") == []


@pytest.mark.parametrize(
    ("today", "chased", "stage"),
    [(6, "", ""), (7, "", "soon"), (9, "soon", ""), (10, "soon", "today"), (10, "today", ""), (11, "", "")],
)
def test_an_owner_is_reminded_three_days_before_and_on_the_day(today: int, chased: str, stage: str) -> None:
    assert rules.chase_of(due_on=date(2026, 3, 10), chased=chased, today=date(2026, 3, today)) == stage


@pytest.mark.django_db
def test_an_action_is_chased_before_it_is_due_and_the_managers_hear_of_it_a_week_after() -> None:
    shop = Shop()
    make_user("Mona", roles=("continuity_manager",))
    action = make_action(shop, review_of(live_through(shop)), days=7)
    sent = [services.chase_actions(at=NOON + days * DAY) for days in (3, 4, 5, 7, 8, 14, 15)]
    assert sent == [0, 1, 0, 1, 0, 1, 0]
    mails = Message.objects.filter(about=f"action:{action.pk}").order_by("pk").values_list("address", flat=True)
    assert list(mails) == ["bob@shop.example", "bob@shop.example", "mona@shop.example"]
    stages = FactRecord.objects.filter(name="ActionChased").order_by("pk").values_list("payload__stage", flat=True)
    assert list(stages) == ["soon", "today", "managers"]


@pytest.mark.django_db
def test_the_fault_tree_has_one_top_and_stands_only_beneath_gates() -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    alice = actor_of(shop.alice)

    def add(text: str, parent: Cause | None, gate: str) -> Cause:
        return services.add_cause(review, text=text, parent=parent, gate=gate, actor=alice, at=NOON)

    top = add("Checkout stopped", None, "and")
    disk = add("The disk was full", top, "basic")
    add("No alert told", top, "or")
    for text, parent, field in (("x", disk, "parent"), ("x", None, "parent"), (" ", top, "text")):
        with pytest.raises(services.CannotEditReview) as refusal:
            add(text, parent, "basic")
        assert refusal.value.field == field
    assert Cause.objects.count() == 3
    text = selectors.markdown_of(review)
    assert "- Checkout stopped (all of these together)\n  - The disk was full\n  - No alert told (any one" in text
    services.drop_cause(top, actor=alice, at=NOON)
    assert Cause.objects.count() == 0


@pytest.mark.django_db
def test_whys_and_causes_are_written_on_the_page_and_by_programs() -> None:
    shop = Shop()
    number = review_of(live_through(shop)).incident.number
    url = f"/reviews/{number}/"
    client = client_of(shop.alice)
    assert client_of(shop.charlie).post(f"{url}whys/", {"whys": "x"}).status_code == 403
    assert client.post(f"{url}whys/", {"whys": "The disk was full\n\nBob should have looked"}).status_code == 302
    assert client.post(f"{url}cause/", {"text": "Down", "gate": "and"}).status_code == 302
    assert client.post(f"{url}cause/", {"text": "Again", "gate": "and"}).status_code == 422
    page = client.get(url).content.decode()
    assert ("all: Down" in page, "What did people know at that moment" in page) == (True, True)
    top = Cause.objects.get()
    made = call(shop.bob, "POST", f"/reviews/{number}/causes", text="Disk", parent=top.pk)
    assert (made.status_code, made.json()["parent_id"]) == (201, top.pk)
    assert len(call(shop.bob, "GET", f"/reviews/{number}/causes").json()) == 2
    assert call(shop.bob, "GET", f"/reviews/{number}").json()["five_whys"] == [
        "The disk was full",
        "Bob should have looked",
    ]
    assert client.post(f"{url}cause/{top.pk}/drop/").status_code == 302
