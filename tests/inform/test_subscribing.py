"""Mails go only to those who asked and confirmed; leaving takes one click; nobody can be flooded."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from stormproof.core.facts import history_of
from stormproof.core.models import Message
from stormproof.core.refusals import NotFound
from stormproof.core.secrets import open_text
from stormproof.inform import selectors, services
from stormproof.inform.models import SubscribeAttempt, Subscriber
from stormproof.inform.services.links import leave_link
from stormproof.inform.services.subscribing import CannotSubscribe
from tests.respond.make import NOON, minutes

pytestmark = pytest.mark.django_db


def ask(email: str = "carol@example.org", **more: object) -> None:
    services.ask_to_subscribe(email, **{"origin": "203.0.113.5", "at": NOON, **more})  # type: ignore[arg-type]


def token_in_last_mail() -> str:
    text = json.loads(open_text(Message.objects.latest("id").sealed_payload))["text"]
    found = re.search(r"/status/confirm/(\S+)/", text)
    assert found
    return found[1]


def test_asking_alone_brings_no_mails_and_confirming_does() -> None:
    ask("Carol@Example.org ")
    assert Subscriber.objects.get().state == "asked"
    assert list(selectors.confirmed_subscribers()) == []
    subscriber = services.confirm_subscription(token_in_last_mail(), at=NOON + minutes(5))
    services.confirm_subscription(token_in_last_mail(), at=NOON + minutes(6))
    assert (subscriber.email, subscriber.confirmed_at) == ("carol@example.org", NOON + minutes(5))
    facts = list(history_of(f"subscriber:{subscriber.pk}"))
    assert [fact.name for fact in facts] == ["SubscriberConfirmed"]
    assert "carol" not in json.dumps(facts[0].payload)


def test_a_subscriber_who_asks_again_gets_no_mail_and_the_page_does_not_tell() -> None:
    ask()
    services.confirm_subscription(token_in_last_mail(), at=NOON)
    ask(at=NOON + minutes(30))
    assert Message.objects.count() == 1
    first = Client().post("/status/subscribe/", {"email": "carol@example.org"})
    second = Client().post("/status/subscribe/", {"email": "nobody@example.org"})
    assert (first.status_code, first.content) == (second.status_code, second.content)


@pytest.mark.parametrize(
    "wrong", ["", "carol", "carol@", "@example.org", "a b@example.org", "c@x", "x" * 260 + "@e.org"]
)
def test_what_is_no_address_is_refused_and_leaves_nothing(wrong: str) -> None:
    with pytest.raises(CannotSubscribe) as refusal:
        ask(wrong)
    assert refusal.value.field == "email"
    assert (Subscriber.objects.count(), Message.objects.count()) == (0, 0)


def test_one_address_is_mailed_three_times_a_day_at_most() -> None:
    for hour in range(3):
        ask(at=NOON + timedelta(hours=2 * hour), origin=f"203.0.113.{hour}")
    with pytest.raises(CannotSubscribe):
        ask(at=NOON + timedelta(hours=7), origin="203.0.113.9")
    ask(at=NOON + timedelta(hours=25), origin="203.0.113.9")
    assert Message.objects.count() == 4


def test_one_computer_asks_six_times_an_hour_at_most() -> None:
    for number in range(6):
        ask(f"carol{number}@example.org")
    with pytest.raises(CannotSubscribe):
        ask("carol9@example.org")
    assert Subscriber.objects.count() == 6
    assert all("203.0.113.5" not in row.origin for row in SubscribeAttempt.objects.all())


def test_a_confirming_link_that_is_not_ours_is_refused() -> None:
    ask()
    with pytest.raises(NotFound):
        services.confirm_subscription(token_in_last_mail() + "x", at=NOON)
    assert Client().get("/status/confirm/made-up/").status_code == 404
    assert Subscriber.objects.get().state == "asked"


def test_following_the_link_alone_confirms_nothing_only_the_button_does() -> None:
    ask()
    url = f"/status/confirm/{token_in_last_mail()}/"
    assert Client().get(url).status_code == 200
    assert Subscriber.objects.get().state == "asked"
    assert Client().post(url).status_code == 200
    assert Subscriber.objects.get().state == "confirmed"


def test_one_click_in_the_mail_program_ends_it_without_a_cookie() -> None:
    ask()
    subscriber = services.confirm_subscription(token_in_last_mail(), at=NOON)
    path = "/status/leave/" + leave_link(subscriber).partition("/status/leave/")[2]
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(path).status_code == 200
    assert list(selectors.confirmed_subscribers()) == [subscriber]
    answer = strict.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert list(selectors.confirmed_subscribers()) == []


def test_addresses_are_forgotten_a_week_after_asking_and_a_month_after_leaving() -> None:
    ask("asked@example.org")
    ask("left@example.org")
    left = services.confirm_subscription(token_in_last_mail(), at=NOON)
    services.leave_subscription(leave_link(left).rstrip("/").rpartition("/")[2], at=NOON)
    assert services.forget_stale_subscriptions(at=NOON + timedelta(days=6)) == 0
    assert services.forget_stale_subscriptions(at=NOON + timedelta(days=8)) == 1
    assert services.forget_stale_subscriptions(at=NOON + timedelta(days=31)) == 1
    assert not Subscriber.objects.exists()
