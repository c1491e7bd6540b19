"""States, uptime, latency figures and schedules: exact values and properties."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormproof.engine.graph import Graph, stopped_by
from stormproof.watch.choices import State
from stormproof.watch.kinds.kind import timeout_s
from stormproof.watch.rules import (
    bucket_ms,
    first_look_at,
    latency_bucket,
    latency_quantile,
    level_for,
    measure_uptime,
    merge_histograms,
    next_look_at,
    prober_for,
    say_state,
    spread_states,
    worst_of,
)

T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_the_worst_state_wins_and_nothing_known_is_unknown() -> None:
    assert worst_of(["up", "degraded", "down"]) == "down"
    assert worst_of(["up", "unknown"]) == "unknown"
    assert worst_of(["up", "maintenance"]) == "maintenance"
    assert worst_of([]) == "unknown"


@pytest.mark.parametrize(
    ("own", "needs", "state_of_1"),
    [
        ({}, {}, "unknown"),
        ({1: "up"}, {1: [(1, [2])]}, "up"),
        ({1: "up", 2: "down"}, {1: [(1, [2])]}, "down"),
        ({2: "down"}, {1: [(1, [2])]}, "down"),
        ({2: "up"}, {1: [(1, [2])]}, "up"),
        ({2: "degraded"}, {1: [(1, [2])]}, "up"),
        ({2: "unknown"}, {1: [(1, [2])]}, "unknown"),
        ({1: "up", 2: "unknown"}, {1: [(1, [2])]}, "up"),
        ({2: "down", 3: "up"}, {1: [(1, [2, 3])]}, "up"),
        ({2: "down", 3: "down"}, {1: [(1, [2, 3])]}, "down"),
        ({2: "down", 3: "unknown"}, {1: [(1, [2, 3])]}, "unknown"),
        ({2: "down", 3: "up", 4: "up"}, {1: [(3, [2, 3, 4])]}, "down"),
        ({3: "down"}, {1: [(1, [2])], 2: [(1, [3])]}, "down"),
        ({3: "up"}, {1: [(1, [2]), (1, [3])]}, "up"),
    ],
)
def test_states_spread_along_what_is_needed(
    own: dict[int, str], needs: dict[int, list[tuple[int, list[int]]]], state_of_1: str
) -> None:
    assert spread_states(own, needs, range(1, 5))[1] == state_of_1


@st.composite
def watched_graphs(draw: st.DrawFn) -> tuple[dict[int, str], dict[int, list[tuple[int, list[int]]]], int]:
    size = draw(st.integers(2, 9))
    needs = {}
    for node in range(1, size):
        members = draw(st.lists(st.integers(0, node - 1), unique=True, max_size=3))
        if members:
            needs[node] = [(draw(st.integers(1, len(members))), members)]
    own = draw(st.dictionaries(st.integers(0, size - 1), st.sampled_from(State.values)))
    return own, needs, size


@settings(deadline=None)
@given(watched_graphs())
def test_down_is_exactly_what_the_graph_says_stops(case: tuple[dict[int, str], dict[int, list], int]) -> None:
    own, needs, size = case
    states = spread_states(own, needs, range(size))
    seen_down = {node for node, state in own.items() if state == "down"}
    assert {node for node, state in states.items() if state == "down"} == stopped_by(
        Graph(range(size), needs), seen_down
    )


@settings(deadline=None)
@given(watched_graphs())
def test_what_nobody_looks_at_anywhere_is_never_green(case: tuple[dict[int, str], dict[int, list], int]) -> None:
    _, needs, size = case
    assert set(spread_states({}, needs, range(size)).values()) == {"unknown"}


def test_uptime_of_a_day_with_an_outage() -> None:
    found = measure_uptime(
        [(at(100), "down"), (at(160), "up"), (at(200), "unknown"), (at(250), "degraded")],
        before="up",
        start=T0,
        end=at(300),
    )
    assert (found.up_seconds, found.down_seconds, found.unknown_seconds) == (190, 60, 50)
    assert (found.percent, found.outages) == (76.0, 1)


def test_uptime_of_what_was_never_known_is_no_number() -> None:
    assert measure_uptime([], before="unknown", start=T0, end=at(60)).percent is None


@given(st.lists(st.tuples(st.integers(-50, 350), st.sampled_from(State.values))), st.sampled_from(State.values))
def test_the_seconds_of_all_states_make_up_the_span(moments: list[tuple[int, str]], before: str) -> None:
    changes = [(at(seconds), state) for seconds, state in sorted(moments)]
    found = measure_uptime(changes, before=before, start=T0, end=at(300))
    total = found.up_seconds + found.down_seconds + found.unknown_seconds + found.maintenance_seconds
    assert math.isclose(total, 300)


@given(st.floats(0.1, 60_000))
def test_a_bucket_holds_its_latency_within_an_eighth(ms: float) -> None:
    assert abs(bucket_ms(latency_bucket(ms)) - ms) <= 0.126 * ms


@given(st.lists(st.floats(0.1, 60_000), min_size=1), st.lists(st.floats(0.1, 60_000)))
def test_merged_histograms_answer_as_one(first: list[float], second: list[float]) -> None:
    def histogram(values: list[float]) -> dict[str, int]:
        return merge_histograms({str(latency_bucket(value)): 1} for value in values)

    merged = merge_histograms([histogram(first), histogram(second)])
    assert merged == histogram(first + second)
    values = sorted(first + second)
    exact = values[max(0, math.ceil(0.95 * len(values)) - 1)]
    estimate = latency_quantile(merged, 0.95)
    assert estimate is not None
    assert abs(estimate - exact) <= 0.126 * exact


def test_no_latency_no_quantile() -> None:
    assert latency_quantile({}, 0.5) is None


@given(st.integers(1, 10**9), st.integers(1, 86400), st.floats(0, 2e9), st.integers(1, 5))
def test_looks_keep_their_phase_for_ever(monitor_id: int, interval: int, moment: float, rounds: int) -> None:
    first = first_look_at(monitor_id, interval_seconds=interval, last_at=moment, now=moment, spread_seconds=5)
    assert moment <= first <= moment + interval + 1e-3
    later = next_look_at(first % interval, interval_seconds=interval, now=first + rounds * interval + interval / 2)
    assert math.isclose((later - first) / interval, rounds + 1, abs_tol=1e-3)


@given(st.integers(1, 10**9), st.integers(10, 86400))
def test_a_look_that_is_due_now_is_not_due_again_at_once(monitor_id: int, interval: int) -> None:
    due = first_look_at(monitor_id, interval_seconds=interval, last_at=1.7e9, now=1.7e9, spread_seconds=5)
    again = next_look_at(due % interval, interval_seconds=interval, now=due)
    assert math.isclose(again - due, interval, abs_tol=1e-3)


@given(st.integers(1, 10**9), st.integers(10, 86400))
def test_what_is_overdue_is_looked_at_soon(monitor_id: int, interval: int) -> None:
    first = first_look_at(monitor_id, interval_seconds=interval, last_at=None, now=1e9, spread_seconds=5)
    assert 1e9 <= first <= 1e9 + 5


def test_a_thousand_monitors_spread_evenly_over_their_interval() -> None:
    counts = [0] * 10
    for monitor_id in range(1000):
        due = first_look_at(monitor_id, interval_seconds=10, last_at=1e9, now=1e9, spread_seconds=5)
        counts[int(due - 1e9) % 10] += 1
    assert min(counts) > 70
    assert max(counts) < 130


@given(st.sets(st.text("abcdef", min_size=1, max_size=4), min_size=2, max_size=6))
def test_when_a_prober_goes_only_its_own_share_moves(instances: set[str]) -> None:
    names = sorted(instances)
    before = {monitor_id: prober_for(monitor_id, names) for monitor_id in range(60)}
    after = {monitor_id: prober_for(monitor_id, names[1:]) for monitor_id in range(60)}
    moved = {monitor_id for monitor_id in before if before[monitor_id] != after[monitor_id]}
    assert moved == {monitor_id for monitor_id, name in before.items() if name == names[0]}


def test_the_zoom_chooses_the_level() -> None:
    days = {"raw": 2, "minute": 8, "hour": 100, "day": 1830}

    def level(span_hours: float, age_hours: float) -> str:
        kept = lambda name: timedelta(days=days[name])  # noqa: E731
        return level_for(timedelta(hours=span_hours), age=timedelta(hours=age_hours), kept=kept)

    assert level(1, 1) == "raw"
    assert level(1, 72) == "minute"
    assert level(24, 24) == "minute"
    assert level(1, 24 * 30) == "hour"
    assert level(24 * 7, 24 * 7) == "hour"
    assert level(24 * 365, 24 * 365) == "day"


def test_a_try_may_take_half_the_interval_and_no_less_than_was_promised() -> None:
    assert [timeout_s(interval) for interval in (1, 5, 60)] == [1.0, 2.5, 10.0]
    assert timeout_s(5, promised_s=5) == 5
    assert timeout_s(5, promised_s=30) == 10


def test_the_state_is_one_sentence() -> None:
    about = {"since": "14:02", "is_paused": False, "is_heartbeat": False}
    assert say_state("down", reason="answered 503", **about) == "Down since 14:02: answered 503."
    assert say_state("up", reason="", **about) == "Up since 14:02."
    assert say_state("unknown", reason="", **about) == "Waiting for the first look."
    assert say_state("unknown", reason="", **{**about, "is_heartbeat": True}) == "Waiting for the first ping."
    assert say_state("up", reason="", **{**about, "is_paused": True}).startswith("Paused since 14:02.")
