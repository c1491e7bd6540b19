"""The log of a job, how to ping it, ping keys; the same through the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stormproof.watch.choices import Signal
from stormproof.watch.models import Monitor, PingKey
from stormproof.watch.rules import IncomingPing
from stormproof.watch.services.heartbeats import take_pings
from tests.people.make import person, token_of
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup() -> Monitor:
    monitor = make_monitor("backup", kind="heartbeat", config={"period": "1h"}, interval_seconds=3600)
    start = datetime.now(UTC) - timedelta(minutes=30)
    for place, (kind, status) in enumerate([(Signal.START, None), (Signal.FAIL, 3), (Signal.LOG, None)]):
        moment = start + timedelta(minutes=place)
        said = {"body": "<b>disk</b> full" if status else "", "body_size": 16 if status else 0, "address": "10.0.0.9"}
        ping = IncomingPing(key=monitor.ping_key, kind=kind, exit_status=status, at=moment, method="POST", **said)  # type: ignore[arg-type]
        take_pings([ping], at=moment)
    return monitor


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_who_may_read_the_log(backup: Monitor, name: str, status: int) -> None:
    client = client_of(name)
    for page in ("pings/", "pings/2/", "how-to-ping/", "pings/?kind=fail", "pings/?format=csv"):
        assert client.get(f"/monitors/backup/{page}").status_code == status, page


def test_the_log_says_what_the_job_said(backup: Monitor) -> None:
    bob = client_of("bob")
    page = bob.get("/monitors/backup/pings/?kind=fail").content.decode()
    assert "10.0.0.9" in page
    assert "1 min" in page
    assert "Started" not in page.partition("<tbody")[2]
    assert "&lt;b&gt;disk&lt;/b&gt; full" in bob.get("/monitors/backup/pings/2/").content.decode()
    assert bob.get("/monitors/backup/pings/9/").status_code == 404


def test_the_log_costs_the_same_for_three_pings_and_fifty(backup: Monitor) -> None:
    alice = client_of("alice")
    alice.get("/monitors/backup/pings/")
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            alice.get("/monitors/backup/pings/")
        costs.append(len(queries))
        moment = datetime.now(UTC)
        pings = [IncomingPing(key=backup.ping_key, at=moment + timedelta(seconds=2 * each)) for each in range(47)]
        take_pings(pings, at=moment)
    assert costs[0] == costs[1]


def test_other_kinds_have_no_log() -> None:
    make_monitor("home")
    assert client_of("alice").get("/monitors/home/pings/").status_code == 404


def test_there_are_lines_for_every_shell(backup: Monitor) -> None:
    page = client_of("bob").get("/monitors/backup/how-to-ping/").content.decode()
    for words in ("curl -fsS -m 10 --retry 5", "5 4 * * *", "Invoke-RestMethod", "urllib.request", "?rid=$RID"):
        assert words in page, words


def test_a_ping_key_is_made_shown_and_revoked_on_its_page() -> None:
    make_node("jobs")
    alice, bob = client_of("alice"), client_of("bob")
    assert alice.post("/ping-keys/", {"name": "cron hosts", "on": "jobs"}).status_code == 302
    key = PingKey.objects.get()
    assert "cron hosts" in alice.get("/ping-keys/").content.decode()
    assert bob.get("/ping-keys/").status_code == 404
    assert bob.post(f"/ping-keys/{key.pk}/revoke/").status_code == 403
    assert alice.post(f"/ping-keys/{key.pk}/revoke/").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert alice.post("/ping-keys/", {"name": "", "on": "nowhere"}).status_code == 422


def test_the_same_through_the_api(backup: Monitor) -> None:
    make_node("jobs")
    raw, client = token_of(person("responder"), "watch.read", "watch.write"), Client()
    headers = {"Authorization": f"Bearer {raw}"}
    found = client.get("/api/v1/monitors/backup/pings", headers=headers).json()
    assert [(each["number"], each["kind"]) for each in found["items"]] == [(3, "log"), (2, "fail"), (1, "start")]
    one = client.get("/api/v1/monitors/backup/pings/2", headers=headers).json()
    assert (one["body"], one["exit_status"], one["took_ms"]) == ("<b>disk</b> full", 3, 60_000)
    made = client.post("/api/v1/ping-keys", {"name": "x", "on": "jobs"}, "application/json", headers=headers)
    assert made.status_code == 201
    assert Client().get(f"/ping/{made.json()['key']}/new-job?create=1").status_code == 201
    wrong = client.post("/api/v1/ping-keys", {"name": "x", "on": "no"}, "application/json", headers=headers)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "on")
    mail = {"recipient": f"{backup.ping_key}@x", "message": "Subject: done\n\nok"}
    assert client.post("/api/v1/heartbeats/mail", mail, "application/json", headers=headers).json() == {"taken": "ok"}
    assert client.delete(f"/api/v1/ping-keys/{made.json()['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/ping-keys", headers=headers).json()["items"] == []
