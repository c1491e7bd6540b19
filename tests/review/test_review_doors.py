"""Reviews by page and API: who may see and write them, and how many queries they take."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stormproof.core.clock import now
from stormproof.people.models import User
from stormproof.review import services
from stormproof.review.models import Action, Lesson, PostIncidentReview
from tests.respond.make import NOON, Shop, actor_of, make_user
from tests.review.test_reviewing_an_incident import live_through, review_of

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def call(user: User, method: str, path: str, **body: Any) -> Any:
    return client_of(user).generic(method, f"/api/v1{path}", json.dumps(body), content_type="application/json")


def acts_on(number: int, owner: User) -> list[tuple[str, dict[str, object]]]:
    soon = (now() + timedelta(days=3)).date().isoformat()
    return [
        (f"/reviews/{number}/words/", {"root_cause": "Disk", "summary": "It was full"}),
        (f"/reviews/{number}/lesson/", {"kind": "well", "text": "Quick"}),
        (
            f"/reviews/{number}/action/",
            {"title": "Watch the disk", "owner": owner.pk, "priority": "high", "due_on": soon},
        ),
        (f"/reviews/{number}/sign-off/", {}),
    ]


def test_alice_writes_olga_only_reads_and_charlie_sees_nothing() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    number = review_of(live_through(shop)).incident.number
    people = (shop.alice, olga, shop.charlie)
    for path in ("/reviews/", f"/reviews/{number}/", f"/reviews/{number}/report.md", "/actions/"):
        assert [client_of(user).get(path).status_code for user in people] == [200, 200, 404], path
    for path, data in acts_on(number, shop.bob):
        assert [client_of(user).post(path, data).status_code for user in people[1:]] == [403, 403], path
    assert (Lesson.objects.count(), Action.objects.count()) == (0, 0)
    *writing, (approval, _) = acts_on(number, shop.bob)
    for path, data in writing:
        assert client_of(shop.alice).post(path, data).status_code == 302, path
    client_of(shop.alice).post(approval)
    assert PostIncidentReview.objects.get().state == "open"  # an author never signs off
    assert client_of(shop.bob).post(approval).status_code == 302
    review = PostIncidentReview.objects.get()
    assert (review.state, review.root_cause, review.signed_off_by) == ("signed_off", "Disk", shop.bob)
    assert client_of(shop.charlie).post(f"/actions/{Action.objects.get().pk}/done/").status_code == 404
    assert client_of(shop.bob).post(f"/actions/{Action.objects.get().pk}/done/").status_code == 302


def test_the_page_and_the_report_say_what_it_cost_and_whether_the_promise_was_kept() -> None:
    shop = Shop()
    number = review_of(live_through(shop)).incident.number
    page = client_of(shop.alice).get(f"/reviews/{number}/").content.decode()
    for words in ("60.00 EUR", "1800.0 s: met", "40.0 s", "Orders db: no answer", "Paged Alice by email"):
        assert words in page, words
    answer = client_of(shop.alice).get(f"/reviews/{number}/report.md")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="review-inc-{number}.md"'


def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed() -> None:
    shop = Shop()
    number = review_of(live_through(shop)).incident.number
    data = {"title": "Watch the disk", "owner": shop.bob.pk, "priority": "low", "due_on": "2020-01-01"}
    answer = client_of(shop.alice).post(f"/reviews/{number}/action/", data)
    page = answer.content.decode()
    assert (answer.status_code, "2020-01-01 is past" in page, "Watch the disk" in page) == (422, True, True)


def test_reviews_by_api() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    number = review_of(live_through(shop)).incident.number
    path = f"/reviews/{number}"
    assert [call(user, "GET", path).status_code for user in (shop.alice, olga, shop.charlie)] == [200, 200, 404]
    assert call(olga, "POST", f"{path}/lessons", kind="well", text="x").status_code == 403
    assert call(shop.alice, "GET", path).json()["figures"]["revenue_lost"] == "60.00"
    assert call(shop.alice, "POST", f"{path}/sign-off").json()["detail"] == "There is no lesson yet"
    assert call(shop.alice, "POST", f"{path}/lessons", kind="well", text="Quick").status_code == 201
    words = call(shop.alice, "PUT", path, summary="s", root_cause="Disk", owner="bob@shop.example").json()
    assert (words["root_cause"], words["lessons"][0]["text"]) == ("Disk", "Quick")
    soon = (now() + timedelta(days=3)).date().isoformat()
    action = call(shop.alice, "POST", f"{path}/actions", title="Do", owner="bob@shop.example", due_on=soon).json()
    assert (action["owner"], action["due_on"], action["incident"]) == ("bob@shop.example", soon, number)
    assert call(shop.bob, "POST", f"/actions/{action['id']}/done").json()["done_at"] is not None
    assert call(shop.alice, "GET", "/actions?open=true").json()["items"] == []
    assert call(shop.bob, "POST", f"{path}/sign-off").json()["state"] == "signed_off"
    assert call(shop.alice, "GET", f"{path}/report.md").content.decode().startswith("# Review of INC-")
    assert [one["incident"] for one in call(shop.alice, "GET", "/reviews").json()["items"]] == [number]


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_pages_take_the_same_queries_however_much_was_written() -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    client, alice = client_of(shop.alice), actor_of(shop.alice)
    url = f"/reviews/{review.incident.number}/"

    def write(count: int) -> None:
        for number in range(count):
            services.add_lesson(review, kind="well", text=f"lesson {number}", actor=alice, at=NOON)
            services.add_action(review, title="x", owner=shop.bob, due_on=NOON.date(), actor=alice, at=NOON)

    write(1)
    client.get("/reviews/")
    pages = (url, "/reviews/", "/actions/")
    few = [queries_of(client, page) for page in pages]
    write(10)
    assert [queries_of(client, page) for page in pages] == few
    assert queries_of(client, f"{url}report.md") == 10
