"""Figures of an exercise against its promise: pure arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stormproof.rehearse.rules import (
    Acknowledged,
    Measured,
    Promise,
    Seen,
    gaps_of,
    is_recovered,
    lost_beyond,
    lost_of,
    times_of_exercise,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


WELL = Measured(detect_s=3.0, decide_s=0.5, human_s=0.0, machine_s=2.0, rto_s=6.0)
ALL_THERE = Seen(acknowledged=20, lost=0, lost_beyond_rpo=0, failed_requests=4)


def gaps(measured: Measured = WELL, seen: Seen = ALL_THERE, promise: Promise | None = None, **more: bool) -> list[str]:
    return gaps_of(measured, seen, promise or Promise(), **{"wants_incident": True, "counts": True, **more})


def test_each_stretch_is_measured_from_the_end_of_the_one_before() -> None:
    found = times_of_exercise(
        fault_at=NOON,
        opened_at=after(3.25),
        run_started_at=after(4),
        human_s=1.5,
        machine_s=2.25,
        recovered_at=after(8.5),
    )
    assert found == Measured(detect_s=3.25, decide_s=0.75, human_s=1.5, machine_s=2.25, rto_s=8.5)


def test_what_never_happened_has_no_time() -> None:
    found = times_of_exercise(
        fault_at=NOON, opened_at=None, run_started_at=None, human_s=None, machine_s=None, recovered_at=None
    )
    assert found == Measured(detect_s=None, decide_s=None, human_s=None, machine_s=None, rto_s=None)


def test_a_kept_promise_leaves_no_gap() -> None:
    assert gaps(promise=Promise(rto_s=6, within_s=6, rpo_s=0, most_failed_requests=4)) == []


def test_a_recovery_after_the_rto_is_a_gap() -> None:
    assert gaps(promise=Promise(rto_s=5, within_s=30)) == ["Recovered after 6.0 s; the RTO is 5 s"]


def test_no_incident_is_a_gap_only_where_one_is_expected() -> None:
    unseen = Measured(detect_s=None, decide_s=None, human_s=None, machine_s=None, rto_s=6.0)
    assert gaps(unseen) == ["Nothing was detected: no incident was opened"]
    assert gaps(unseen, wants_incident=False) == []


def test_a_shop_that_does_not_come_back_is_a_gap() -> None:
    never = Measured(detect_s=3.0, decide_s=None, human_s=None, machine_s=None, rto_s=None)
    assert gaps(never) == ["It did not recover in time: the exercise gave up and cleaned up"]


def test_one_lost_order_breaks_an_rpo_of_zero() -> None:
    seen = Seen(acknowledged=20, lost=1, lost_beyond_rpo=1, failed_requests=0)
    assert gaps(seen=seen, promise=Promise(rpo_s=0)) == ["1 acknowledged orders are lost beyond the RPO of 0 s"]
    assert gaps(seen=seen) == []


def test_an_exercise_without_an_order_proves_nothing() -> None:
    seen = Seen(acknowledged=0, lost=0, lost_beyond_rpo=0, failed_requests=0)
    assert len(gaps(seen=seen)) == 1
    assert gaps(seen=seen, counts=False) == []


def test_more_failed_requests_than_allowed_are_a_gap() -> None:
    assert gaps(promise=Promise(most_failed_requests=0)) == ["Customers saw 4 failed requests, allowed are 0"]


def test_lost_orders_are_those_acknowledged_and_not_stored() -> None:
    orders = [Acknowledged(number="7", at=1.0), Acknowledged(number="8"), Acknowledged(number="9", at=3.0)]
    assert [order.number for order in lost_of(orders, {"7", "11"})] == ["8", "9"]


def test_orders_within_the_rpo_before_the_fault_may_be_lost() -> None:
    lost = [Acknowledged(number="1", at=after(-90).timestamp()), Acknowledged(number="2", at=after(-10).timestamp())]
    assert lost_beyond(lost, fault_at=NOON, rpo_s=60) == 1
    assert lost_beyond(lost, fault_at=NOON, rpo_s=0) == 2
    assert lost_beyond([Acknowledged(number="3")], fault_at=NOON, rpo_s=60) == 1


def test_a_shop_that_never_looked_broken_has_not_recovered() -> None:
    assert not is_recovered(seen_broken=False, looks_well=True, run_is_over=None)
    assert not is_recovered(seen_broken=True, looks_well=False, run_is_over=True)
    assert is_recovered(seen_broken=True, looks_well=True, run_is_over=None)
    assert is_recovered(seen_broken=False, looks_well=True, run_is_over=True)
