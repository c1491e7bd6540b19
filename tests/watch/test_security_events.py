"""What security tools report: read from their own forms, counted, judged, shown; hostile lines do no harm."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from stormproof.watch.kinds import WrongSettings, read_settings
from stormproof.watch.models import Monitor, SecurityEvent
from stormproof.watch.rules.security import READERS, CannotReadEvents, Reported
from stormproof.watch.services.security import (
    MOST_ROWS_A_MINUTE,
    CannotTakeEvents,
    forget_security_events,
    judge_security_monitors,
    take_security_events,
)
from tests.watch.make import make_monitor
from tests.watch.people import client_of

AT = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
CROWDSEC = {
    "scenario": "crowdsecurity/ssh-bf",
    "events_count": 6,
    "message": "Ip 192.0.2.1 performed 'crowdsecurity/ssh-bf'",
    "source": {"ip": "192.0.2.1", "scope": "Ip", "value": "192.0.2.1"},
    "decisions": [{"type": "ban", "duration": "4h"}],
}
EVE = {
    "event_type": "alert",
    "src_ip": "2001:db8::1",
    "alert": {"signature": "ET EXPLOIT log4j", "severity": 1, "category": "Attempted Admin"},
}
AUTH = """\
Nov 24 12:00:01 web sshd[7]: Failed password for invalid user admin from 192.0.2.9 port 4 ssh2
Nov 24 12:00:02 web sshd[7]: Accepted publickey for root from 192.0.2.9 port 4 ssh2
<38>1 2026-11-24T12:00:03Z web sudo 12 - - sudo:   bob : 3 incorrect password attempts ; TTY=pts/0
Nov 24 12:00:04 web cron[9]: nothing to see
"""


@pytest.mark.parametrize(
    ("form", "text", "events"),
    [
        (
            "fail2ban",
            "2026-11-24 12:00:00,1 fail2ban.actions [9]: NOTICE  [sshd] Ban 192.0.2.1\nnoise",
            [Reported(rule="sshd ban", severity="medium", actor="192.0.2.1")],
        ),
        (
            "crowdsec",
            json.dumps([CROWDSEC]),
            [
                Reported(
                    rule="crowdsecurity/ssh-bf",
                    severity="medium",
                    actor="192.0.2.1",
                    count=6,
                    detail="Ip 192.0.2.1 performed 'crowdsecurity/ssh-bf'",
                )
            ],
        ),
        (
            "suricata",
            json.dumps(EVE) + '\n{"event_type": "flow"}',
            [Reported(rule="ET EXPLOIT log4j", severity="high", actor="2001:db8::1", detail="Attempted Admin")],
        ),
        (
            "auth-log",
            AUTH,
            [
                Reported(rule="ssh sign-in failed", severity="low", actor="192.0.2.9", detail="user admin"),
                Reported(rule="ssh sign-in as root", severity="medium", actor="192.0.2.9", detail="user root"),
                Reported(rule="sudo refused", severity="medium", detail="user bob"),
            ],
        ),
        (
            "generic",
            '{"rule": "admin\\nsign-in\\u0000", "severity": "critical", "actor": "no address", "count": -4}',
            [Reported(rule="admin sign-in", severity="critical")],
        ),
    ],
)
def test_each_form_becomes_the_same_kind_of_event(form: str, text: str, events: list[Reported]) -> None:
    assert READERS[form](text) == events


@given(
    st.text(max_size=300) | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps)
)
def test_hostile_reports_are_read_or_refused(text: str) -> None:
    for read in READERS.values():
        try:
            events = read(text)
        except CannotReadEvents:
            continue
        assert all(len(event.rule) <= 100 and event.rule.isprintable() for event in events)


@pytest.fixture
def intruders() -> Monitor:
    config: dict[str, Any] = {
        "thresholds": [
            {"rule": "ssh*", "count": 5, "within": "10m", "state": "degraded"},
            {"at_least": "critical", "count": 1, "within": "30m", "state": "down"},
        ]
    }
    return make_monitor("intruders", kind="security", config=config, interval_seconds=86400)


def report(monitor: Monitor, seconds: float = 0, *, rule: str = "ssh guess", times: int = 1, **about: Any) -> str:
    body = json.dumps({"rule": rule, "severity": "low", "count": times, **about})
    take_security_events(monitor.ping_key, source="generic", text=body, at=AT + timedelta(seconds=seconds))
    monitor.refresh_from_db()
    return monitor.state


@pytest.mark.django_db
def test_so_many_within_a_time_degrade_it_and_it_calms_down(intruders: Monitor) -> None:
    assert intruders.state == "unknown"
    assert report(intruders, times=4) == "up"
    assert report(intruders, 60) == "degraded"
    assert intruders.reason == "5 security events in 10 min: ssh guess"
    assert judge_security_monitors(at=AT + timedelta(minutes=9)) == 0
    assert judge_security_monitors(at=AT + timedelta(minutes=12)) == 1
    intruders.refresh_from_db()
    assert intruders.state == "up"


@pytest.mark.django_db
def test_a_grave_event_is_down_and_other_rules_do_not_count(intruders: Monitor) -> None:
    assert report(intruders, rule="web scan", times=900) == "up"
    assert report(intruders, rule="shell on the till", severity="critical", actor="192.0.2.66") == "down"
    assert SecurityEvent.objects.get(severity="critical").actor == "192.0.2.66"


@pytest.mark.django_db
def test_equal_events_of_a_minute_are_one_row_and_rows_are_bounded(intruders: Monitor) -> None:
    report(intruders, actor="192.0.2.1")
    report(intruders, 10, actor="192.0.2.1", times=2)
    assert SecurityEvent.objects.get().count == 3
    many = [{"rule": f"r{each}", "severity": "info"} for each in range(900)]
    take_security_events(intruders.ping_key, source="generic", text=json.dumps(many), at=AT)
    assert SecurityEvent.objects.count() <= MOST_ROWS_A_MINUTE + 1
    assert SecurityEvent.objects.get(rule="many more").count == 900 - (MOST_ROWS_A_MINUTE - 1)


@pytest.mark.django_db
def test_silence_is_unknown_when_so_set() -> None:
    quiet = make_monitor("quiet", kind="security", config={"silent_for": "1h"}, interval_seconds=3600)
    assert report(quiet) == "up"
    assert judge_security_monitors(at=AT + timedelta(hours=2)) == 1
    quiet.refresh_from_db()
    assert (quiet.state, quiet.reason) == ("unknown", "no tool has reported since 24 Nov 12:00 UTC")


@pytest.mark.django_db
def test_a_paused_one_keeps_events_and_does_not_move(intruders: Monitor) -> None:
    Monitor.objects.update(enabled=False)
    assert report(intruders, severity="critical") == "unknown"
    assert SecurityEvent.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("form", "text", "words"),
    [
        ("nessus", "x", "there is no form 'nessus'"),
        ("generic", "{", "neither JSON"),
        ("generic", "[" * 100_000, "nested too deeply"),
        ("generic", '{"rule": "x", "severity": "purple"}', "'purple' is none of"),
        ("generic", '{"severity": "low"}', "rule: this is needed"),
        ("generic", "x" * 1_000_001, "at most 1,000,000"),
    ],
)
def test_what_cannot_be_read_is_refused_and_changes_nothing(
    intruders: Monitor, form: str, text: str, words: str
) -> None:
    with pytest.raises(CannotTakeEvents, match=words):
        take_security_events(intruders.ping_key, source=form, text=text, at=AT)
    assert (SecurityEvent.objects.count(), Monitor.objects.get().last_at) == (0, None)


@pytest.mark.django_db
def test_old_events_are_forgotten(intruders: Monitor) -> None:
    report(intruders)
    assert forget_security_events(at=AT + timedelta(days=29)) == 0
    assert forget_security_events(at=AT + timedelta(days=31)) == 1


@pytest.mark.django_db
def test_a_tool_reports_by_its_address(intruders: Monitor) -> None:
    client = Client(enforce_csrf_checks=True)
    address = f"/security-events/{intruders.ping_key}"
    answer = client.post(f"{address}/crowdsec", json.dumps([CROWDSEC]), content_type="application/json")
    assert (answer.status_code, answer.json()) == (200, {"events": 6})
    assert client.post(f"{address}/generic", "{", content_type="application/json").status_code == 422
    assert client.post(f"/security-events/{uuid4()}/generic", "{}", content_type="text/plain").status_code == 404
    assert client.get(f"{address}/generic").status_code == 405
    assert client.post(f"/ping/{intruders.ping_key}").status_code == 404


@pytest.mark.django_db
def test_the_page_has_events_top_addresses_filters_and_csv(intruders: Monitor) -> None:
    report(intruders, actor="192.0.2.1", times=7)
    at = datetime.now(UTC)
    body = '{"rule": "<b>scan</b>", "severity": "high", "actor": "192.0.2.2", "count": 9}'
    take_security_events(intruders.ping_key, source="generic", text=body, at=at)
    alice, url = client_of("alice"), "/monitors/intruders/security-events/"
    page = alice.get(url).content.decode()
    assert "&lt;b&gt;scan&lt;/b&gt;" in page
    assert '<a href="?q=192.0.2.2">192.0.2.2</a>' in page
    assert f"/security-events/{intruders.ping_key}/crowdsec" in page
    assert "ssh guess" not in alice.get(f"{url}?severity=high").content.decode()
    assert len(alice.get(f"{url}?format=csv").content.decode().splitlines()) == 3
    bob = client_of("bob").get(url)
    assert bob.status_code == 200
    assert str(intruders.ping_key) not in bob.content.decode()
    assert client_of("charlie").get(url).status_code == 404


def test_wrong_thresholds_are_named() -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"kind": "security", "on": "x", "thresholds": [{"count": 0, "within": "1s"}]})
    assert [place for place, _ in wrong.value.problems] == ["thresholds.0.count", "thresholds.0.within"]
