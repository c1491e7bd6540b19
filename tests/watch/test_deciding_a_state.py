"""From what was seen to the state of a monitor and the fact told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stormproof.core.models import FactRecord
from stormproof.watch.models import Monitor, Observation, StateChange
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings
from tests.watch.make import make_monitor

pytestmark = pytest.mark.django_db
T0 = datetime.now(UTC).replace(microsecond=0)


def seen(monitor: Monitor, seconds: float, **about: Any) -> Sighting:
    at = T0 + timedelta(seconds=seconds)
    plain = Sighting(monitor_id=monitor.pk, version=monitor.version, at=at, since=at, ok=True, confirmed=False)
    return replace(plain, **about)


def look(*sightings: Sighting) -> int:
    return record_sightings(sightings, at=sightings[-1].at)


def facts() -> list[str]:
    return list(FactRecord.objects.filter(name__startswith="Monitor").order_by("id").values_list("name", flat=True))


def test_one_failure_is_kept_but_changes_nothing() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0, total_ms=12.5, phases=(1.0, None, 2.0, 3.0)))
    assert look(seen(monitor, 5, ok=False, reason="refused")) == 0
    monitor.refresh_from_db()
    assert (monitor.state, monitor.last_ok) == ("up", False)
    rows = list(Observation.objects.order_by("at").values_list("ok", "total_ms", "phases", "reason"))
    assert rows == [(True, 12.5, [1.0, None, 2.0, 3.0], ""), (False, None, None, "refused")]


def test_a_confirmed_failure_is_told_once_with_the_moment_it_began() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0))
    first = seen(monitor, 5, ok=False, reason="refused")
    second = seen(monitor, 6, since=first.at, ok=False, confirmed=True, reason="refused")
    assert look(first, second) == 1
    assert look(seen(monitor, 10, since=first.at, ok=False, confirmed=True, reason="still refused")) == 0
    monitor.refresh_from_db()
    assert (monitor.state, monitor.state_since, monitor.down_since) == ("down", first.at, first.at)
    fact = FactRecord.objects.get(name="MonitorWentDown")
    assert fact.payload == {
        "monitor_id": monitor.pk,
        "node_id": monitor.node_id,
        "reason": "refused",
        "failed_since": first.at.isoformat(),
    }
    assert fact.happened_at == second.at
    assert StateChange.objects.filter(monitor=monitor, to_state="down").count() == 1


def test_the_same_batch_twice_counts_once() -> None:
    monitor = make_monitor()
    batch = (seen(monitor, 0), seen(monitor, 5, ok=False, confirmed=True, reason="gone"))
    assert look(*batch) == 2
    assert look(*batch) == 0
    assert Observation.objects.count() == 2
    assert facts() == ["MonitorWentDown"]


def test_recovery_needs_a_second_success() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0, ok=False, confirmed=True, reason="gone"))
    assert look(seen(monitor, 5)) == 0
    assert look(seen(monitor, 6, since=T0 + timedelta(seconds=5), confirmed=True)) == 1
    monitor.refresh_from_db()
    assert (monitor.state, monitor.state_since, monitor.down_since) == ("up", T0 + timedelta(seconds=5), None)
    assert FactRecord.objects.get(name="MonitorRecovered").payload["down_since"] == T0.isoformat()


def test_slow_is_degraded_and_fast_again_is_up() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0), seen(monitor, 5, degraded=True, reason="slow: 3 s, promised within 2 s"))
    monitor.refresh_from_db()
    assert (monitor.state, monitor.reason) == ("degraded", "slow: 3 s, promised within 2 s")
    look(seen(monitor, 10))
    monitor.refresh_from_db()
    assert (monitor.state, monitor.reason) == ("up", "")
    assert facts() == ["MonitorDegraded"]


def test_a_target_that_may_not_be_looked_at_is_unknown_not_down() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0), seen(monitor, 5, ok=False, refused=True, confirmed=True, reason="a private address"))
    monitor.refresh_from_db()
    assert (monitor.state, monitor.reason) == ("unknown", "a private address")
    assert Observation.objects.count() == 1
    assert facts() == ["MonitorWentUnknown"]


def test_down_through_unknown_is_told_once_and_recovers_once() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0, ok=False, confirmed=True, reason="gone"))
    look(seen(monitor, 5, ok=False, refused=True, reason="not allowed"))
    look(seen(monitor, 10, ok=False, confirmed=True, reason="gone"))
    look(seen(monitor, 15, confirmed=True))
    assert facts() == ["MonitorWentDown", "MonitorWentUnknown", "MonitorRecovered"]


def test_what_was_seen_with_settings_of_yesterday_decides_nothing() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0))
    assert look(seen(monitor, 5, version=monitor.version - 1, ok=False, confirmed=True, reason="gone")) == 0
    assert Observation.objects.count() == 2


def test_a_late_delivery_does_not_undo_what_is_known_since() -> None:
    monitor = make_monitor()
    look(seen(monitor, 10))
    assert look(seen(monitor, 5, ok=False, confirmed=True, reason="gone")) == 0
    monitor.refresh_from_db()
    assert monitor.state == "up"


def test_a_paused_monitor_keeps_its_state() -> None:
    monitor = make_monitor()
    look(seen(monitor, 0))
    Monitor.objects.filter(pk=monitor.pk).update(enabled=False)
    assert look(seen(monitor, 5, ok=False, confirmed=True, reason="gone")) == 0
