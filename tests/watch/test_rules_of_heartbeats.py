"""Schedules, lateness and runs, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from stormproof.watch.kinds import WrongSettings, read_settings
from stormproof.watch.rules import (
    Times,
    WrongPing,
    close_run,
    fault_of_schedule,
    late_at,
    next_expected,
    open_run,
    read_ping,
    usual_gap,
)

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "expected"),
    [
        ("5 4 * * *", "UTC", "2026-11-24T04:05", "2026-11-25T04:05"),
        ("5 4 * * *", "Europe/Berlin", "2026-07-01T00:00", "2026-07-01T02:05"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),  # 02:30 is left out: at 03:00
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        ("0 * * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T01:00"),  # an hourly job keeps its pace
        ("Mon..Fri 04:05", "Europe/Berlin", "2026-11-27T12:00", "2026-11-30T03:05"),
        ("Mon 08:00\nTue 09:00", "UTC", "2026-11-23T08:00", "2026-11-24T09:00"),
    ],
)
def test_when_a_job_is_expected_next(schedule: str, zone: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_expected(Times(schedule=schedule, timezone=zone), after=moment)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(["5 4 * * *", "*/15 * * * *", "Mon..Fri 04:05", "*-*-1 02:30"]))
def test_the_next_moment_lies_ahead_and_is_a_fixed_point(after: datetime, zone: str, schedule: str) -> None:
    times = Times(schedule=schedule, timezone=zone)
    found = next_expected(times, after=after)
    assert found is not None
    assert after < found <= after + timedelta(days=32)
    assert next_expected(times, after=found - timedelta(microseconds=1)) == found


@given(st.dictionaries(st.text(max_size=3), MOMENTS, max_size=5), MOMENTS)
def test_the_first_thing_due_decides(runs: dict[str, datetime], done_at: datetime) -> None:
    times = Times(period_seconds=3600, grace_seconds=60, run_seconds=600)
    due = late_at(times, done_at=done_at, runs=runs)
    assert due == min([done_at + timedelta(seconds=3660), *(each + timedelta(seconds=600) for each in runs.values())])
    assert late_at(times, done_at=None, runs={}) is None


def test_a_ping_without_a_run_id_ends_every_run() -> None:
    start, runs = datetime(2026, 1, 1, tzinfo=UTC), {}
    open_run(runs, run_id=uuid4(), at=start)
    open_run(runs, run_id=None, at=start + timedelta(seconds=1))
    assert close_run(runs, run_id=uuid4(), at=start + timedelta(seconds=9)) is None
    assert len(runs) == 2
    assert close_run(runs, run_id=None, at=start + timedelta(seconds=3)) == 2000
    assert runs == {}


def test_the_oldest_of_too_many_runs_is_forgotten() -> None:
    start, runs = datetime(2026, 1, 1, tzinfo=UTC), {}
    ids = [uuid4() for _ in range(60)]
    for number, run_id in enumerate(ids):
        open_run(runs, run_id=run_id, at=start + timedelta(seconds=number))
    assert list(runs) == [str(run_id) for run_id in ids[10:]]


@pytest.mark.parametrize("schedule", ["5 4 * *", "99 4 * * *", "0 0 31 2 *", "never", "2020-01-01", "* " * 200, "\n"])
def test_a_schedule_that_never_comes_is_refused(schedule: str) -> None:
    assert fault_of_schedule(schedule, "UTC")
    with pytest.raises(WrongSettings):
        read_settings({"kind": "heartbeat", "on": "x", "schedule": schedule})


def test_an_unknown_time_zone_is_refused() -> None:
    assert fault_of_schedule("5 4 * * *", "Mars/Olympus").startswith("'Mars/Olympus' is no time zone")


@pytest.mark.parametrize(("schedule", "gap"), [("*/5 * * * *", 300), ("5 4 * * *", 86400), ("Mon 08:00", 604800)])
def test_how_often_a_schedule_comes(schedule: str, gap: int) -> None:
    assert usual_gap(schedule, "Europe/Berlin") == gap


@given(st.text(max_size=12), st.text(max_size=40) | st.none(), st.binary(max_size=50))
def test_any_address_is_read_or_refused(signal: str, run_id: str | None, body: bytes) -> None:
    try:
        ping = read_ping(signal, at=datetime(2026, 1, 1, tzinfo=UTC), run_id=run_id, body=body, size=len(body))
    except WrongPing as wrong:
        event(str(wrong))
    else:
        assert "\x00" not in ping.body
        assert ping.body_size == len(body)
