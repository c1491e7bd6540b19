"""Error budgets: the burn table, what fires and when it stops, and that a budget never makes a function look down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.watch.choices import State
from stormproof.watch.kinds import WrongSettings, read_settings
from stormproof.watch.kinds.signal.sources import Row
from stormproof.watch.models import Monitor, Slo, StateChange
from stormproof.watch.rules import BURN_WINDOWS, burns_of, union_seconds
from stormproof.watch.selectors import own_states
from stormproof.watch.services.signals.counting import note_reading, put_counts, roll_up_history
from stormproof.watch.services.slo import judge_slo
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of
from tests.watch.trading import MINUTE, NOW, make_signal

db = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("days", "rates"),
    [(30, [14.4, 6, 3, 1]), (28, [13.44, 5.6, 2.8, 0.933]), (7, [3.36, 1.4, 0.7, 0.233]), (90, [43.2, 18, 9, 3])],
)
def test_the_table_is_scaled_to_the_period(days: int, rates: list[float]) -> None:
    found = [window.rate(timedelta(days=days)) for window in BURN_WINDOWS]
    assert found == pytest.approx(rates, abs=0.001)


def test_both_windows_must_exceed_and_one_whole_window_must_be_known() -> None:
    def burns(short_bad: float, known: timedelta) -> list[bool]:
        sums = lambda window: (60.0, 3600.0) if window == HOUR else (short_bad, window.total_seconds())  # noqa: E731
        found = burns_of(
            sums, whole=(60.0, 2592000.0), objective=99.9, period=timedelta(days=30), known_for=known, is_events=False
        )
        return [burn.fires for burn in found]

    assert burns(60.0, timedelta(days=30))[0]
    assert not burns(0.0, timedelta(days=30))[0]
    assert not burns(60.0, timedelta(minutes=59))[0]


def test_five_orders_at_night_cannot_page() -> None:
    sums = lambda window: (5.0, 5.0)  # noqa: E731  (all five failed)
    found = burns_of(
        sums,
        whole=(5.0, 60000.0),
        objective=99.9,
        period=timedelta(days=30),
        known_for=timedelta(days=30),
        is_events=True,
    )
    assert [burn.fires for burn in found] == [False] * 4
    busy = burns_of(
        lambda window: (12.0, 40.0),
        whole=(12.0, 60000.0),
        objective=99.0,
        period=timedelta(days=30),
        known_for=timedelta(days=30),
        is_events=True,
    )
    assert busy[0].needed == pytest.approx(12.0)
    assert not busy[0].fires  # exactly its part is not above it


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8))
def test_a_union_is_what_counting_seconds_gives(pairs: list[tuple[int, int]]) -> None:
    spans = [(NOW + timedelta(seconds=min(pair)), NOW + timedelta(seconds=max(pair))) for pair in pairs]
    covered = {second for begin, end in pairs for second in range(min(begin, end), max(begin, end))}
    expected = sum(1 for second in covered if 10 <= second < 90)
    start, end = NOW + timedelta(seconds=10), NOW + timedelta(seconds=90)
    assert union_seconds(spans, start=start, end=end) == expected


def make_slo(node: Any, **config: Any) -> Monitor:
    return make_monitor("promise", kind="slo", node=node, config=config, interval_seconds=60)


def change(monitor: Monitor, to: str, at: Any, *, before: str = State.UP) -> None:
    StateChange.objects.create(monitor=monitor, from_state=before, to_state=to, at=at, decided_at=at)
    Monitor.objects.filter(pk=monitor.pk).update(state=to, down_since=at if to == State.DOWN else None)


@db
def test_an_hour_down_burns_pages_and_leaves_the_function_its_own_colour() -> None:
    node = make_node("checkout", kind="function")
    page = make_monitor("page", node=node, state=State.UP)
    change(page, State.UP, NOW - timedelta(days=40))
    promise = make_slo(node, objective=99.9, period="30d")
    assert judge_slo(promise.pk, at=NOW - HOUR) == "quiet"
    change(page, State.DOWN, NOW - 10 * MINUTE)
    assert judge_slo(promise.pk, at=NOW) == "page"
    promise.refresh_from_db()
    assert promise.state == State.DOWN
    assert promise.reason == (
        "the error budget of 99.9 % over 30d burns 166.7 times too fast: 10 min down in 1h; 77% of the budget is left"
    )
    change(page, State.UP, NOW, before=State.DOWN)
    assert own_states()[node.pk] == State.UP
    assert judge_slo(promise.pk, at=NOW + 30 * MINUTE) == "page"  # the long window still exceeds
    assert judge_slo(promise.pk, at=NOW + timedelta(hours=7)) == "ticket"
    assert judge_slo(promise.pk, at=NOW + timedelta(hours=80)) == "quiet"
    assert Slo.objects.get().firing == {}


@db
def test_in_maintenance_nothing_is_told_but_the_time_counts() -> None:
    node = make_node("checkout", kind="function")
    page = make_monitor("page", node=node)
    change(page, State.UP, NOW - timedelta(days=40))
    change(page, State.DOWN, NOW - 10 * MINUTE)
    Monitor.objects.filter(pk=page.pk).update(state=State.MAINTENANCE)
    promise = make_slo(node)
    assert judge_slo(promise.pk, at=NOW) == "page"
    promise.refresh_from_db()
    assert promise.state == State.UNKNOWN
    assert Slo.objects.get().verdict["bad"] == 600


@db
def test_a_promise_on_attempts_counts_what_the_signal_counts() -> None:
    signal = make_signal("payments")
    start = NOW - timedelta(days=4)
    rows = [Row(at=start + place * MINUTE, total=10, good=10) for place in range(0, 4 * 1440, 10)]
    put_counts(signal, rows, since=start, until=NOW)
    note_reading(signal, since=start, until=NOW, at=NOW)
    roll_up_history(signal, since=start)
    promise = make_slo(signal.node, objective=99.0, period="7d", measures="events", signal="payments")
    assert judge_slo(promise.pk, at=NOW) == "quiet"
    bad = [Row(at=NOW + place * MINUTE, total=10, good=0) for place in range(5)]
    put_counts(signal, bad, since=NOW, until=NOW + 5 * MINUTE)
    note_reading(signal, since=NOW, until=NOW + 5 * MINUTE, at=NOW)
    roll_up_history(signal, since=NOW)
    assert judge_slo(promise.pk, at=NOW + 5 * MINUTE) == "page"
    verdict = Slo.objects.get().verdict
    assert (verdict["bad"], verdict["total"]) == (50, 5810)
    assert verdict["left"] == pytest.approx(0.139, abs=0.001)


@db
def test_a_function_nobody_watches_is_unknown() -> None:
    promise = make_slo(make_node("checkout", kind="function"))
    assert judge_slo(promise.pk, at=NOW) == ""
    promise.refresh_from_db()
    assert (promise.state, promise.reason) == (State.UNKNOWN, "no monitor looks at it yet")
    assert Slo.objects.get().verdict == {}


def test_events_need_a_signal() -> None:
    with pytest.raises(WrongSettings, match="events are counted by a signal"):
        read_settings({"kind": "slo", "on": "checkout", "measures": "events"})


@db
def test_pages_report_api_and_who_may_see_them() -> None:
    node = make_node("checkout", kind="function")
    page = make_monitor("page", node=node, state=State.UP)
    change(page, State.UP, NOW - timedelta(days=40))
    promise = make_slo(node)
    judge_slo(promise.pk, at=NOW)
    client = client_of("bob")
    for path in ("/slos/", "/slos/promise/", "/slos/promise/chart/"):
        assert client.get(path).status_code == 200
    assert "promise,checkout,99.9,time" in client.get("/slos/report.csv").content.decode()
    assert client.get("/api/v1/slos/promise").json()["verdict"]["left"] == 1.0
    nobody = client_of("charlie")
    assert [nobody.get(path).status_code for path in ("/slos/", "/slos/promise/", "/api/v1/slos/promise")] == [404] * 3
