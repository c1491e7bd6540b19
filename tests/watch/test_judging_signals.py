"""A signal that fires: when, what it says, which slice it names, and when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stormproof.core.models import FactRecord
from stormproof.watch.choices import State
from stormproof.watch.kinds.signal.sources import Row
from stormproof.watch.models import Monitor, Peak, Signal, StateChange
from stormproof.watch.services.signals.counting import put_counts
from stormproof.watch.services.signals.judging import judge_signal
from stormproof.watch.services.signals.reading import mark_blind_signal
from tests.watch.trading import MINUTE, NOW, make_signal, make_trading_signal, trade

pytestmark = pytest.mark.django_db


def state_of(monitor: Monitor) -> tuple[str, str]:
    monitor.refresh_from_db()
    return monitor.state, monitor.reason


def test_an_ordinary_day_is_up() -> None:
    monitor = make_trading_signal()
    assert judge_signal(monitor, at=NOW) == "quiet"
    assert state_of(monitor) == (State.UP, "learning: 15 of 42 days")
    verdict = Signal.objects.get(monitor=monitor).verdict
    assert verdict["now"]["expected"] == pytest.approx(1.84, rel=0.15)


def test_half_of_one_providers_approvals_gone_is_down_with_the_slice_and_the_money_named() -> None:
    monitor = make_trading_signal()
    later = NOW + 30 * MINUTE
    trade(monitor, until=later, minutes=30, seed=5, harbour=0.46)
    assert judge_signal(monitor, at=later) == "page"
    state, reason = state_of(monitor)
    assert state == State.DOWN
    assert reason == (
        "Payments by provider harbour: 63 % of 35 attempts succeeded in 30 min, normally 92 %; "
        "about 12 orders, 690 EUR missing"
    )
    verdict = Signal.objects.get(monitor=monitor).verdict
    assert (verdict["slices"][0]["dimension"], verdict["slices"][0]["name"]) == ("provider", "harbour")
    change = StateChange.objects.filter(monitor=monitor, to_state=State.DOWN).get()
    assert abs(change.at - NOW) <= 10 * MINUTE
    assert FactRecord.objects.filter(name="MonitorWentDown").count() == 1


def test_when_nothing_comes_in_at_all_the_volume_fires_and_no_slice_is_named() -> None:
    monitor = make_trading_signal()
    later = NOW + 20 * MINUTE
    trade(monitor, until=later, minutes=20, harbour=0.0, northwind=0.0)
    assert judge_signal(monitor, at=later) == "page"
    assert state_of(monitor)[1].startswith("Payments: 0 % of ")


def test_it_is_up_again_only_after_a_quiet_quarter_of_an_hour() -> None:
    monitor = make_trading_signal()
    later = NOW + 30 * MINUTE
    trade(monitor, until=later, minutes=30, seed=5, harbour=0.0)
    judge_signal(monitor, at=later)
    assert state_of(monitor)[0] == State.DOWN
    states = []
    for step in range(1, 30):
        moment = later + step * 10 * MINUTE
        trade(monitor, until=moment, minutes=10, seed=100 + step)
        level = judge_signal(monitor, at=moment)
        states.append((level, state_of(monitor)[0]))
    first_up = states.index(("quiet", State.UP))
    assert states[first_up - 1] == ("quiet", State.DOWN)
    assert {state for _, state in states[first_up:]} == {State.UP}
    assert FactRecord.objects.filter(name="MonitorRecovered").count() == 1


def test_a_flood_is_a_ticket() -> None:
    monitor = make_trading_signal()
    later = NOW + 5 * MINUTE
    trade(monitor, until=later, minutes=5, seed=9)
    judge_signal(monitor, at=later)
    rows = [Row(at=NOW + place * MINUTE, total=60, good=55, labels={"provider": "harbour"}) for place in range(5)]
    put_counts(monitor, rows, since=NOW, until=later)
    assert judge_signal(monitor, at=later) == "ticket"
    assert state_of(monitor)[0] == State.DEGRADED
    assert "a bot, or a wrong price" in monitor.reason


def test_the_first_two_weeks_are_unknown_and_say_how_far_it_is() -> None:
    monitor = make_trading_signal(days=12)
    assert judge_signal(monitor, at=NOW) == ""
    assert state_of(monitor) == (State.UNKNOWN, "learning: 12 of 42 days")


def test_figures_that_stay_away_are_unknown_never_green() -> None:
    monitor = make_trading_signal()
    judge_signal(monitor, at=NOW)
    late = NOW + timedelta(minutes=7)
    assert judge_signal(monitor, at=late) == ""
    assert state_of(monitor) == (State.UNKNOWN, "no figures since 24 Nov 12:00 UTC")


def test_a_source_that_fails_says_why() -> None:
    monitor = make_signal()
    Signal.objects.create(monitor=monitor, next_at=NOW, fault="the service answered HTTP 401: check the key or token")
    assert not mark_blind_signal(monitor, at=NOW)
    words = "the source cannot be read: the service answered HTTP 401: check the key or token"
    assert state_of(monitor) == (State.UNKNOWN, words)


def test_in_a_peak_so_many_orders_are_expected_and_a_ticket_pages() -> None:
    monitor = make_trading_signal(measures="volume")
    Peak.objects.create(
        slug="sale", name="Sale", starts_at=NOW - 30 * MINUTE, ends_at=NOW + timedelta(days=1), zone="UTC", factor=3
    )
    assert judge_signal(monitor, at=NOW + MINUTE) == "page"
    assert Signal.objects.get(monitor=monitor).verdict["now"]["expected"] == pytest.approx(5.4, rel=0.2)


def test_a_paused_signal_is_left_alone() -> None:
    monitor = make_trading_signal()
    Monitor.objects.filter(pk=monitor.pk).update(enabled=False)
    assert judge_signal(monitor, at=NOW) == ""
    assert state_of(monitor)[0] == State.UNKNOWN
