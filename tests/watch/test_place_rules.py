"""What several places say together: quorum, partial, flapping; exact values and properties."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.watch.rules import (
    PlaceView,
    Sighting,
    change_percent,
    fresh_for,
    fresh_places,
    is_flapping,
    judge_places,
    quorum_of,
    take_in,
)

T0 = datetime(2026, 11, 24, 12, tzinfo=UTC)
Looks = list[tuple[str, int, str]]  # place, seconds, what: "ok", "bad", "refused"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def view(location: str, state: str, seconds: float = 0, **about: object) -> PlaceView:
    plain = {"version": 1, "since": at(seconds), "reason": "", "last_at": at(seconds), "last_ok": state != "down"}
    return PlaceView(location=location, state=state, **{**plain, **about})


def places_after(looks: Looks) -> dict[str, PlaceView]:
    """Each place confirms with its own second look, as its prober does."""
    found: dict[str, PlaceView] = {}
    runs: dict[str, tuple[str, int]] = {}
    for location, seconds, what in looks:
        before, count = runs.get(location, ("", 0))
        runs[location] = (what, count + 1 if before == what else 1)
        seen = Sighting(
            monitor_id=1, version=1, at=at(seconds), since=at(seconds), ok=what == "ok", refused=what == "refused",
            confirmed=runs[location][1] > 1, location=location, reason="" if what == "ok" else what,
        )  # fmt: skip
        found[location] = take_in(found.get(location), seen, otherwise="unknown")
    return found


def state_after(looks: Looks) -> str:
    judged = judge_places(places_after(looks).values(), version=1, interval_seconds=10)
    return (
        "unknown"
        if judged is None
        else "degraded"
        if judged.flapping and not judged.is_mostly_down
        else judged.seen.state
    )


@pytest.mark.parametrize(("places", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_quorum_is_more_than_half(places: int, quorum: int) -> None:
    assert quorum_of(places) == quorum


@pytest.mark.parametrize(
    ("states", "together"),
    [
        (["up"], "up"),
        (["down"], "down"),
        (["unknown"], "unknown"),
        (["down", "up"], "degraded"),
        (["down", "down"], "down"),
        (["down", "up", "up"], "degraded"),
        (["down", "down", "up"], "down"),
        (["down", "unknown"], "down"),
        (["degraded", "up"], "up"),
        (["degraded", "degraded", "up"], "degraded"),
        (["up", "unknown"], "up"),
    ],
)
def test_what_places_say_together(states: list[str], together: str) -> None:
    places = [view(f"place-{number}", state) for number, state in enumerate(states)]
    judged = judge_places(places, version=1, interval_seconds=10)
    assert judged is not None
    assert judged.seen.state == together


def test_the_reason_names_the_places() -> None:
    places = [
        view("berlin", "down", 10, reason="answered 503"),
        view("oslo", "up", 5),
        view("paris", "down", 20, reason="refused"),
    ]
    judged = judge_places(places, version=1, interval_seconds=10)
    assert judged is not None
    assert (judged.seen.reason, judged.seen.since) == ("answered 503 (seen from 2 of 3 places)", at(20))
    partial = judge_places(places[:2], version=1, interval_seconds=10)
    assert partial is not None
    assert partial.seen.reason == "partial: fails from berlin, works from oslo: answered 503"


def test_what_is_old_blind_or_of_other_settings_does_not_count() -> None:
    places = [
        view("berlin", "down", 100),
        view("oslo", "up", 39),
        view("paris", "up", 99, version=2),
        view("rome", "up", 98),
    ]
    assert fresh_for(10) == timedelta(seconds=60)
    assert fresh_for(45) == timedelta(seconds=90)
    fresh = fresh_places(places, version=1, interval_seconds=10, blind={"rome"})
    assert [place.location for place in fresh] == ["berlin"]
    assert judge_places(places, version=3, interval_seconds=10) is None


looks = st.lists(
    st.tuples(st.sampled_from(["berlin", "oslo", "paris"]), st.sampled_from(["ok", "bad", "refused"])), max_size=60
).map(lambda found: [(location, 2 * number, what) for number, (location, what) in enumerate(found)])


@given(looks)
def test_nothing_is_green_while_every_fresh_place_fails(found: Looks) -> None:
    places = places_after(found)
    fresh = fresh_places(places.values(), version=1, interval_seconds=10)
    if fresh and all(place.state == "down" for place in fresh):
        assert state_after(found) in ("down", "degraded")
    if fresh and all(place.state == "unknown" for place in fresh):
        assert state_after(found) == "unknown"


@given(looks, st.randoms())
def test_the_order_in_which_places_report_makes_no_difference(found: Looks, luck: object) -> None:
    by_place = [[look for look in found if look[0] == name] for name in ("berlin", "oslo", "paris")]
    mixed: Looks = []
    while any(by_place):
        mixed.append(luck.choice([queue for queue in by_place if queue]).pop(0))  # type: ignore[attr-defined]
    assert places_after(mixed) == places_after(found)
    assert state_after(mixed) == state_after(found)


@given(looks)
def test_a_report_that_comes_twice_counts_once(found: Looks) -> None:
    places = places_after(found)
    for location, seconds, what in found:
        again = Sighting(
            monitor_id=1, version=1, at=at(seconds), since=at(seconds), ok=what == "ok", refused=what == "refused",
            confirmed=True, location=location,
        )  # fmt: skip
        assert take_in(places[location], again, otherwise="unknown") is places[location]


def test_changes_weigh_more_the_newer_they_are() -> None:
    assert change_percent("1" * 21) == 0
    assert change_percent("10" * 10 + "1") == pytest.approx(100)
    assert change_percent("0" + "1" * 20) == pytest.approx(3.75)
    assert change_percent("1" * 20 + "0") == pytest.approx(6.25)
    assert change_percent("10") == pytest.approx(6.25)


@given(st.text("01", min_size=21, max_size=21))
def test_flapping_begins_at_thirty_and_ends_at_twenty_per_cent(recent: str) -> None:
    percent = change_percent(recent)
    assert is_flapping(recent, before=False) is (percent >= 30)
    assert is_flapping(recent, before=True) is (percent > 20)


def test_one_outage_is_no_flapping_and_a_target_that_comes_and_goes_is() -> None:
    once = [("here", 10 * number, what) for number, what in enumerate(["ok"] * 10 + ["bad"] * 5 + ["ok"] * 10)]
    assert not places_after(once)["here"].is_flapping
    pattern = itertools.islice(itertools.cycle(["ok", "ok", "bad", "bad"]), 25)
    assert state_after([("here", 10 * number, what) for number, what in enumerate(pattern)]) == "degraded"


def test_what_flaps_and_fails_more_often_than_not_is_down() -> None:
    pattern = itertools.islice(itertools.cycle(["ok", "bad", "bad"]), 24)
    found = places_after([("here", 10 * number, what) for number, what in enumerate(pattern)])
    judged = judge_places(found.values(), version=1, interval_seconds=10)
    assert judged is not None
    assert (judged.seen.state, judged.is_mostly_down) == ("down", True)
    assert "14 of the last 21 looks failed" in judged.seen.reason
