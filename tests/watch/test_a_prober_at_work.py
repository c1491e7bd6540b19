"""The real prober process against a real web server and a real database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from stormproof.core.models import FactRecord
from stormproof.watch.models import Monitor, Observation, Prober
from stormproof.watch.services.monitors import CHANGED_CHANNEL
from tests.watch.make import make_monitor

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]


class Site:
    """A page that can be broken and mended."""

    def __init__(self) -> None:
        self.status = 200
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(site.status)
                self.end_headers()
                self.wfile.write(b"Basket")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def start_prober() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    database = settings.DATABASES["default"]
    address = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    environment = {**os.environ, "DATABASE_URL": address, "STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8"}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "stormproof", "prober"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object], seconds: float = 15) -> float:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "waited too long"
        time.sleep(0.05)
    return time.monotonic() - start


def page_monitor(site: Site, **about: object) -> Monitor:
    config = {"url": site.url, "expect": {"contains": "Basket"}}
    return make_monitor(config=config, **{"interval_seconds": 1, **about})


def state_of(monitor: Monitor) -> str:
    monitor.refresh_from_db()
    return monitor.state


def test_a_page_that_breaks_is_told_within_an_interval_and_the_confirmation(site: Site, start_prober) -> None:
    monitor = page_monitor(site, interval_seconds=2)
    start_prober()
    wait_for(lambda: state_of(monitor) == "up")
    site.status = 503
    took = wait_for(lambda: state_of(monitor) == "down")
    assert took < 2 + 1.5
    assert monitor.reason == "answered 503, expected 200-299"
    site.status = 200
    assert wait_for(lambda: state_of(monitor) == "up") < 2 + 1.5
    names = list(FactRecord.objects.filter(name__startswith="Monitor").order_by("id").values_list("name", flat=True))
    assert names == ["MonitorWentDown", "MonitorRecovered"]


def test_a_new_monitor_is_looked_at_at_once(site: Site, start_prober) -> None:
    start_prober()
    wait_for(Prober.objects.exists)
    monitor = page_monitor(site, interval_seconds=3600)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANGED_CHANNEL])
    assert wait_for(lambda: state_of(monitor) == "up") < 3


def test_a_killed_prober_is_replaced_within_ten_seconds_and_nothing_is_told_twice(site: Site, start_prober) -> None:
    monitors = [page_monitor(site) for _ in range(20)]
    first, _second = start_prober(), start_prober()
    wait_for(lambda: Monitor.objects.filter(state="up").count() == 20)
    wait_for(
        lambda: sorted(Prober.objects.values_list("monitors", flat=True)) != [0, 20] and Prober.objects.count() == 2
    )
    first.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    site.status = 500
    wait_for(lambda: Monitor.objects.filter(state="down").count() == 20)
    assert time.monotonic() - killed < 12
    told = list(FactRecord.objects.filter(name="MonitorWentDown").values_list("payload__monitor_id", flat=True))
    assert sorted(told) == sorted(monitor.pk for monitor in monitors)


def test_a_prober_that_is_asked_to_stop_delivers_what_it_saw_and_leaves(site: Site, start_prober) -> None:
    page_monitor(site)
    process = start_prober()
    wait_for(lambda: Observation.objects.count() >= 2 and Prober.objects.exists())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert not Prober.objects.exists()


def test_a_target_not_allowed_is_unknown_and_never_connected_to(site: Site, start_prober) -> None:
    monitor = make_monitor(config={"url": "http://169.254.169.254/latest/"}, interval_seconds=1)
    start_prober()
    wait_for(lambda: Monitor.objects.filter(pk=monitor.pk, last_at__isnull=False).exists())
    assert state_of(monitor) == "unknown"
    assert Observation.objects.count() == 0
