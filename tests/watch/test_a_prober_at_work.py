"""The real prober process against a real web server and a real database."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from stormproof.core.models import FactRecord
from stormproof.watch.models import Monitor, Observation, Prober, StateChange
from stormproof.watch.services.monitors import CHANGED_CHANNEL
from tests.watch import probing
from tests.watch.make import make_monitor
from tests.watch.probing import Site, page_monitor, state_of, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def start_prober() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(probing.start_prober())
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_page_that_breaks_is_told_within_an_interval_and_the_confirmation(site: Site, start_prober: Start) -> None:
    monitor = page_monitor(site, interval_seconds=2)
    start_prober()
    wait_for(lambda: state_of(monitor) == "up")
    site.status = 503
    took = wait_for(lambda: state_of(monitor) == "down")
    assert took < 15
    assert monitor.reason == "answered 503, expected 200-299"
    site.status = 200
    wait_for(lambda: state_of(monitor) == "up")
    names = list(FactRecord.objects.filter(name__startswith="Monitor").order_by("id").values_list("name", flat=True))
    assert names == ["MonitorWentDown", "MonitorRecovered"]


def test_a_new_monitor_is_looked_at_at_once(site: Site, start_prober: Start) -> None:
    start_prober()
    wait_for(Prober.objects.exists)
    monitor = page_monitor(site, interval_seconds=3600)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANGED_CHANNEL])
    assert wait_for(lambda: state_of(monitor) == "up") < 30


def test_a_killed_prober_is_replaced_within_ten_seconds_and_nothing_is_told_twice(
    site: Site, start_prober: Start
) -> None:
    monitors = [page_monitor(site) for _ in range(8)]
    first, _second = start_prober(), start_prober()
    wait_for(lambda: Monitor.objects.filter(state="up").count() == 8)
    wait_for(
        lambda: sorted(Prober.objects.values_list("monitors", flat=True)) != [0, 8] and Prober.objects.count() == 2
    )
    first.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    site.status = 500
    wait_for(lambda: Monitor.objects.filter(state="down").count() == 8)
    assert time.monotonic() - killed < 40
    told = list(FactRecord.objects.filter(name="MonitorWentDown").values_list("payload__monitor_id", flat=True))
    assert sorted(told) == sorted(monitor.pk for monitor in monitors)


def test_a_prober_that_is_asked_to_stop_delivers_what_it_saw_and_leaves(site: Site, start_prober: Start) -> None:
    page_monitor(site)
    process = start_prober()
    wait_for(lambda: Observation.objects.count() >= 2 and Prober.objects.exists())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert not Prober.objects.exists()


def test_a_target_not_allowed_is_unknown_and_never_connected_to(site: Site, start_prober: Start) -> None:
    monitor = make_monitor(config={"url": "http://169.254.169.254/latest/"}, interval_seconds=1)
    start_prober()
    wait_for(lambda: Monitor.objects.filter(pk=monitor.pk, last_at__isnull=False).exists())
    assert state_of(monitor) == "unknown"
    assert Observation.objects.count() == 0


def told_of(monitor: Monitor) -> list[str]:
    rows = FactRecord.objects.filter(payload__monitor_id=monitor.pk, name__in=["MonitorWentDown", "MonitorRecovered"])
    return list(rows.order_by("id").values_list("name", flat=True))


def test_a_prober_killed_in_the_middle_of_its_work_loses_no_transition_and_tells_none_twice(
    site: Site, start_prober: Start
) -> None:
    monitors = [page_monitor(site) for _ in range(8)]
    luck = random.Random(7)
    process = start_prober()
    wait_for(lambda: Monitor.objects.filter(state="up").count() == 8)
    for status in (500, 200, 500):
        site.status = status
        time.sleep(luck.uniform(0.8, 2.2))  # somewhere in the middle of looks, confirmations and batches
        process.kill()
        process.wait()
        process = start_prober()
        wanted = "down" if status == 500 else "up"
        wait_for(lambda wanted=wanted: Monitor.objects.filter(state=wanted).count() == 8)
    for monitor in monitors:
        assert told_of(monitor) == ["MonitorWentDown", "MonitorRecovered", "MonitorWentDown"]
        states = list(StateChange.objects.filter(monitor=monitor).order_by("id").values_list("to_state", flat=True))
        assert states == ["up", "down", "up", "down"]


def test_a_database_that_is_away_is_waited_for_and_nothing_seen_meanwhile_is_lost(
    site: Site, start_prober: Start
) -> None:
    monitor = page_monitor(site)
    start_prober()
    wait_for(lambda: state_of(monitor) == "up")
    name = connection.settings_dict["NAME"]
    known = settings.DATABASES["default"]
    connections.close_all()
    with psycopg.connect(f"postgresql://{known['USER']}@/postgres?host={known['HOST']}", autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            time.sleep(1)
            site.status = 500
            time.sleep(6)
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    wait_for(lambda: state_of(monitor) == "down")
    change = StateChange.objects.get(monitor=monitor, to_state="down")
    assert change.decided_at - change.at > timedelta(seconds=3)  # known late, but true since it happened
    moments = list(Observation.objects.order_by("at").values_list("at", flat=True))
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(moments)]
    assert max(gaps) < 6  # it was away for seven


def test_two_probers_that_look_at_the_same_monitors_tell_each_transition_once(site: Site) -> None:
    """Two that do not yet know of each other share no work, so both look at everything."""
    monitors = [page_monitor(site) for _ in range(10)]
    first, second = probing.start_prober(), probing.start_prober()
    try:
        wait_for(lambda: Monitor.objects.filter(state="up").count() == 10)
        site.status = 500
        wait_for(lambda: Monitor.objects.filter(state="down").count() == 10)
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    assert [told_of(monitor) for monitor in monitors] == [["MonitorWentDown"]] * 10
