"""Each kind of step on the real thing: PostgreSQL, HAProxy, a web server, the outbox."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from stormproof.core.env import env
from stormproof.core.models import Message
from stormproof.recover.kinds import databases, haproxy, http, wait_until
from stormproof.recover.models import Run, StepRun
from stormproof.recover.selectors import preview_of
from stormproof.recover.services import answer_step
from tests.recover import parts
from tests.recover.make import actor_named, driven, make_procedure, make_run, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.parts]


@pytest.fixture(autouse=True)
def _loopback_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = replace(env, allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    for module in (databases, haproxy, http, wait_until):
        monkeypatch.setattr(module, "env", allowed)


@pytest.fixture
def web() -> Iterator[parts.Web]:
    with parts.web_server() as server:
        yield server


def step(kind: str, id: str = "one", **more: Any) -> dict[str, Any]:
    outer = ("timeout", "retries", "retry_delay", "verify", "undo", "on_failure", "safe_to_repeat")
    kept = {key: more.pop(key) for key in outer if key in more}
    return {"id": id, "kind": kind, "with": more, **kept}


def run_one(kind: str, **more: Any) -> tuple[Run, StepRun]:
    run = driven(make_run(step(kind, **more)))
    return run, run.journal.latest("id")


def test_a_standby_is_promoted_takes_over_behind_haproxy_and_takes_a_write() -> None:
    with parts.postgres_pair(synchronous=True) as (primary, standby), parts.haproxy(primary.port, standby.port) as lb:
        door, port = lb
        primary.ask("CREATE TABLE orders (number int)")
        primary.ask("INSERT INTO orders VALUES (1)")
        through = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        steps = [
            step("haproxy", "fence", socket=door, server="db/a", state="maint", end_sessions=True),
            step(
                "postgres-promote",
                "promote",
                url=standby.url,
                old_primary=primary.url,
                reset_synchronous_standby_names=True,
                timeout="20s",
            ),
            step("haproxy", "repoint", socket=door, server="db/b", weight=100),
            step(
                "wait-until",
                "verify",
                sql={"url": through, "query": "SELECT pg_is_in_recovery()", "expect": {"equals": False}},
                every="100ms",
                timeout="10s",
            ),
            step(
                "sql",
                "write",
                url=through,
                query="INSERT INTO orders VALUES (%s)",
                params=[2],
                expect={"rows": 1},
            ),
        ]
        refused = driven(make_run(*steps[1:2]))
        assert refused.state == "failed"
        assert "still takes writes: fence it first" in refused.journal.get().output
        assert standby.ask("SELECT pg_is_in_recovery()") is True
        primary.kill()
        run = driven(make_run(*steps))
        assert states(run) == dict.fromkeys(("fence", "promote", "repoint", "verify", "write"), "done")
        assert standby.ask("SELECT count(*) FROM orders") == 2
        promoted = run.journal.get(step="promote").output
        assert "[verified: the server is out of recovery and takes writes]" in promoted
        again = driven(make_run(step("postgres-promote", url=standby.url)))
        assert "the primary already" in again.journal.get().output


def test_haproxy_drains_maintains_weighs_and_readdresses_a_server_and_undoes_it() -> None:
    with parts.haproxy(9, 10) as (door, _):
        call = run_one("haproxy", socket=door, server="db/a", state="drain")[1]
        assert "[verified: drain" in call.output
        assert call.result["before"] == {"state": "ready", "weight": 1, "address": "127.0.0.1:9"}
        assert "now: maint" in run_one("haproxy", socket=door, server="db/a", state="maint")[1].output
        assert "now: ready" in run_one("haproxy", socket=door, server="db/a", state="ready")[1].output
        assert "weight 7" in run_one("haproxy", socket=door, server="db/a", weight=7)[1].output
        moved = run_one("haproxy", socket=door, server="db/a", address="127.0.0.2:99")[1]
        assert "127.0.0.2:99]" in moved.output
        failing = step("command", "two", argv=["false"], on_failure="undo")
        run = driven(make_run(step("haproxy", "one", socket=door, server="db/a", address="127.0.0.3:5"), failing))
        assert run.state == "undone"
        assert run.journal.get(direction="undo").output.endswith("127.0.0.2:99")
        unknown = run_one("haproxy", socket=door, server="db/zzz", state="maint")[1]
        assert (unknown.state, unknown.output) == ("failed", "HAProxy knows no db/zzz: it has no such server")
        gone = run_one("haproxy", socket=f"{door}.gone", server="db/a", state="maint")[1]
        assert gone.state == "failed"


def test_a_request_carries_one_idempotency_key_over_all_its_tries(web: parts.Web) -> None:
    web.answers = [503, 503]
    run, row = run_one(
        "http",
        url=f"{web.url}/switch",
        method="POST",
        json={"provider": "b"},
        expect={"status": 200, "json": {"provider": "b", "orders.0.state": "placed"}},
        retries=2,
        retry_delay="50ms",
    )
    assert (run.state, row.attempt) == ("done", 3)
    assert [ask[2]["Idempotency-Key"] for ask in web.asked] == [f"run-{run.pk}-one"] * 3
    assert web.asked[0][3] == b'{"provider":"b"}'


def test_a_post_whose_answer_is_lost_is_asked_about_and_a_get_is_only_a_failure(web: parts.Web) -> None:
    web.answers = ["drop"]
    run, row = run_one("http", url=f"{web.url}/pay", method="POST")
    assert (run.state, row.state, row.question) == ("waiting", "unknown", "unknown")
    answer_step(run, step="one", answer="did_not_happen", note="no entry", actor=actor_named("Al"), at=timezone.now())
    assert driven(run).state == "failed"
    web.answers = ["drop"]
    run, row = run_one("http", url=f"{web.url}/look")
    assert (run.state, row.state) == ("failed", "failed")
    web.answers = ["hang"]
    run, row = run_one("http", url=f"{web.url}/pay", method="POST", timeout="1s")
    assert (row.state, "ReadTimeout" in row.output) == ("unknown", True)


def test_an_answer_that_is_not_as_expected_is_a_failure_that_says_why(web: parts.Web) -> None:
    row = run_one("http", url=web.url, expect={"json": {"provider": "a"}})[1]
    assert '[provider is "b", expected "a"]' in row.output
    assert "[status 200, expected 204]" in run_one("http", url=web.url, expect={"status": 204})[1].output
    assert "not sent" in run_one("http", url="http://127.0.0.1:9/")[1].output


def test_a_statement_that_does_not_give_what_is_expected_is_rolled_back() -> None:
    with parts.postgres_pair() as (primary, _):
        primary.ask("CREATE TABLE stock (item text, number int)")
        primary.ask("INSERT INTO stock VALUES ('tent', 3)")
        change = {"url": primary.url, "query": "UPDATE stock SET number = number - 1"}
        row = run_one("sql", **change, expect={"rows": 2})[1]
        assert (row.state, "[1 rows, expected 2: rolled back]" in row.output) == ("failed", True)
        assert primary.ask("SELECT number FROM stock") == 3
        assert run_one("sql", **change, expect={"rows": 1})[1].state == "done"
        assert primary.ask("SELECT number FROM stock") == 2
        assert "read-only transaction" in run_one("sql", **change, read_only=True)[1].output
        slow = run_one("sql", url=primary.url, query="SELECT pg_sleep(30)", timeout="1s")[1]
        assert (slow.state, "statement timeout" in slow.output) == ("failed", True)
        verified = step("command", argv=["true"])
        verified["verify"] = {
            "kind": "sql",
            "with": {"url": primary.url, "query": "SELECT number FROM stock", "expect": {"at_most": 2}},
        }
        assert driven(make_run(verified)).state == "done"


def test_waiting_ends_when_it_is_so_or_in_time(web: parts.Web) -> None:
    web.answers = [503, 503, 200, 503]
    row = run_one("wait-until", http={"url": web.url}, every="50ms", times=2, timeout="10s")[1]
    assert (row.state, row.result["looks"]) == ("done", 6)
    row = run_one("wait-until", tcp={"host": "127.0.0.1", "port": parts.free_port()}, every="100ms", timeout="1s")[1]
    assert (row.state, row.output.startswith("not in time")) == ("failed", True)
    assert run_one("wait-until", tcp={"host": "127.0.0.1", "port": web.port})[1].state == "done"


def test_a_message_goes_into_the_outbox_once_and_a_drill_says_so() -> None:
    more = {"email": ["ops@shop.example", "boss@shop.example"], "webhook": "https://chat.example/x", "text": "Going"}
    run = driven(make_run(step("notify", **more), mode="drill"))
    assert run.state == "done"
    keys = sorted(Message.objects.values_list("key", flat=True))
    assert keys == [f"run-{run.pk}-one:{who}" for who in ("boss@shop.example", "ops@shop.example", "webhook")]


def test_a_target_that_is_not_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (databases, haproxy, http, wait_until):
        monkeypatch.setattr(module, "env", replace(env, allowed_networks=()))
    metadata = run_one("http", url="http://169.254.169.254/latest/")[1]
    assert "cloud metadata address: not allowed here" in metadata.output
    database = run_one("sql", url="postgresql://x@127.0.0.1:5/x", query="select 1")[1]
    assert "loopback address: not allowed here" in database.output


def test_a_dry_run_touches_nothing(web: parts.Web, tmp_path: Path) -> None:
    file = tmp_path / "file"
    procedure = make_procedure(
        step("command", "a", argv=["touch", str(file)]),
        step("http", "b", url=web.url, method="POST"),
        step("sql", "c", url="env:NOWHERE", query="DROP TABLE orders"),
        step("haproxy", "d", socket=str(tmp_path / "no.sock"), server="db/a", state="maint"),
        step("postgres-promote", "e", url="env:NOWHERE"),
        step("notify", "f", email=["a@b.example"], text="Hello"),
        step("approve", "g", people=["a@b.example"]),
    )
    preview = preview_of(procedure)
    assert [one.dry_run for one in preview.steps] == [
        f"would run touch {file} on the worker's machine; touch is /usr/bin/touch",
        f"would send POST {web.url}",
        "would run DROP TABLE orders in env:NOWHERE",
        f"would set db/a to maint over {tmp_path}/no.sock",
        "would make env:NOWHERE the primary by pg_promote()",
        "would tell a@b.example: Hello",
        "would ask a@b.example",
    ]
    assert not file.exists()
    assert web.asked == []
    assert not Message.objects.exists()
