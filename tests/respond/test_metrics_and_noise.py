"""How incidents went in figures, and which monitors make noise."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.respond import selectors, services
from stormproof.respond.rules import advice_for, group_of, grouped, is_night, percentile
from stormproof.watch.models import Monitor
from tests.respond.make import NOON, Shop, actor_of, come_back, go_down, make_monitor, make_user, minutes, seconds
from tests.respond.test_incident_pages import client_of, queries_of
from tests.respond.test_incidents_by_api_and_command import call

DAY = timedelta(days=1)


@given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=60), share=st.floats(0, 1))
def test_a_percentile_is_what_numpy_says(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-6)


def test_of_nothing_there_is_no_median() -> None:
    group = group_of("all", [])
    assert (group.count, group.detect.median_s, group.resolve.p90_s) == (0, None, None)


@pytest.mark.parametrize(
    ("figures", "advice"),
    [((4, 4, 4), ""), ((10, 10, 6), "settle"), ((10, 8, 2), "silence"), ((10, 3, 1), "fix")],
)
def test_the_advice_follows_from_what_happened(figures: tuple[int, int, int], advice: str) -> None:
    alerts, ignored, short = figures
    assert advice_for(alerts=alerts, ignored=ignored, short=short) == advice


def test_night_is_from_ten_to_seven() -> None:
    assert [is_night(time(hour)) for hour in (21, 22, 3, 6, 7)] == [False, True, True, True, False]


def outage(monitor: Monitor, *, at: datetime, lasts: timedelta, shop: Shop | None = None) -> None:
    """The monitor goes down and comes back; with `shop` Alice acknowledges a minute after she was paged."""
    incident = go_down(monitor, at=at)
    assert incident is not None
    if shop is not None:
        services.acknowledge_incident(incident, actor=actor_of(shop.alice), at=at + minutes(1))
    Monitor.objects.filter(pk=monitor.pk).update(state="up", state_since=at)
    come_back(monitor, at=at + lasts)
    services.resolve_what_has_settled(at=at + lasts + seconds(10))


@pytest.mark.django_db
def test_the_measures_of_real_incidents_leave_out_drills_and_duplicates() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    for place in range(3):
        outage(monitor, at=NOON + place * DAY, lasts=minutes(10 * (place + 1)), shop=shop)
    alice = actor_of(shop.alice)
    services.declare_incident(title="Drill", is_drill=True, actor=alice, at=NOON)
    twin = services.declare_incident(title="The same", actor=alice, at=NOON)
    first = selectors.incidents_for(alice).order_by("number").first()
    assert first is not None
    services.link_incidents(twin, other=first, kind="duplicate_of", actor=alice, at=NOON)
    rows = selectors.measured_incidents(alice, since=NOON - DAY, until=NOON + 9 * DAY)
    assert [round(row.revenue) for row in rows] == [101, 201, 301]  # 10 EUR a minute, from the first failed look
    [group] = grouped(rows, by="severity")
    assert (group.name, group.count) == ("1", 3)
    assert (group.detect.median_s, group.acknowledge.median_s, group.mitigate.median_s) == (6, 60, 1206)
    assert group.resolve.p90_s == pytest.approx(1216 + 0.8 * 600)
    assert [one.name for one in grouped(rows, by="function")] == ["checkout", "search"]
    assert [(one.name, one.count) for one in grouped(rows, by="month")] == [("2026-03", 3)]
    assert [one.name for one in grouped(rows, by="team")] == ["platform"]


@pytest.mark.django_db
def test_the_noise_report_names_who_nobody_acts_on_and_whom_it_wakes() -> None:
    shop = Shop()
    shop.alice.time_zone = "Asia/Tokyo"
    shop.alice.save()
    noisy, honest = make_monitor(shop.wifi, slug="wifi"), make_monitor(shop.database, slug="db")
    shop.wifi.team = shop.platform
    shop.wifi.save()
    for place in range(5):
        outage(noisy, at=NOON + place * DAY + minutes(80), lasts=minutes(9))  # 22:20 in Tokyo
        outage(honest, at=NOON + place * DAY, lasts=minutes(2 if place < 1 else 20), shop=shop)  # 21:00 there
    rows = selectors.noise_report(actor_of(shop.alice), since=NOON - DAY, until=NOON + 9 * DAY)
    told = [(one.slug, one.alerts, one.ignored, one.short, one.night_pages, one.advice) for one in rows]
    assert told == [("wifi", 5, 5, 0, 5, "silence"), ("db", 5, 0, 1, 0, "fix")]


@pytest.mark.django_db
def test_the_pages_and_the_api_show_them_to_those_who_may_read() -> None:
    shop = Shop()
    now = datetime.now(UTC)
    outage(make_monitor(shop.database, slug="db"), at=now - minutes(60), lasts=minutes(10), shop=shop)
    client = client_of(shop.alice)
    for by in ("severity", "function", "team", "month"):
        page = client.get(f"/incidents/metrics/?by={by}&days=30").content.decode()
        assert "10 min" in page, by
    assert client.get("/incidents/metrics/?days=x&by=nothing").status_code == 200
    rows = client.get("/incidents/metrics/?format=csv&rows=1").content.decode().splitlines()
    assert rows[1].split(",")[5:9] == ["6.0", "60.0", "606.0", "616.0"]
    assert (
        client.get("/incidents/metrics/?format=csv").content.decode().splitlines()[1].startswith("1,1,6.0,6.0,1,60.0")
    )
    assert "too few to say" in client.get("/incidents/noise/").content.decode()
    assert client_of(shop.charlie).get("/incidents/metrics/").status_code == 404
    assert call(shop.alice, "GET", "/incident-metrics?by=team").json()[0]["name"] == "platform"
    assert call(shop.alice, "GET", "/incident-metrics?by=cook").status_code == 422
    assert call(shop.alice, "GET", "/noise").json()[0]["slug"] == "db"
    assert call(shop.charlie, "GET", "/noise").status_code == 403


@pytest.mark.django_db
def test_the_figures_take_the_same_queries_however_many_incidents_there_are() -> None:
    shop = Shop()
    now = datetime.now(UTC)
    monitor = make_monitor(shop.wifi)
    client = client_of(make_user("Olga", roles=("auditor",)))

    def outages(count: int, first: int) -> tuple[int, int]:
        for place in range(first, first + count):
            outage(monitor, at=now - timedelta(hours=60 - place), lasts=minutes(3))
        return queries_of(client, "/incidents/metrics/"), queries_of(client, "/incidents/noise/")

    outages(1, 0)
    assert outages(1, 1) == outages(5, 2)
