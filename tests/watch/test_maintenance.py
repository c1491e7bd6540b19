"""Planned work: when it is, what it covers, what is told and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stormproof.business.models import Dependency, DependencyMember
from stormproof.core.actor import NOBODY, SYSTEM, NotAllowed
from stormproof.core.models import FactRecord
from stormproof.watch import selectors
from stormproof.watch.document import MaintenanceSection
from stormproof.watch.models import MaintenanceOccurrence, MaintenanceWindow, Monitor
from stormproof.watch.rules import (
    Sighting,
)
from stormproof.watch.services.maintenance import (
    CannotPlanMaintenance,
    call_off_window,
    change_window,
    describe_window,
    keep_maintenance,
    move_end_of_window,
    plan_ahead,
    plan_window,
    read_window,
)
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.upkeep import mark_unknown_monitors
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

T0 = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)  # has a partition


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


# --- planning -------------------------------------------------------------------------------------------------------


def plan(slug: str = "patching", moment: datetime = T0, **said: Any) -> MaintenanceWindow:
    settings = {"starts": at(0).isoformat(), "ends": at(600).isoformat(), **said}
    if said.get("at") or said.get("cron"):
        settings = said
    return plan_window(slug, read_window(settings), actor=SYSTEM, at=moment)


def look(monitor: Monitor, seconds: float, **about: Any) -> None:
    moment = at(seconds)
    seen = Sighting(monitor_id=monitor.pk, version=1, at=moment, since=moment, ok=True, confirmed=True)
    record_sightings([replace(seen, **about)], at=moment)
    monitor.refresh_from_db()


def fails(monitor: Monitor, seconds: float, *, since: float | None = None) -> None:
    look(monitor, seconds, ok=False, reason="refused", since=at(seconds if since is None else since))


def told(*names: str) -> list[str]:
    rows = FactRecord.objects.filter(name__in=names) if names else FactRecord.objects.filter(name__startswith="Monitor")
    return list(rows.order_by("id").values_list("name", flat=True))


db = pytest.mark.django_db


@db
def test_what_fails_within_tells_nothing_and_is_told_at_once_when_it_still_fails_at_the_end() -> None:
    monitor = make_monitor(state_since=at(-900))
    look(monitor, -60)
    plan(monitors=[monitor.slug])
    assert monitor.state == "up"
    keep_maintenance(at=at(1))
    look(monitor, 5)
    assert (monitor.state, monitor.state_since, monitor.reason) == ("maintenance", at(0), "patching")
    fails(monitor, 10)
    assert (monitor.state, monitor.seen_state, monitor.seen_reason) == ("maintenance", "down", "refused")
    assert told() == []
    keep_maintenance(at=at(601))
    monitor.refresh_from_db()
    assert (monitor.state, monitor.state_since, monitor.seen_state) == ("down", at(600), "")
    assert told() == ["MonitorWentDown"]
    assert FactRecord.objects.get(name="MonitorWentDown").payload["failed_since"] == at(600).isoformat()
    uptime = selectors.uptime_of(monitor, start=at(-60), end=at(660))
    assert (uptime.up_seconds, uptime.maintenance_seconds, uptime.down_seconds) == (60, 600, 60)


@db
def test_a_look_that_fails_before_the_clerk_has_noticed_the_start_tells_nothing_either() -> None:
    monitor = make_monitor(state_since=at(-900))
    look(monitor, -60)
    plan(monitors=[monitor.slug], moment=at(-50))
    fails(monitor, 0.3)
    assert (monitor.state, told()) == ("maintenance", [])


@db
def test_what_went_down_seconds_before_is_told_and_recovers_within() -> None:
    monitor = make_monitor(state_since=at(-900))
    look(monitor, -60)
    plan(monitors=[monitor.slug], moment=at(-50))
    fails(monitor, 1, since=-2)
    assert (monitor.state, told()) == ("down", ["MonitorWentDown"])
    keep_maintenance(at=at(2))
    monitor.refresh_from_db()
    assert monitor.state == "down"
    look(monitor, 30)
    assert (monitor.state, told()) == ("maintenance", ["MonitorWentDown", "MonitorRecovered"])
    fails(monitor, 60)
    assert told() == ["MonitorWentDown", "MonitorRecovered"]


@db
def test_a_monitor_nobody_looks_at_within_is_unknown_when_it_is_over() -> None:
    monitor = make_monitor(state_since=at(-900))
    look(monitor, -1)
    plan(monitors=[monitor.slug])
    assert mark_unknown_monitors(at=at(300)) == 0
    monitor.refresh_from_db()
    assert (monitor.state, monitor.seen_state) == ("maintenance", "unknown")
    keep_maintenance(at=at(600))
    monitor.refresh_from_db()
    assert (monitor.state, told()) == ("unknown", ["MonitorWentUnknown"])


@db
def test_what_a_window_covers() -> None:
    shop, db_node, web = make_node("shop"), make_node("db"), make_node("web")
    DependencyMember.objects.create(dependency=Dependency.objects.create(node=shop), on=db_node)
    on_shop, on_db = make_monitor("shop-page", node=shop), make_monitor("db-port", node=db_node)
    on_web, tagged = make_monitor("web-page", node=web), make_monitor("mail", tags=["mail"])
    covered = selectors.monitors_covered_by
    assert set(covered(plan("a", nodes=["db"]))) == {on_db}
    assert set(covered(plan("b", nodes=["db"], dependants=True))) == {on_db, on_shop}
    assert set(covered(plan("c", tags=["mail"], monitors=["web-page"]))) == {on_web, tagged}
    assert set(covered(plan("d", everything=True))) == {on_shop, on_db, on_web, tagged}


@db
def test_windows_that_overlap_are_one_and_each_can_end_early_or_be_extended() -> None:
    monitor = make_monitor(state_since=at(-900))
    look(monitor, -1)
    first = plan("first", monitors=[monitor.slug])
    plan("second", monitors=[monitor.slug], starts=at(500).isoformat(), ends=at(900).isoformat())
    monitor.refresh_from_db()
    assert (monitor.maintenance_from, monitor.maintenance_until) == (at(0), at(900))
    occurrence = selectors.occurrence_for(first, at=at(10))
    move_end_of_window(occurrence, until=at(10), actor=SYSTEM, at=at(10))
    monitor.refresh_from_db()
    assert (monitor.state, monitor.state_since, monitor.maintenance_from) == ("up", at(10), at(500))
    keep_maintenance(at=at(500))
    second = MaintenanceOccurrence.objects.get(window__slug="second")
    move_end_of_window(second, until=at(2000), actor=SYSTEM, at=at(899))
    keep_maintenance(at=at(1999))
    monitor.refresh_from_db()
    assert monitor.state == "maintenance"
    keep_maintenance(at=at(2000))
    monitor.refresh_from_db()
    assert monitor.state == "up"
    assert told("MaintenanceBegan", "MaintenanceEnded", "MaintenanceMoved") == [
        "MaintenanceBegan",
        "MaintenanceMoved",
        "MaintenanceEnded",
        "MaintenanceBegan",
        "MaintenanceMoved",
        "MaintenanceEnded",
    ]
    with pytest.raises(CannotPlanMaintenance, match="is over since"):
        move_end_of_window(second, until=at(3000), actor=SYSTEM, at=at(2001))


@db
def test_calling_off_ends_what_runs_and_a_change_moves_what_is_ahead() -> None:
    monitor = make_monitor(state="up", state_since=at(-900))
    window = plan("nightly", at="13:00", zone="UTC", lasts="1h", monitors=[monitor.slug])
    assert window.occurrences.count() == 35
    plan_ahead(at=at(86400))
    assert window.occurrences.count() == 36
    shape = read_window({"at": "12:00", "zone": "UTC", "lasts": "30m", "monitors": [monitor.slug]})
    assert change_window(window, shape, actor=SYSTEM, at=at(60)) is True
    assert change_window(window, shape, actor=SYSTEM, at=at(61)) is False
    monitor.refresh_from_db()
    assert (monitor.state, monitor.maintenance_until) == ("maintenance", at(1800))
    call_off_window(window, actor=SYSTEM, at=at(120))
    monitor.refresh_from_db()
    assert (monitor.state, monitor.maintenance_until) == ("up", None)
    assert selectors.windows_in_use().count() == 0


@db
def test_beginning_and_ending_again_changes_nothing_and_asks_the_same_few_queries(
    django_assert_num_queries: Any,
) -> None:
    monitors = [make_monitor(state="up", state_since=at(-900)) for _ in range(30)]
    plan(everything=True, moment=at(-60))
    keep_maintenance(at=at(1))
    with django_assert_num_queries(9):
        assert keep_maintenance(at=at(2)) == 0
    assert {Monitor.objects.get(pk=monitor.pk).state for monitor in monitors} == {"maintenance"}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"everything": True}, "say when in one way"),
        ({"starts": "2026-12-01 02:00", "everything": True}, "`ends` '' is no date and time"),
        ({"starts": "2026-12-01 02:00", "ends": "2026-12-01 01:00", "everything": True}, "is not after"),
        ({"starts": "tomorrow", "ends": "2026-12-01 01:00", "everything": True}, "'tomorrow' is no date and time"),
        ({"at": "25:00", "lasts": "1h", "everything": True}, "'25:00' is no time of day"),
        ({"at": "02:00", "everything": True}, "`lasts` is needed"),
        ({"at": "02:00", "lasts": "10", "everything": True}, "is not a duration"),
        ({"at": "02:00", "lasts": "1h", "cron": "0 2 * * *", "everything": True}, "say when in one way"),
        ({"cron": "0 2 * *", "lasts": "1h", "everything": True}, "is no cron line"),
        ({"cron": "0 2 30 2 *", "lasts": "1h", "everything": True}, "is no cron line"),
        ({"at": "02:00", "lasts": "1h", "zone": "Europe/Bonn", "everything": True}, "no time zone 'Europe/Bonn'"),
        ({"at": "02:00", "lasts": "1h"}, "say what it is about"),
        ({"at": "02:00", "lasts": "1h", "days": ["someday"], "everything": True}, "days.0"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CannotPlanMaintenance) as refused:
        read_window(said)
    assert complaint in refused.value.message


@db
@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"monitors": ["nothing"]}, "no monitor 'nothing'"),
        ({"nodes": ["nothing"]}, "nothing named 'nothing'"),
        ({"everything": True, "starts": "2020-01-01 01:00", "ends": "2020-01-01 02:00"}, "lies in the past"),
    ],
)
def test_a_plan_about_nothing_or_for_the_past_is_refused_and_nothing_is_kept(
    said: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(CannotPlanMaintenance, match=complaint):
        plan(**said)
    assert not MaintenanceWindow.objects.exists()
    with pytest.raises(NotAllowed):
        plan_window("x", read_window({"cron": "0 2 * * *", "lasts": "1h", "everything": True}), actor=NOBODY, at=T0)


@db
def test_the_section_reads_what_it_applied() -> None:
    section, monitor = MaintenanceSection(), make_monitor("home")
    said = {
        "patching": {"at": "02:30", "days": ["sunday"], "zone": "Europe/Berlin", "lasts": "2h", "monitors": ["home"]},
        "move": {"starts": "2086-12-05 22:00", "ends": "2086-12-05 23:00", "zone": "UTC", "everything": True},
    }
    section.apply({name: read_window(one) for name, one in said.items()}, actor=SYSTEM, at=T0)
    read = section.read()
    assert read is not None
    assert read["patching"] == said["patching"]
    section.apply({name: read_window(one) for name, one in read.items()}, actor=SYSTEM, at=at(1))
    assert section.read() == read
    assert told("MaintenanceReplanned") == []
    section.apply({"patching": read_window(said["patching"])}, actor=SYSTEM, at=at(2))
    assert [window.slug for window in selectors.windows_in_use()] == ["patching"]
    assert monitor.slug == describe_window(selectors.windows_in_use()[0])["monitors"][0]


# --- doors ----------------------------------------------------------------------------------------------------------


@db
@pytest.mark.parametrize(("name", "read", "write"), [("alice", 200, 302), ("bob", 200, 403), ("charlie", 404, 403)])
def test_who_may_see_and_plan(name: str, read: int, write: int) -> None:
    monitor = make_monitor("home")
    client = client_of(name)
    assert client.get("/maintenance/").status_code == read
    form = {"name": "Patching", "at": "02:00", "lasts": "1h", "monitors": [monitor.slug]}
    assert client.post("/maintenance/new/", form).status_code == write
    assert MaintenanceWindow.objects.count() == (1 if write == 302 else 0)


@db
def test_the_page_plans_changes_ends_and_calls_off() -> None:
    monitor = make_monitor("home", state="up")
    client, moment = client_of("alice"), datetime.now(UTC)
    form = {"starts": f"{moment - timedelta(minutes=1)}", "ends": f"{moment + timedelta(hours=1)}"}
    form |= {"name": "Move the database", "monitors": ["home"]}
    wrong = client.post("/maintenance/new/", {**form, "ends": "later"})
    assert (wrong.status_code, "is no date and time" in wrong.content.decode()) == (422, True)
    client.post("/maintenance/new/", form)
    monitor.refresh_from_db()
    assert monitor.state == "maintenance"
    page = client.get("/maintenance/").content.decode()
    assert "Running now: Move the database." in page
    assert "In maintenance since" in client.get("/monitors/home/").content.decode()
    client.post("/maintenance/move-the-database/end/", {"minutes": "30"})
    assert MaintenanceOccurrence.objects.get().ends_at > moment + timedelta(minutes=89)
    client.post("/maintenance/move-the-database/end/")
    monitor.refresh_from_db()
    assert monitor.state == "up"
    assert client.post("/maintenance/move-the-database/call-off/", {"confirm_name": "x"}).status_code == 200
    client.post("/maintenance/move-the-database/call-off/", {"confirm_name": "move-the-database"})
    assert "No planned work" in client.get("/maintenance/").content.decode()


@db
def test_the_api_plans_moves_and_calls_off() -> None:
    make_monitor("home")
    client = client_of("alice")

    def send(method: str, path: str, data: Any = None) -> Any:
        return client.generic(method, f"/api/v1{path}", data=json.dumps(data), content_type="application/json")

    settings = {"cron": "0 2 * * *", "lasts": "1h", "zone": "Europe/Berlin", "monitors": ["home"]}
    made = send("POST", "/maintenance", {"slug": "nightly", "settings": settings})
    assert (made.status_code, made.json()["settings"], len(made.json()["ahead"])) == (201, settings, 5)
    wrong = send("POST", "/maintenance", {"slug": "Not A Slug", "settings": settings})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "slug")
    ends = made.json()["ahead"][0]["ends_at"]
    moved = send("POST", "/maintenance/nightly/end", {"until": made.json()["ahead"][0]["starts_at"]})
    assert moved.json()["ahead"][0]["ends_at"] != ends
    assert send("PUT", "/maintenance/nightly", {"settings": {**settings, "lasts": "2h"}}).status_code == 200
    assert send("DELETE", "/maintenance/nightly").status_code == 204
    assert send("GET", "/maintenance/nightly").status_code == 404
    assert client_of("bob").delete("/api/v1/maintenance/nightly").status_code == 404
