"""sql, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from django.conf import settings

from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.sql import SqlCheck, fault_of_url, probe_sql
from stormproof.engine.probe.thresholds import Thresholds
from tests import database
from tests.engine.probe.servers import LOOPBACK


@pytest.fixture(scope="module")
def url() -> str:
    database.start()
    known = settings.DATABASES["default"]
    return f"postgresql://{known['USER']}@/postgres?host={known['HOST']}"


def look(url: str, query: str, *, guard: Guard = LOOPBACK, deadline_s: float = 3, **about: Any) -> Outcome:
    about |= {key: read_condition(about[key]) for key in ("down_when", "degraded_when") if key in about}
    check = SqlCheck(url=url, query=query, thresholds=Thresholds(**about))
    return asyncio.run(probe_sql(check, guard=guard, deadline_s=deadline_s))


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("SELECT 7", {"equals": 7}),
        ("SELECT 7", {"equals": "7"}),
        ("SELECT 7;", {"down_when": "< 7 or > 7"}),
        ("SELECT 1.50::numeric", {"equals": 1.5}),
        ("SELECT true", {"equals": True}),
        ("SELECT true", {"equals": "true"}),
        ("SELECT NOT pg_is_in_recovery()", {"equals": True}),
        ("SELECT 'ready'", {"equals": "ready"}),
        ("SELECT 100 % 7", {"equals": 2}),
        ("SELECT null", {}),
    ],
)
def test_a_value_that_fits_is_good(url: str, query: str, about: dict[str, Any]) -> None:
    found = look(url, query, **about)
    assert (found.ok, found.reason) == (True, "")


@pytest.mark.parametrize(
    ("query", "about", "reason"),
    [
        ("SELECT 6", {"equals": 7}, "the value is 6, expected 7"),
        ("SELECT 6", {"down_when": "< 7"}, "the value is 6, down when < 7"),
        ("SELECT 8", {"down_when": "> 7.5"}, "the value is 8, down when > 7.5"),
        ("SELECT 'many'", {"degraded_when": "> 7"}, "the value is many, expected a number"),
        ("SELECT null", {"equals": 1}, "the value is null, expected 1"),
        ("SELECT 1 WHERE false", {}, "the query gave no row"),
        ("SELECT nothing_such()", {}, "says: function nothing_such() does not exist"),
    ],
)
def test_a_value_that_does_not_fit_is_said(url: str, query: str, about: dict[str, Any], reason: str) -> None:
    found = look(url, query, **about)
    assert not found.ok
    assert reason in found.reason


def test_a_value_past_the_lower_bound_is_degraded(url: str) -> None:
    found = look(url, "SELECT 60", degraded_when="> 50", down_when="> 100")
    assert (found.ok, found.degraded, found.reason) == (True, True, "the value is 60, degraded when > 50")


@pytest.mark.parametrize(
    ("meaning", "state"), [("up", (True, False)), ("degraded", (True, True)), ("down", (False, False))]
)
def test_no_row_means_what_was_said(url: str, meaning: str, state: tuple[bool, bool]) -> None:
    found = look(url, "SELECT 1 WHERE false", when_missing=meaning)
    assert (found.ok, found.degraded) == state


@pytest.mark.parametrize(
    "query",
    ["CREATE TABLE planted (a int)", "SELECT 1; CREATE TABLE planted (a int)", "COMMIT; CREATE TABLE planted (a int)"],
)
def test_nothing_can_be_written(url: str, query: str) -> None:
    assert not look(url, query).ok
    assert look(url, "SELECT to_regclass('planted') IS NULL", equals=True).ok


def test_a_function_that_writes_is_stopped_too(url: str) -> None:
    found = look(url, "SELECT set_config('transaction_read_only', 'off', false)")
    assert not found.ok
    assert look(url, "SELECT lo_create(0)").reason.endswith("in a read-only transaction")


def test_a_slow_query_is_cut_off(url: str) -> None:
    start = time.monotonic()
    found = look(url, "SELECT pg_sleep(20)", deadline_s=0.3)
    assert found.reason == "no answer within 300 ms (while waiting for the answer)"
    assert time.monotonic() - start < 2


def test_a_million_rows_are_not_fetched(url: str) -> None:
    start = time.monotonic()
    assert look(url, "SELECT generate_series(1, 100000000)", equals=1).ok
    assert time.monotonic() - start < 2


def test_a_database_that_is_away() -> None:
    found = look("postgresql://reader@127.0.0.1:1/shop", "SELECT 1")
    assert (found.ok, found.reason) == (False, "the database at 127.0.0.1 refused the connection")


def test_a_database_that_may_not_be_reached(url: str) -> None:
    assert look("postgresql://reader@10.0.0.1/shop", "SELECT 1", guard=Guard()).refused
    assert look(url, "SELECT 1", guard=Guard()).refused


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("postgresql://reader@db.example/shop", ""),
        ("host=db.example dbname=shop", ""),
        ("postgresql:///shop", "the database address names no host"),
        ("postgresql://db.example/shop?passfile=/etc/shadow", "a database address may not set passfile"),
        ("nonsense", "this is not a PostgreSQL address; write postgresql://user:password@host:5432/database"),
    ],
)
def test_an_address_is_judged_before_it_is_used(url: str, fault: str) -> None:
    assert fault_of_url(url) == fault
