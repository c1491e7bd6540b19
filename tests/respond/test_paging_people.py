"""Pages: who gets one, when the next person does, and what happens when a channel fails."""

from __future__ import annotations

import json

import pytest

from stormproof.core.models import FactRecord, Message
from stormproof.core.secrets import open_text
from stormproof.respond import services
from stormproof.respond.models import Escalation, Page, TimelineEntry
from tests.respond.make import NOON, Shop, actor_of, make_contact, make_incident, make_user, minutes, seconds

pytestmark = pytest.mark.django_db


def pages() -> list[tuple[str, int, str]]:
    return [(str(page.person), page.attempt, page.state) for page in Page.objects.all()]


def set_policy(shop: Shop, *, wait: int = 120, repeat: int = 2, webhooks: tuple[str, ...] = ()) -> None:
    services.set_paging_policy(
        shop.platform,
        order=[(shop.alice, wait), (shop.bob, wait * 2)],
        repeat=repeat,
        webhooks=webhooks,
        actor=actor_of(shop.bob),
    )


def test_one_person_is_paged_with_a_link_in_the_same_transaction() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    page = Page.objects.get()
    assert (page.person, page.channel, page.address, page.state) == (shop.alice, "email", shop.alice.email, "pending")
    message = Message.objects.get()
    assert (message.key, message.address, message.about) == (page.key, shop.alice.email, f"incident:{incident.pk}")
    payload = json.loads(open_text(message.sealed_payload))
    assert payload["subject"] == f"SEV1 {incident.label} Checkout and 1 more down"
    for line in (
        "Checkout and 1 more down since 11:59 (UTC).",
        "Severity 1: 100% of revenue stops.",
        "Cause: Orders db.",
        "About 10 EUR a minute.",
        "Checkout must be back by 12:29.",
    ):
        assert line in payload["text"].splitlines()


def test_the_next_person_is_paged_when_nobody_answers_and_so_on_round_and_round() -> None:
    shop = Shop()
    set_policy(shop)
    make_incident(shop.database)
    for moment, due in ((119, 0), (120, 1), (121, 0), (359, 0), (360, 1), (480, 1), (719, 0)):
        assert services.page_the_next(at=NOON + seconds(moment)) == due
    assert [name for name, _, _ in pages()] == ["Alice", "Bob", "Alice", "Bob"]
    assert [attempt for _, attempt, _ in pages()] == [1, 1, 2, 2]


def test_when_everybody_was_paged_in_vain_the_administrators_are() -> None:
    shop = Shop()
    root = make_user("Root", roles=("admin",))
    set_policy(shop, repeat=1)
    make_incident(shop.database)
    services.page_the_next(at=NOON + seconds(120))
    services.page_the_next(at=NOON + seconds(360))
    assert [name for name, _, _ in pages()] == ["Alice", "Bob", "Root"]
    assert FactRecord.objects.filter(name="NobodyAnswered").count() == 1
    assert Escalation.objects.get().next_at == NOON + seconds(360) + minutes(30)
    assert services.page_the_next(at=NOON + minutes(35)) == 0
    assert Page.objects.last().person == root  # type: ignore[union-attr]


def test_a_change_of_the_policy_leaves_a_running_escalation_alone() -> None:
    shop = Shop()
    set_policy(shop)
    make_incident(shop.database)
    carol = make_user("Carol")
    services.set_paging_policy(shop.platform, order=[(carol, 60)], actor=actor_of(shop.bob))
    services.page_the_next(at=NOON + seconds(120))
    assert [name for name, _, _ in pages()] == ["Alice", "Bob"]


def test_a_person_who_left_is_skipped_at_once() -> None:
    shop = Shop()
    type(shop.alice).objects.filter(pk=shop.alice.pk).update(is_active=False)
    set_policy(shop)
    make_incident(shop.database)
    assert [name for name, _, _ in pages()] == ["Bob"]
    assert TimelineEntry.objects.filter(text="Not paged: Alice no longer works here").count() == 1


def test_without_a_team_and_a_policy_the_administrators_are_paged() -> None:
    shop = Shop()
    make_user("Root", roles=("admin",))
    make_incident(shop.wifi)
    assert [name for name, _, _ in pages()] == ["Root"]


def test_with_nobody_to_page_the_timeline_says_so() -> None:
    shop = Shop()
    incident = make_incident(shop.wifi)
    assert pages() == []
    entry = incident.timeline.get(kind="paged")
    assert (entry.text, entry.is_pinned) == ("Nobody answered, and nobody is left to page", True)


def test_a_channel_that_gave_up_is_followed_by_the_next_and_then_by_the_next_person() -> None:
    shop = Shop()
    make_contact(shop.alice)
    make_contact(shop.alice, channel="webhook", address="https://phone.example/alice", position=1)
    set_policy(shop)
    make_incident(shop.database)
    first = Page.objects.get()
    services.hand_page_to_next_channel(first.key, at=NOON + minutes(1))
    services.hand_page_to_next_channel(first.key, at=NOON + minutes(1))
    second = Page.objects.latest("pk")
    assert [(page.channel, page.state) for page in Page.objects.all()] == [("email", "failed"), ("webhook", "pending")]
    body = json.loads(open_text(Message.objects.get(key=second.key).sealed_payload))["json"]
    assert (body["event"], body["severity"], body["functions"]) == ("incident paged", 1, ["checkout", "search"])
    services.hand_page_to_next_channel(second.key, at=NOON + seconds(70))
    assert services.page_the_next(at=NOON + seconds(70)) == 1
    assert [name for name, _, _ in pages()] == ["Alice", "Alice", "Bob"]


def test_the_time_to_answer_counts_from_when_the_page_was_sent() -> None:
    shop = Shop()
    set_policy(shop)
    make_incident(shop.database)
    key = Page.objects.get().key
    services.mark_page_sent(key, at=NOON + seconds(30))
    services.mark_page_sent(key, at=NOON + seconds(90))
    page = Page.objects.get()
    assert (page.state, page.sent_at) == ("sent", NOON + seconds(30))
    assert Escalation.objects.get().next_at == NOON + seconds(150)


def test_webhooks_hear_of_an_incident_once_per_event() -> None:
    shop = Shop()
    set_policy(shop, webhooks=("https://chat.example/hook",))
    services.set_paging_webhooks(["https://all.example/hook", "https://chat.example/hook"], actor=actor_of(shop.bob))
    incident = make_incident(shop.database)
    services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(20))
    hooks = Message.objects.filter(channel="webhook").order_by("pk")
    assert [message.address for message in hooks] == [
        "https://chat.example/hook",
        "https://all.example/hook",
    ] * 2
    assert json.loads(open_text(hooks[0].sealed_payload))["json"]["event"] == "incident opened"
    assert json.loads(open_text(hooks[2].sealed_payload))["json"]["event"] == "incident acknowledged"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"repeat": 0}, "repeat"), ({"wait_seconds": 0}, "wait"), ({"twice": True}, "people")],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, int], field: str) -> None:
    shop = Shop()
    order = [(shop.alice, 60)] * (2 if wrong.pop("twice", False) else 1)
    with pytest.raises(services.CannotSetPagingPolicy) as refusal:
        services.set_paging_policy(shop.platform, order=order, actor=actor_of(shop.bob), **wrong)
    assert refusal.value.field == field
