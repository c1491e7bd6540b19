"""Several places look at one monitor: what is decided, told and shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.respond.models import Alert
from stormproof.respond.services import open_alert
from stormproof.watch import selectors
from stormproof.watch.models import Location, Monitor, Place, Prober, StateChange
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.probers import CannotForgetLocation, Lease, forget_location, renew_lease
from stormproof.watch.services.upkeep import mark_unknown_monitors
from tests.watch.make import make_monitor
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db
T0 = datetime.now(UTC).replace(microsecond=0)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def seen(monitor: Monitor, location: str, seconds: float, ok: bool = True, **about: Any) -> Sighting:
    plain = Sighting(
        monitor_id=monitor.pk, version=monitor.version, at=at(seconds), since=at(seconds), ok=ok, confirmed=True,
        location=location, reason="" if ok else "answered 503",
    )  # fmt: skip
    return replace(plain, **about)


def look(*sightings: Sighting) -> None:
    record_sightings(sightings, at=max(sighting.at for sighting in sightings))


def told() -> list[str]:
    return list(FactRecord.objects.order_by("id").values_list("name", flat=True))


def standing(monitor: Monitor) -> tuple[str, str]:
    monitor.refresh_from_db()
    return monitor.state, monitor.reason


def test_two_of_three_places_make_it_down_and_one_is_partial() -> None:
    monitor = make_monitor()
    look(*(seen(monitor, name, 0) for name in ("berlin", "oslo", "paris")))
    look(seen(monitor, "berlin", 5, ok=False))
    assert standing(monitor) == ("degraded", "partial: fails from berlin, works from oslo, paris: answered 503")
    look(seen(monitor, "oslo", 6), seen(monitor, "paris", 7, ok=False))
    assert standing(monitor) == ("down", "answered 503 (seen from 2 of 3 places)")
    assert FactRecord.objects.get(name="MonitorWentDown").payload["failed_since"] == at(7).isoformat()
    look(seen(monitor, "berlin", 10))
    assert standing(monitor)[0] == "degraded"
    look(seen(monitor, "paris", 12))
    assert standing(monitor) == ("up", "")
    assert told() == ["MonitorDegraded", "MonitorWentDown", "MonitorRecovered"]
    changes = StateChange.objects.filter(monitor=monitor).order_by("id").values_list("to_state", "at")
    assert list(changes)[-2:] == [("degraded", at(10)), ("up", at(12))]


def test_a_place_that_says_nothing_any_more_is_left_out() -> None:
    monitor = make_monitor()
    look(seen(monitor, "berlin", 0), seen(monitor, "oslo", 0))
    look(seen(monitor, "berlin", 30, ok=False))
    assert standing(monitor)[0] == "degraded"
    look(seen(monitor, "berlin", 61, ok=False))
    assert standing(monitor)[0] == "down"


def test_a_place_that_may_not_look_has_no_vote() -> None:
    monitor = make_monitor()
    look(seen(monitor, "berlin", 0), seen(monitor, "oslo", 1, ok=False, refused=True, reason="a private address"))
    assert standing(monitor)[0] == "up"
    look(seen(monitor, "berlin", 5, ok=False))
    assert standing(monitor)[0] == "down"


def test_a_batch_costs_the_same_few_statements_however_many_places_and_monitors(
    django_assert_num_queries: Any,
) -> None:
    monitors = [make_monitor() for _ in range(20)]
    places = ("berlin", "oslo", "paris")
    look(*(seen(monitor, name, 0) for monitor in monitors for name in places))
    with django_assert_num_queries(8):
        look(*(seen(monitor, name, 5) for monitor in monitors for name in places))
    assert Place.objects.count() == 60


def test_a_blind_place_is_told_once_left_out_and_its_monitors_go_unknown() -> None:
    monitor = make_monitor(state="up", last_at=at(600), interval_seconds=5)
    renew_lease(Lease(instance="a", sight="green"), at=at(0))
    renew_lease(Lease(instance="b", sight="green"), at=at(0))
    assert renew_lease(Lease(instance="a", sight="blind"), at=at(1)).alive == ("b",)
    assert Location.objects.get().sight == "green"
    assert renew_lease(Lease(instance="b", sight="blind"), at=at(2)).alive == ("a", "b")
    renew_lease(Lease(instance="b", sight="blind"), at=at(3))
    look(seen(monitor, "here", 601, ok=False))
    assert standing(monitor)[0] == "up"
    assert mark_unknown_monitors(at=at(660)) == 1
    assert "here cannot see its own network" in standing(monitor)[1]
    assert renew_lease(Lease(instance="b", sight="green"), at=at(661)).alive == ("b",)
    assert told() == ["LocationWentBlind", "MonitorWentUnknown", "LocationSeesAgain"]


def test_probers_share_with_those_of_their_own_place_only() -> None:
    renew_lease(Lease(instance="a", location="berlin"), at=at(0))
    found = renew_lease(Lease(instance="b", location="oslo", sight="unproven"), at=at(0))
    assert (found.alive, found.is_proven) == (("b",), False)
    assert renew_lease(Lease(instance="b", location="oslo", sight="green"), at=at(1)).is_proven


def test_monitors_of_a_place() -> None:
    everywhere, only_oslo = make_monitor(), make_monitor(locations=["oslo"])
    assert list(selectors.monitors_to_look_at("oslo")) == [everywhere, only_oslo]
    assert list(selectors.monitors_to_look_at("berlin")) == [everywhere]


def test_a_place_with_a_living_prober_is_not_forgotten() -> None:
    monitor = make_monitor()
    renew_lease(Lease(instance="a", location="berlin"), at=at(0))
    look(seen(monitor, "berlin", 0))
    with pytest.raises(CannotForgetLocation):
        forget_location(Location.objects.get(), actor=SYSTEM)
    Prober.objects.all().delete()
    forget_location(Location.objects.get(), actor=SYSTEM)
    assert not Place.objects.exists()


def flap(monitor: Monitor, pattern: str, *, start: int = 0) -> None:
    for number, ok in enumerate(pattern):
        since = at(10 * (start + number))
        look(seen(monitor, "here", 10 * (start + number), ok=ok == "1", since=since, confirmed=True))


def test_flapping_is_told_once_and_nothing_else_until_it_is_steady() -> None:
    monitor = make_monitor()
    flap(monitor, "1" * 10 + "001100110011")
    state, reason = standing(monitor)
    assert (state, reason.startswith("flapping: ")) == ("degraded", True)
    before = told()
    assert before.count("MonitorStartedFlapping") == 1
    flap(monitor, "001111", start=22)
    assert told() == before
    flap(monitor, "1" * 15, start=28)
    assert standing(monitor)[0] == "up"
    assert told()[len(before) :] == ["MonitorStoppedFlapping"] or told()[-1] == "MonitorRecovered"
    assert told().count("MonitorWentDown") == told().count("MonitorRecovered")


def test_an_alert_stays_open_while_its_monitor_flaps() -> None:
    monitor = make_monitor()
    flap(monitor, "1" * 10 + "010101")
    assert standing(monitor)[0] == "degraded"
    monitor.refresh_from_db()
    assert monitor.down_since is not None
    fact = FactRecord.objects.filter(name="MonitorWentDown").latest("id")
    open_alert(
        monitor_id=monitor.pk, node_id=monitor.node_id, reason="x", failed_since=fact.happened_at, at=fact.happened_at
    )
    assert Alert.objects.get().closed_at is None


def test_what_flaps_and_mostly_fails_is_told_down() -> None:
    monitor = make_monitor()
    flap(monitor, "1" * 10 + "011011" + "001001001001001001001")
    state, reason = standing(monitor)
    assert (state, "of the last 21 looks failed" in reason) == ("down", True)
    told_down = told().count("MonitorWentDown")
    flap(monitor, "001001", start=37)
    assert told().count("MonitorWentDown") == told_down


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_the_page_and_the_api_say_from_where_it_is_seen(name: str, status: int) -> None:
    monitor = make_monitor("home")
    moment = datetime.now(UTC)
    for place in ("berlin", "oslo", "paris"):
        renew_lease(Lease(instance=place, location=place, sight="green"), at=moment)
        ok = place == "paris"
        record_sightings([replace(seen(monitor, place, 0, ok=ok), at=moment, since=moment)], at=moment)
    Prober.objects.update(lease_until=moment + timedelta(hours=1))
    client = client_of(name)
    page = client.get("/monitors/home/")
    assert page.status_code == client.get("/api/v1/monitors/home").status_code == status
    if status == 200:
        assert "Seen from 3 of 3 places" in page.content.decode()
        said = client.get("/api/v1/monitors/home").json()["seen_from"]
        assert [(one["location"], one["says"]) for one in said] == [
            ("berlin", "down"),
            ("oslo", "down"),
            ("paris", "up"),
        ]
        assert [one["name"] for one in client.get("/api/v1/locations").json()["items"]] == ["berlin", "oslo", "paris"]
        assert len(client.get("/api/v1/probers").json()["items"]) == 3
