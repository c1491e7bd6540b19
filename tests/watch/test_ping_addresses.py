"""The addresses that jobs ping speak as the clients of Healthchecks expect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.watch.choices import Signal
from stormproof.watch.models import Heartbeat, Monitor, Ping
from stormproof.watch.rules import IncomingPing, Taken
from stormproof.watch.services.heartbeats import PINGS_KEPT, mark_late_heartbeats, prune_pings, take_pings
from stormproof.watch.services.mail_pings import take_mail_ping
from stormproof.watch.services.monitors import retire_monitor
from stormproof.watch.services.ping_keys import make_ping_key, revoke_ping_key
from stormproof.watch.services.upkeep import make_partitions
from tests.watch.make import make_monitor, make_node

pytestmark = pytest.mark.django_db
T0 = datetime.now(UTC).replace(second=5, microsecond=0)
HOURLY = {"period": "1h", "grace": "5m"}


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.fixture
def backup() -> Monitor:
    return make_monitor("backup", kind="heartbeat", config=HOURLY, interval_seconds=3600)


def ping(monitor: Monitor, kind: str, seconds: float, **about: object) -> Taken:
    taken = take_pings([IncomingPing(key=monitor.ping_key, kind=kind, at=at(seconds), **about)], at=at(seconds))  # type: ignore[arg-type]
    monitor.refresh_from_db()
    return taken[0]


def make_key() -> str:
    return make_ping_key(name="cron hosts", on=make_node("jobs").slug, actor=SYSTEM, at=T0)[1]


def test_the_answer_is_two_bytes_with_the_limit_of_the_body(backup: Monitor) -> None:
    answer = Client().get(f"/ping/{backup.ping_key}")
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert answer["Ping-Body-Limit"] == "100000"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/hello", 400, b"invalid url format"),
        ("/256", 400, b"invalid url format"),
        ("/-1", 400, b"invalid url format"),
        ("?rid=7", 400, b"invalid uuid format"),
        ("/start?rid=123e4567e89b12d3a456426614174000", 400, b"invalid uuid format"),
        ("/start?rid=123E4567-e89b-12d3-a456-426614174000", 200, b"OK"),
        ("/", 200, b"OK"),
    ],
)
def test_what_cannot_be_read_is_said_as_documented(backup: Monitor, path: str, status: int, text: bytes) -> None:
    answer = Client().get(f"/ping/{backup.ping_key}{path}")
    assert (answer.status_code, answer.content) == (status, text)
    assert Ping.objects.count() == (status == 200)


def test_an_unknown_address_is_not_found_in_plain_words() -> None:
    answer = Client().get(f"/ping/{uuid4()}/start")
    assert (answer.status_code, answer.content) == (404, b"not found")


def test_a_long_body_is_kept_up_to_its_limit_and_marked(backup: Monitor) -> None:
    Client().post(f"/ping/{backup.ping_key}/fail", "ä" * 60_000, content_type="text/plain")
    kept = Ping.objects.get()
    assert (len(kept.body.encode()), kept.body_size, kept.is_cut) == (100_000, 120_000, True)


def test_log_is_kept_and_changes_nothing(backup: Monitor) -> None:
    ping(backup, Signal.DONE, 0)
    due = backup.due_at
    assert ping(backup, Signal.LOG, 60, body="halfway") == Taken.OK
    assert (backup.state, backup.due_at, backup.last_at) == ("up", due, at(0))
    assert list(Ping.objects.order_by("number").values_list("number", "kind", "body")) == [
        (1, "done", ""),
        (2, "log", "halfway"),
    ]


def test_overlapping_runs_are_timed_each_by_its_own_id(backup: Monitor) -> None:
    one, two = uuid4(), uuid4()
    ping(backup, Signal.START, 0, run_id=one)
    ping(backup, Signal.START, 10, run_id=two)
    ping(backup, Signal.DONE, 100, run_id=one)
    assert backup.started_at == at(10)
    ping(backup, Signal.DONE, 101, run_id=two)
    assert list(Ping.objects.order_by("number").values_list("took_ms", flat=True)) == [None, None, 100_000, 91_000]
    assert backup.started_at is None
    assert backup.due_at == at(101 + 3600 + 300)


def test_a_run_that_hangs_is_late_once_and_does_not_make_the_next_late(backup: Monitor) -> None:
    ping(backup, Signal.START, 0, run_id=uuid4())
    assert mark_late_heartbeats(at=at(301)) == 1
    backup.refresh_from_db()
    assert (backup.state, Heartbeat.objects.get().runs) == ("down", {})
    ping(backup, Signal.DONE, 400)
    assert (backup.state, backup.due_at) == ("up", at(400 + 3900))


def test_a_run_may_have_a_limit_of_its_own() -> None:
    long = make_monitor("long", kind="heartbeat", config={**HOURLY, "run_within": "2h"}, interval_seconds=3600)
    ping(long, Signal.START, 0)
    assert long.due_at == at(7200)


def test_a_schedule_with_a_time_zone_says_when_it_is_late() -> None:
    config = {"schedule": "30 2 * * *", "timezone": "Europe/Berlin", "grace": "10m"}
    nightly = make_monitor("nightly", kind="heartbeat", config=config, interval_seconds=86400)
    moment = datetime(2026, 11, 20, 1, 40, tzinfo=UTC)  # 02:40 in Berlin
    make_partitions(at=moment)
    take_pings([IncomingPing(key=nightly.ping_key, at=moment)], at=moment)
    nightly.refresh_from_db()
    assert nightly.due_at == datetime(2026, 11, 21, 1, 40, tzinfo=UTC)
    assert mark_late_heartbeats(at=datetime(2026, 11, 21, 1, 40, 1, tzinfo=UTC)) == 1
    nightly.refresh_from_db()
    assert nightly.reason.startswith("no ping: expected by 30 2 * * * (Europe/Berlin), the last came at 20 Nov")


def test_a_ping_key_opens_heartbeats_by_name(backup: Monitor) -> None:
    key, client = make_key(), Client()
    assert client.get(f"/ping/{key}/backup/start").content == b"OK"
    assert client.post(f"/ping/{key}/backup/3", "full", content_type="text/plain").status_code == 200
    backup.refresh_from_db()
    assert backup.state == "down"
    assert (client.get(f"/ping/{key}/other").status_code, Monitor.objects.count()) == (404, 1)
    assert client.get(f"/ping/{key}/Backup").content == b"invalid url format"
    assert client.get("/ping/no-such-key/backup").content == b"not found"


def test_a_ping_sets_its_heartbeat_up_when_it_asks_for_it() -> None:
    key, client = make_key(), Client()
    answer = client.get(f"/ping/{key}/nightly_import?create=1")
    assert (answer.status_code, answer.content) == (201, b"Created")
    made = Monitor.objects.get()
    assert (made.slug, made.kind, made.node.slug, made.state) == ("nightly-import", "heartbeat", "jobs", "up")
    assert client.get(f"/ping/{key}/nightly_import/log?create=1").content == b"OK"
    assert FactRecord.objects.get(name="MonitorCreated").actor.startswith("ping-key:")


def test_a_name_that_something_else_has_is_ambiguous() -> None:
    make_monitor("home")
    answer = Client().get(f"/ping/{make_key()}/home?create=1")
    assert (answer.status_code, answer.content) == (409, b"ambiguous slug")


def test_a_revoked_key_opens_nothing(backup: Monitor) -> None:
    key, raw = make_ping_key(name="old", on=make_node("jobs").slug, actor=SYSTEM, at=T0)
    revoke_ping_key(key, actor=SYSTEM, at=T0)
    assert Client().get(f"/ping/{raw}/backup?create=1").status_code == 404


def test_a_key_is_not_readable_in_the_database() -> None:
    raw = make_key()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM watch_pingkey k")
        assert raw not in cursor.fetchone()[0]


def test_what_is_retired_is_not_found(backup: Monitor) -> None:
    retire_monitor(backup, actor=SYSTEM, at=T0)
    assert Client().get(f"/ping/{backup.ping_key}").status_code == 404


def test_a_paused_heartbeat_keeps_the_log_and_stays_as_it_is(backup: Monitor) -> None:
    Monitor.objects.update(enabled=False)
    assert ping(backup, Signal.FAIL, 0) == Taken.OK
    assert (backup.state, backup.due_at, Ping.objects.count()) == ("unknown", None, 1)


def test_only_post_counts_when_so_set() -> None:
    strict = make_monitor("strict", kind="heartbeat", config={**HOURLY, "accepts": "post"}, interval_seconds=3600)
    Client().get(f"/ping/{strict.ping_key}/fail")
    strict.refresh_from_db()
    assert (strict.state, Ping.objects.get().kind) == ("unknown", "ignored")
    Client().post(f"/ping/{strict.ping_key}")
    strict.refresh_from_db()
    assert strict.state == "up"


def test_a_batch_costs_the_same_however_large() -> None:
    monitors = [make_monitor(f"job-{number}", kind="heartbeat", config=HOURLY) for number in range(40)]
    take_pings([IncomingPing(key=each.ping_key, at=at(0)) for each in monitors], at=at(0))
    costs = []
    for start, size in ((10, 2), (20, 40)):
        with CaptureQueriesContext(connection) as queries:
            pings = [IncomingPing(key=each.ping_key, at=at(start)) for each in monitors[:size]]
            assert take_pings([*pings, IncomingPing(key=uuid4(), at=at(start))], at=at(start))[-1] == Taken.UNKNOWN
        costs.append(len(queries))
    assert costs == [13, 13]


def test_several_pings_of_one_job_in_one_batch_all_count(backup: Monitor) -> None:
    kinds = [Signal.START, Signal.DONE, Signal.FAIL, Signal.LOG]
    pings = [IncomingPing(key=backup.ping_key, kind=kind, at=at(0)) for kind in kinds]
    assert take_pings(pings, at=at(0)) == [Taken.OK] * 4
    backup.refresh_from_db()
    assert (backup.state, Ping.objects.count()) == ("down", 4)


def test_a_flood_is_refused_and_a_failure_is_not(backup: Monitor) -> None:
    taken = [ping(backup, Signal.LOG, 2 + number / 4) for number in range(8)]
    assert taken.count(Taken.TOO_MANY) == 6
    taken = [ping(backup, Signal.START, 60 + number / 4, run_id=uuid4()) for number in range(130)]
    assert taken.count(Taken.OK) == 120
    assert ping(backup, Signal.FAIL, 60 + 33) == Taken.OK


def test_only_the_newest_pings_are_kept(backup: Monitor) -> None:
    for number in range(PINGS_KEPT + 5):
        ping(backup, Signal.DONE, 2 * number)
    assert prune_pings(at=at(500)) == 5
    assert Ping.objects.order_by("number").values_list("number", flat=True)[0] == 6


MAIL = "From: nas@shop.example\r\nSubject: =?utf-8?q?Backup_{word}?=\r\n\r\n12 files\r\n"


@pytest.mark.parametrize(
    ("word", "kind", "state"), [("OK", "done", "up"), ("FAILED", "fail", "down"), ("running", "ignored", "unknown")]
)
def test_a_mail_pings_by_the_words_of_its_subject(word: str, kind: str, state: str) -> None:
    config = {**HOURLY, "done_words": ["OK"], "fail_words": ["FAILED"]}
    nas = make_monitor("nas", kind="heartbeat", config=config, interval_seconds=3600)
    assert take_mail_ping(f"{nas.ping_key}@ping.shop.example", MAIL.format(word=word).encode(), at=T0) == Taken.OK
    nas.refresh_from_db()
    kept = Ping.objects.get()
    assert (kept.kind, kept.transport, kept.agent, nas.state) == (kind, "mail", "mail from nas@shop.example", state)
    assert kept.body.startswith(f"Subject: Backup {word}\n\n12 files")


@pytest.mark.parametrize(
    "message", [b"", b"\xff\x00\xfe", b"Subject: =?x?q?=\r\nContent-Type: text/plain; charset=no\r\n\r\nx"]
)
def test_a_mail_that_cannot_be_read_still_says_that_the_job_is_alive(backup: Monitor, message: bytes) -> None:
    assert take_mail_ping(f"ping+{backup.ping_key}@x", message, at=T0) == Taken.OK
    assert take_mail_ping("someone@x", message, at=T0) == Taken.UNKNOWN
