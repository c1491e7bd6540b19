"""What a vendor's own words mean: Statuspage summaries, Google's incidents, RSS and Atom; anything else is unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.vendor import READERS, CannotRead, VendorState, read_vendor

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def summary(indicator: str = "none", **about: Any) -> bytes:
    plain = {
        "page": {"id": "x", "name": "Payments Inc", "url": "https://status.payments.example"},
        "status": {"indicator": indicator, "description": "Partial System Outage"},
        "components": [
            {"id": "c1", "name": "API", "status": "operational", "group": False},
            {"id": "c2", "name": "Checkout", "status": "major_outage", "group": False},
            {"id": "c3", "name": "Payouts", "status": "degraded_performance", "group": False},
            {"id": "g1", "name": "Europe", "status": "major_outage", "group": True},
        ],
        "incidents": [],
        "scheduled_maintenances": [],
    }
    return json.dumps({**plain, **about}).encode()


INCIDENT = {
    "name": "Card payments fail",
    "status": "investigating",
    "impact": "major",
    "components": [{"id": "c2", "name": "Checkout"}],
    "incident_updates": [
        {"status": "identified", "body": "Approvals are <b>down</b> by half.", "created_at": "2026-11-24T11:50:00Z"},
        {"status": "investigating", "body": "We are looking.", "created_at": "2026-11-24T11:40:00Z"},
    ],
}
MAINTENANCE = {
    "name": "Database upgrade",
    "status": "in_progress",
    "scheduled_for": "2026-11-24T11:00:00Z",
    "scheduled_until": "2026-11-24T13:00:00Z",
    "components": [{"id": "c3"}],
}


def read(form: str, body: bytes | str, *only: str) -> VendorState:
    return read_vendor(form, body.encode() if isinstance(body, str) else body, only=only, at=AT)


@pytest.mark.parametrize(
    ("indicator", "state"),
    [("none", "up"), ("maintenance", "up"), ("minor", "degraded"), ("major", "down"), ("critical", "down")],
)
def test_the_indicator_of_a_statuspage_is_its_state(indicator: str, state: str) -> None:
    assert read("statuspage", summary(indicator)).state == state


def test_the_reason_is_in_the_words_of_the_vendor() -> None:
    assert read("statuspage", summary("major")).reason == "Partial System Outage"
    said = read("statuspage", summary("major", incidents=[INCIDENT]))
    assert said.reason == "Card payments fail (Approvals are down by half.)"


@pytest.mark.parametrize(
    ("only", "state", "reason"),
    [
        (("API",), "up", ""),
        (("api", "Payouts"), "degraded", "Payouts: degraded performance"),
        (("c2",), "down", "Card payments fail (Approvals are down by half.)"),
    ],
)
def test_components_can_be_picked(only: tuple[str, ...], state: str, reason: str) -> None:
    incidents = [INCIDENT] if "c2" in only else []
    assert read("statuspage", summary("critical", incidents=incidents), *only) == VendorState(
        state=state, reason=reason
    )


def test_incidents_of_other_components_are_not_told() -> None:
    assert read("statuspage", summary("major", incidents=[INCIDENT]), "Payouts").reason.startswith("Payouts:")


def test_a_component_that_is_not_there_is_no_news_of_the_vendor() -> None:
    with pytest.raises(CannotRead, match="no component 'shipping'; it has API, Checkout, Payouts"):
        read("statuspage", summary(), "shipping")


def test_maintenance_is_a_note() -> None:
    said = read("statuspage", summary(scheduled_maintenances=[MAINTENANCE, {**MAINTENANCE, "status": "completed"}]))
    assert said.state == "up"
    assert said.maintenance == "Database upgrade from 2026-11-24T11:00:00Z to 2026-11-24T13:00:00Z"


def rss(*items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Status</title>{"".join(items)}</channel></rss>'


def item(title: str, text: str = "", when: str = "Tue, 24 Nov 2026 11:00:00 GMT", key: str = "") -> str:
    about = f"<guid>{key or title}</guid><pubDate>{when}</pubDate>"
    return f"<item><title>{title}</title>{about}<description><![CDATA[{text}]]></description></item>"


RESOLVED = (
    "<p><small>11:00 UTC</small><br><strong>Resolved</strong> - All good.</p><p><strong>Investigating</strong> - x</p>"
)


@pytest.mark.parametrize(
    ("items", "state", "reason"),
    [
        ((), "up", ""),
        ((item("Service disruption: checkout", "Calls fail"),), "down", "Service disruption: checkout (Calls fail)"),
        ((item("Increased error rates", "Some calls fail"),), "degraded", "Increased error rates (Some calls fail)"),
        ((item("Partial outage in Europe"),), "degraded", "Partial outage in Europe"),
        ((item("Service is operating normally: [RESOLVED] outage"),), "up", ""),
        ((item("Checkout outage", RESOLVED),), "up", ""),
        ((item("Outage", when="Mon, 23 Nov 2026 11:00:00 GMT"),), "up", ""),
        ((item("Outage", when="soon"),), "up", ""),
        (
            (
                item("Outage of payments", key="7", when="Tue, 24 Nov 2026 10:00:00 GMT"),
                item("Resolved: outage of payments", key="7"),
            ),
            "up",
            "",
        ),
    ],
)
def test_open_entries_of_an_rss_feed_are_its_state(items: tuple[str, ...], state: str, reason: str) -> None:
    assert read("feed", rss(*items)) == VendorState(state=state, reason=reason)


def test_an_entry_must_contain_one_of_the_words() -> None:
    feed = rss(item("Service disruption", "us-east-1 only"))
    assert read("feed", feed, "eu-central-1").state == "up"
    assert read("feed", feed, "EU-central-1", "us-EAST-1").state == "down"


def test_planned_work_in_a_feed_is_a_note() -> None:
    said = read("feed", rss(item("Scheduled maintenance of the gateway")))
    assert said == VendorState(state="up", maintenance="Scheduled maintenance of the gateway")


def test_an_atom_feed() -> None:
    feed = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>Webhook delays</title>
      <updated>2026-11-24T11:30:00Z</updated>
      <content type="html">&lt;strong&gt;Monitoring&lt;/strong&gt; - late</content>
      <link href="https://status.example/1"/></entry></feed>"""
    assert read("feed", feed) == VendorState(state="degraded", reason="Webhook delays (Monitoring - late)")


def test_the_incidents_of_google() -> None:
    incident = {
        "external_desc": "Cloud SQL is unavailable",
        "begin": "2026-11-24T11:00:00+00:00",
        "affected_products": [{"title": "Google Cloud SQL", "id": "s"}],
        "most_recent_update": {"status": "SERVICE_OUTAGE", "text": "..."},
    }
    over = {**incident, "end": "2026-11-24T11:30:00+00:00"}
    body = json.dumps([incident, over])
    assert read("google", body) == VendorState(state="down", reason="Cloud SQL is unavailable")
    assert read("google", body, "Compute Engine").state == "up"
    assert read("google", json.dumps([over])).state == "up"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><rss><title>&b;</title></rss>'


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("statuspage", "<html>"),
        ("statuspage", "[]"),
        ("statuspage", '{"status": {"indicator": "purple"}}'),
        ("statuspage", "[" * 100_000),
        ("feed", BOMB),
        ("feed", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><rss/>'),
        ("feed", "<html></html>"),
        ("feed", "{}"),
        ("google", "{}"),
    ],
)
def test_anything_else_cannot_be_read(form: str, body: str) -> None:
    with pytest.raises(CannotRead):
        read(form, body)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "status", "components", "id", "incident_updates", "body", "most_recent_update"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JUNK, JUNK, st.sampled_from(["none", "major"]), st.binary(max_size=200))
def test_hostile_answers_are_read_or_refused(one: Any, other: Any, indicator: str, raw: bytes) -> None:
    about = {"components": one, "incidents": other, "scheduled_maintenances": one}
    bodies = [summary(indicator, **about), json.dumps([one, other]).encode(), raw, rss(item("x", "y")).encode()[:-9]]
    for read_body in READERS.values():
        for body in bodies:
            try:
                said = read_body(body, [], AT)
            except CannotRead:
                continue
            assert said.state in ("up", "degraded", "down")
