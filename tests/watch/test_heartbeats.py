"""Pings over HTTP, and what happens when they stay away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from stormproof.core.models import FactRecord
from stormproof.watch.choices import Signal
from stormproof.watch.models import Monitor, Observation
from stormproof.watch.services.heartbeats import TooManyPings, mark_late_heartbeats, record_ping
from tests.watch.make import make_monitor

pytestmark = pytest.mark.django_db
T0 = datetime.now(UTC).replace(microsecond=0)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.fixture
def backup() -> Monitor:
    return make_monitor("backup", kind="heartbeat", config={"period": "1h", "grace": "5m"}, interval_seconds=3600)


def state_of(monitor: Monitor) -> str:
    monitor.refresh_from_db()
    return monitor.state


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_ping_needs_no_session(backup: Monitor, method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/ping/{backup.ping_key}")
    assert answer.status_code == 200
    assert state_of(backup) == "up"


@pytest.mark.parametrize(
    ("path", "status", "state"),
    [
        ("/0", 200, "up"),
        ("/3", 200, "down"),
        ("/fail", 200, "down"),
        ("/start", 200, "unknown"),
        ("/hello", 400, "unknown"),
        ("/256", 400, "unknown"),
    ],
)
def test_what_a_ping_says(backup: Monitor, path: str, status: int, state: str) -> None:
    assert Client().post(f"/ping/{backup.ping_key}{path}").status_code == status
    assert state_of(backup) == state


def test_the_reason_has_the_exit_status_and_what_the_job_said(backup: Monitor) -> None:
    Client().post(f"/ping/{backup.ping_key}/3", "disk full\n on /backup\x00", content_type="text/plain")
    backup.refresh_from_db()
    assert backup.reason == "the job reported a failure: exit status 3 disk full on /backup"


def test_an_unknown_address_is_not_found() -> None:
    assert Client().get(f"/ping/{uuid4()}").status_code == 404


def test_more_than_one_a_second_is_too_many_but_a_failure_always_counts(backup: Monitor) -> None:
    record_ping(backup.ping_key, signal=Signal.DONE, at=at(0))
    with pytest.raises(TooManyPings):
        record_ping(backup.ping_key, signal=Signal.DONE, at=at(0.5))
    record_ping(backup.ping_key, signal=Signal.FAIL, at=at(0.6))
    assert state_of(backup) == "down"
    assert Observation.objects.count() == 2


def test_a_ping_that_stays_away_is_down_once(backup: Monitor) -> None:
    record_ping(backup.ping_key, signal=Signal.DONE, at=at(0))
    assert mark_late_heartbeats(at=at(3900)) == 0
    assert mark_late_heartbeats(at=at(3901)) == 1
    assert mark_late_heartbeats(at=at(3902)) == 0
    backup.refresh_from_db()
    assert (backup.state, backup.state_since) == ("down", at(3900))
    assert backup.reason.startswith("no ping: expected every 1h, the last came at")
    record_ping(backup.ping_key, signal=Signal.DONE, at=at(4000))
    assert state_of(backup) == "up"
    names = list(FactRecord.objects.filter(name__startswith="Monitor").order_by("id").values_list("name", flat=True))
    assert names == ["MonitorWentDown", "MonitorRecovered"]


def test_a_run_that_takes_too_long_is_late(backup: Monitor) -> None:
    record_ping(backup.ping_key, signal=Signal.DONE, at=at(0))
    record_ping(backup.ping_key, signal=Signal.START, at=at(1000))
    assert mark_late_heartbeats(at=at(1299)) == 0
    assert mark_late_heartbeats(at=at(1301)) == 1
    backup.refresh_from_db()
    assert "not done within 5m" in backup.reason


def test_a_run_is_timed_from_its_start(backup: Monitor) -> None:
    record_ping(backup.ping_key, signal=Signal.START, at=at(0))
    record_ping(backup.ping_key, signal=Signal.DONE, at=at(42))
    assert Observation.objects.get().total_ms == 42_000


def test_a_heartbeat_that_was_never_pinged_is_unknown_and_not_late(backup: Monitor) -> None:
    assert mark_late_heartbeats(at=at(10**6)) == 0
    assert state_of(backup) == "unknown"


def test_a_paused_heartbeat_is_not_late(backup: Monitor) -> None:
    record_ping(backup.ping_key, signal=Signal.DONE, at=at(0))
    Monitor.objects.update(enabled=False)
    assert mark_late_heartbeats(at=at(10**6)) == 0
