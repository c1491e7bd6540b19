"""Each kind of integration reads the documented shapes of its sender, and refuses the rest with a reason."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormproof.respond.kinds import KINDS, CannotRead, Delivery, Report
from tests.respond.intake import FUZZ_EXAMPLES
from tests.respond.make import NOON


def read(kind: str, body: Any, *, fields: dict[str, str] | None = None, **more: Any) -> list[Report]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in more.pop("headers", {}).items()}
    return KINDS[kind].read(Delivery(body=raw, headers=headers, received_at=NOON, fields=fields or {}, **more))


def test_the_sample_of_every_kind_is_read() -> None:
    names = {name: read(name, kind.sample.encode())[0].name for name, kind in KINDS.items()}
    assert names == {
        "alertmanager": "HighErrorRate",
        "grafana": "Checkout slow",
        "sentry": "PaymentError: card declined by gateway",
        "datadog": "$EVENT_TITLE",
        "pagerduty": "disk",
        "cloudevents": "com.example.payments.failing",
        "mail": "PROBLEM: checkout-1/disk is CRITICAL",
        "generic": "Queue is long",
    }


def test_alertmanager_tells_firing_from_resolved() -> None:
    alert = {"labels": {"alertname": "A", "service": "s", "severity": "warning"}, "annotations": {"description": "d"}}
    found = read("alertmanager", {"alerts": [{**alert, "status": "firing"}, {**alert, "status": "resolved"}]})
    assert [(one.name, one.service, one.severity, one.summary, one.is_firing) for one in found] == [
        ("A", "s", 3, "d", True),
        ("A", "s", 3, "d", False),
    ]


@pytest.mark.parametrize(
    ("ends", "is_firing", "expires"),
    [
        ("2026-03-04T12:04:00Z", True, NOON + timedelta(minutes=4)),
        ("2026-03-04T11:59:00.000Z", False, None),
        ("0001-01-01T00:00:00.000Z", True, NOON + timedelta(minutes=5)),
        (None, True, NOON + timedelta(minutes=5)),
    ],
)
def test_the_api_of_alertmanager_says_until_when_an_alert_holds(ends: Any, is_firing: bool, expires: Any) -> None:
    one = read("alertmanager", [{"labels": {"alertname": "A"}, "endsAt": ends}])[0]
    assert (one.is_firing, one.expires_at) == (is_firing, expires)


def test_grafana_has_its_own_fingerprint_and_panel() -> None:
    one = read("grafana", KINDS["grafana"].sample.encode())[0]
    assert (one.key, one.severity, one.service) == ("57c6d9296de2ad39", 3, "checkout")
    assert one.link == "https://grafana.shop.example/d/1?viewPanel=2"


def test_a_sentry_issue_alert_is_told_apart_by_its_issue() -> None:
    one = read("sentry", KINDS["sentry"].sample.encode())[0]
    assert (one.key, one.severity, one.service) == ("issue:1170820242", 1, "payments")
    assert one.labels["environment"] == "production"


@pytest.mark.parametrize(("action", "is_firing", "severity"), [("critical", True, 1), ("resolved", False, 3)])
def test_a_sentry_metric_alert_begins_and_ends(action: str, is_firing: bool, severity: int) -> None:
    metric = {"id": "4", "identifier": "7", "projects": ["checkout"], "alert_rule": {"name": "Too many errors"}}
    body = {
        "action": action,
        "data": {"metric_alert": metric, "description_text": "1000 events in the last 10 minutes"},
    }
    one = read("sentry", body, headers={"sentry_hook_resource": "metric_alert"})[0]
    assert (one.name, one.key, one.is_firing, one.severity) == (
        "Too many errors",
        "metric:checkout:7",
        is_firing,
        severity,
    )


def test_a_greeting_of_sentry_is_no_alert() -> None:
    assert read("sentry", {"action": "created", "data": {}, "installation": {"uuid": "x"}}) == []


def test_datadog_recovers() -> None:
    body = {
        "title": "[Recovered] CPU",
        "alert_transition": "Recovered",
        "aggreg_key": "k",
        "tags": "service:web,env:prod",
    }
    one = read("datadog", body)[0]
    assert (one.name, one.key, one.service, one.is_firing) == ("CPU", "k", "web", False)


@pytest.mark.parametrize(
    ("action", "is_firing", "is_acknowledged"),
    [("trigger", True, False), ("acknowledge", True, True), ("resolve", False, False)],
)
def test_pagerduty_triggers_acknowledges_and_resolves(action: str, is_firing: bool, is_acknowledged: bool) -> None:
    payload = {"summary": "Disk full", "source": "web-1", "severity": "critical"}
    one = read("pagerduty", {"event_action": action, "dedup_key": "d", "payload": payload})[0]
    assert (one.key, one.is_firing, one.is_acknowledged) == ("d", is_firing, is_acknowledged)


def test_pagerduty_is_answered_as_it_documents() -> None:
    kind = KINDS["pagerduty"]
    good = json.dumps(
        {"event_action": "trigger", "payload": {"summary": "s", "source": "x", "severity": "info"}}
    ).encode()
    reference = kind.reference(good) if kind.reference else ""
    reply = kind.reply(Delivery(body=good, headers={}, received_at=NOON, reference=reference))
    assert (reply.status, reply.json) == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": reference},
    )
    assert len(reference) == 32
    bad = json.dumps({"event_action": "trigger", "payload": {"source": "x", "severity": "bad"}}).encode()
    refused = kind.reply(Delivery(body=bad, headers={}, received_at=NOON))
    assert (refused.status, refused.json["message"]) == (400, "Event object is invalid")
    assert refused.json["errors"] == [
        "'payload.summary' is missing or blank",
        "'payload.severity' must be one of critical, warning, error, info",
    ]


def test_a_binary_cloudevent_is_read_from_its_headers() -> None:
    headers = {"content-type": "application/json", "ce-specversion": "1.0", "ce-type": "shop.queue.resolved"}
    more = {**headers, "ce-source": "/orders", "ce-id": "1", "ce-subject": "queue"}
    one = read("cloudevents", {"severity": "warning"}, headers=more)[0]
    assert (one.name, one.is_firing, one.severity, one.key) == ("shop.queue", False, 3, "/orders queue shop.queue")
    firing = read("cloudevents", b"", headers={**more, "ce-type": "shop.queue"})[0]
    assert (firing.key, firing.is_firing) == (one.key, True)


def test_a_batch_of_cloudevents_is_many_alerts() -> None:
    event = {"specversion": "1.0", "type": "t", "source": "s", "id": "1"}
    headers = {"content_type": "application/cloudevents-batch+json"}
    assert len(read("cloudevents", [event, {**event, "subject": "x"}], headers=headers)) == 2


def test_the_mail_that_says_ok_ends_what_the_mail_that_says_critical_began() -> None:
    bad, good = (
        read("mail", f"From: N <n@shop.example>\r\nSubject: {word}: disk of web-1\r\n\r\ntext".encode())[0]
        for word in ("PROBLEM CRITICAL", "RECOVERY OK")
    )
    assert (bad.key, bad.severity, bad.is_firing) == (good.key, 1, True)
    assert not good.is_firing
    assert bad.summary == "text"


def test_generic_json_is_mapped_by_fields() -> None:
    fields = {"items": "list", "name": "{what} of {where.host}", "severity": "sev", "labels": "where", "status": "st"}
    body = {"list": [{"what": "Disk", "where": {"host": "web-1"}, "sev": "fatal", "st": "Recovered"}]}
    one = read("generic", body, fields=fields)[0]
    assert (one.name, one.severity, one.labels, one.is_firing) == ("Disk of web-1", 1, {"host": "web-1"}, False)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        (
            "alertmanager",
            b"{",
            "the body is no JSON: Expecting property name enclosed in double quotes at line 1, column 2",
        ),
        ("alertmanager", b"\xff", "the body is not UTF-8 (byte 0)"),
        ("alertmanager", {"alerts": 1}, "alerts should be a list, and is a number"),
        ("alertmanager", {"alerts": [{}]}, "alert 1 has no labels"),
        ("grafana", [], "the body should be an object, and is a list"),
        ("sentry", {}, "there is neither data.event, data.metric_alert, data.issue nor event in the body"),
        ("datadog", {"id": 1}, "there is neither title nor alert_title in the body"),
        ("pagerduty", {"event_action": "resolve"}, "'dedup_key' is missing or blank"),
        ("cloudevents", {"type": "t"}, "the CloudEvent lacks specversion, source, id"),
        ("mail", b"\r\n\r\n", "the body is no mail: it has neither Subject nor From"),
        ("generic", "text", "alert 1 should be an object"),
    ],
)
def test_what_is_something_else_is_refused_with_the_reason(kind: str, body: Any, reason: str) -> None:
    with pytest.raises(CannotRead) as refused:
        read(kind, body)
    assert str(refused.value) == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["alerts", "labels", "data", "event", "payload", "title", "event_action", "status", "type"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=max(FUZZ_EXAMPLES, 60))
@given(body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(kind: str, body: bytes) -> None:
    try:
        found = read(kind, body)
    except CannotRead:
        return
    for one in found:
        assert 0 < len(one.name) <= 200
        assert 1 <= one.severity <= 4
        text = f"{one.name}{one.service}{one.summary}{one.link}{one.labels}{one.key}"
        assert "\x00" not in text
        text.encode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000, b'"\\ud800"', b'{"title": "\\u0000"}']
)
def test_bombs_are_refused(kind: str, body: bytes) -> None:
    if kind == "mail":
        body = b"Subject: x\r\n" * 20_000 + body
        assert read(kind, body)
    else:
        with pytest.raises(CannotRead):
            read(kind, body)
