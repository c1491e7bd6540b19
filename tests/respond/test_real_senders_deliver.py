"""Real senders deliver into a real intake: amtool, and Debian's Alertmanager with a stock configuration."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stormproof.core.clock import now
from stormproof.respond.models import ExternalAlert, Incident
from stormproof.worker.intake.alerts import Handler, alert_door
from stormproof.worker.intake.committer import connect
from stormproof.worker.intake.run import serve
from stormproof.worker.intake.server import Intake
from tests.respond.intake import firing, make_integration, webhook
from tests.respond.make import Shop
from tests.running import free_ports, wait_until

pytestmark = [pytest.mark.parts, pytest.mark.django_db(transaction=True)]


@dataclass(kw_only=True)
class Served:
    """A running intake over the test's database."""

    port: int

    def url(self, key: str) -> str:
        return f"http://127.0.0.1:{self.port}/in/{key}"


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def intake(shop: Shop) -> Iterator[Served]:
    port, handler, ready = free_ports(1), Handler(clock=now), threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        ready.set()
        await serve(Intake([alert_door(handler)], connect=connect, clock=now), host="127.0.0.1", port=port, stop=stop)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    handler.start()
    thread.start()
    ready.wait()
    try:
        wait_until(lambda: _answers(port), seconds=20, why="the intake listens")
        yield Served(port=port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        handler.stop()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing: apt-get install prometheus-alertmanager"
    return found


def test_amtool_adds_an_alert_to_the_intake_as_to_an_alertmanager(shop: Shop, intake: Served) -> None:
    _, key = make_integration(shop)
    command = [_program("amtool"), f"--alertmanager.url={intake.url(key)}", "alert", "add"]
    words = ["DiskFull", "service=checkout", "severity=critical", "--annotation=summary=0 % free"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    alert = wait_until(ExternalAlert.objects.select_related("node").first, seconds=10, why="the alert is handled")
    assert (alert.name, alert.node, alert.severity, alert.summary) == ("DiskFull", shop.checkout, 1, "0 % free")
    assert 4 * 60 < (alert.expires_at - alert.last_seen_at).total_seconds() <= 5 * 60
    wait_until(Incident.objects.first, seconds=10, why="the incident opens")


def test_a_stock_alertmanager_delivers_the_beginning_and_the_end(shop: Shop, intake: Served, tmp_path: Path) -> None:
    _, key = make_integration(shop)
    config = tmp_path / "alertmanager.yml"
    receiver = {"name": "stormproof", "webhook_configs": [{"url": intake.url(key), "send_resolved": True}]}
    route = {"receiver": "stormproof", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
    config.write_text(json.dumps({"route": route, "receivers": [receiver]}))
    port = free_ports(1)
    command = [
        *(_program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={tmp_path / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as alertmanager:
        try:
            ready = f"http://127.0.0.1:{port}/-/ready"
            wait_until(lambda: _is_ok(ready), seconds=30, why=f"Alertmanager\n{(tmp_path / 'log').read_text()}")
            amtool = [_program("amtool"), f"--alertmanager.url=http://127.0.0.1:{port}", "alert", "add"]
            subprocess.run([*amtool, "HighLatency", "node=orders-db", "severity=warning"], check=True, timeout=20)
            alert = wait_until(ExternalAlert.objects.select_related("node").first, seconds=20, why="it is delivered")
            assert (alert.name, alert.node, alert.severity, alert.state) == ("HighLatency", shop.database, 3, "open")
            ended = now().isoformat()
            subprocess.run(
                [*amtool, "HighLatency", "node=orders-db", "severity=warning", f"--end={ended}"], check=True, timeout=20
            )
            wait_until(lambda: ExternalAlert.objects.filter(state="closed").exists(), seconds=20, why="its end")
        finally:
            alertmanager.terminate()


def _is_ok(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def test_a_sender_that_was_told_yes_finds_its_alert_in_the_database(shop: Shop, intake: Served) -> None:
    _, key = make_integration(shop)
    request = urllib.request.Request(intake.url(key), data=webhook(firing(service="checkout")), method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert (answer.status, json.load(answer)) == (200, {"status": "kept"})
    wait_until(lambda: ExternalAlert.objects.filter(state="open").exists(), seconds=10, why="it is handled")
