"""What the public sees without signing in: true, readable without styles, kept for seconds, open about its age."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
from django.db import OperationalError
from django.test import Client

from stormproof.core.actor import SYSTEM
from stormproof.core.clock import now
from stormproof.core.ticks import write_tick
from stormproof.inform import services
from stormproof.inform.models import Notice
from stormproof.web.inform.views.public import forget_last_status
from tests.respond.make import make_incident, make_monitor, make_node, make_user, minutes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_last_status()
    yield
    forget_last_status()


def watched_shop() -> None:
    """Checkout is seen up, and somebody looks."""
    make_monitor(make_node("checkout", kind="function"), state="up", down_since=None)
    for process in ("worker", "prober"):
        write_tick(process, instance=process, at=now())


def publish_outage() -> Notice:
    database = make_node("orders-db")
    make_node("returns", kind="function", needs=[database], share="1")
    notice = services.draft_notice(make_incident(database, at=now() - minutes(3)), at=now() - minutes(2))
    assert notice is not None
    services.publish_notice(notice, actor=SYSTEM, at=now() - minutes(1))
    return notice


def test_it_says_in_one_line_that_all_works_and_may_be_kept_for_seconds() -> None:
    watched_shop()
    answer = Client().get("/status/")
    assert answer.status_code == 200
    assert "Everything works." in answer.content.decode()
    assert answer.headers["Cache-Control"] == "public, max-age=15, stale-if-error=3600"
    assert not answer.cookies


def test_it_reads_well_without_style_sheets_and_runs_no_inline_code() -> None:
    publish_outage()
    page = Client().get("/status/").content.decode()
    assert "style=" not in page
    assert "<script>" not in page
    assert page.index("What is wrong now") < page.index("What you can use") < page.index("The last 14 days")
    assert "We do not know yet when it will be over." in page
    assert "Next update by" in page


def test_it_takes_a_fixed_number_of_queries(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    watched_shop()
    publish_outage()
    with django_assert_max_num_queries(14):
        Client().get("/status/")


def test_without_a_database_it_shows_what_was_known_and_calls_every_state_unknown() -> None:
    watched_shop()
    assert "Everything works." in Client().get("/status/").content.decode()
    with (
        patch("stormproof.inform.selectors.public_status", side_effect=OperationalError("gone")),
        patch("stormproof.web.inform.views.public.KEPT_SECONDS", 0),
    ):
        page = Client().get("/status/").content.decode()
    assert "Everything works." not in page
    assert "We cannot tell right now how things are." in page
    assert "Checkout" in page


def test_json_says_the_same_and_other_sites_may_read_it() -> None:
    watched_shop()
    notice = publish_outage()
    answer = Client().get("/status.json")
    told = answer.json()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {one["id"]: one["state"] for one in told["components"]} == {"checkout": "up", "returns": "down"}
    assert (told["state"], told["summary"]) == ("down", "Returns does not work. It is us, and we are on it.")
    assert [one["id"] for one in told["notices"]] == [notice.pk]
    assert told["notices"][0]["versions"][0]["number"] == 1


def test_the_feed_is_atom_with_one_entry_a_version() -> None:
    notice = publish_outage()
    answer = Client().get("/status/feed.atom")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    names = {"a": "http://www.w3.org/2005/Atom"}
    feed = ElementTree.fromstring(answer.content)
    for part in ("a:id", "a:title", "a:updated", "a:author/a:name", "a:link[@rel='self']"):
        assert feed.find(part, names) is not None, part
    entries = feed.findall("a:entry", names)
    assert len(entries) == 1
    for part in ("a:id", "a:title", "a:updated", "a:content"):
        assert entries[0].find(part, names) is not None, part
    assert entries[0].find("a:id", names).text.endswith(f"/status/notices/{notice.pk}/#v1")  # type: ignore[union-attr]


def test_a_draft_and_a_withdrawn_notice_are_not_found() -> None:
    notice = services.draft_notice(make_incident(make_node("orders-db"), at=now()), at=now())
    assert notice is not None
    assert Client().get(f"/status/notices/{notice.pk}/").status_code == 404
    services.publish_notice(notice, actor=SYSTEM, at=now())
    assert Client().get(f"/status/notices/{notice.pk}/").status_code == 200
    services.withdraw_notice(notice, reason="wrong", actor=SYSTEM, at=now())
    assert Client().get(f"/status/notices/{notice.pk}/").status_code == 404


def test_alice_publishes_olga_only_reads_and_charlie_sees_nothing() -> None:
    notice = services.draft_notice(make_incident(make_node("orders-db"), at=now()), at=now())
    assert notice is not None
    clients = []
    for name, roles in (("Alice", ("responder",)), ("Olga", ("auditor",)), ("Charlie", ("employee",))):
        client = Client()
        client.force_login(make_user(name, roles=roles))
        clients.append(client)
    for path in ("/customers/", f"/customers/notices/{notice.pk}/", "/customers/subscribers/"):
        assert [client.get(path).status_code for client in clients] == [200, 200, 404], path
    publish = f"/customers/notices/{notice.pk}/publish/"
    assert [client.post(publish).status_code for client in clients[1:]] == [403, 403]
    notice.refresh_from_db()
    assert notice.state == "draft"
    assert clients[0].get(publish).status_code == 200
    assert clients[0].post(publish, {"next_update_at": ""}).status_code == 302
    notice.refresh_from_db()
    assert notice.state == "published"


def test_a_version_written_on_the_page_is_previewed_before_it_goes_out() -> None:
    notice = services.draft_notice(make_incident(make_node("orders-db"), at=now()), at=now())
    assert notice is not None
    client = Client()
    client.force_login(make_user("Alice"))
    url = f"/customers/notices/{notice.pk}/write/"
    refused = client.post(url, {"phase": "identified", "text": " "})
    assert (refused.status_code, "What customers read" in refused.content.decode()) == (422, True)
    saved = client.post(url, {"phase": "identified", "text": "Paying works by invoice.", "preview": "1"})
    assert (saved.status_code, saved["Location"]) == (302, f"/customers/notices/{notice.pk}/publish/")
    assert "Paying works by invoice." in client.get(saved["Location"]).content.decode()
    assert Client().get("/status.json").json()["notices"] == []
