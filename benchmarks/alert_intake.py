"""Alerts at scale, on a whole installation (B5): from the delivery to the first webhook, and a burst of 20,000.

Ours: every alert is kept before its sender is answered. Each alert of the steady part is new; once a second one of
them opens an incident at a node of its own, and the clock runs from the start of its delivery to the webhook that tells
of it. Beside it Debian's prometheus-alertmanager (group_wait 0 s, every alert a group of its own, in memory).

Targets: 200 a second with a p50 under 30 ms and a p99 under 150 ms; the burst grouped within 30 s, at most 50 pages,
the intake under 300 MB.

Run: python benchmarks/alert_intake.py [--seconds 60] [--burst 20000]
Needs: apt-get install prometheus-alertmanager
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp
import psutil
from aiohttp import web

from tests.chaos.storm import address_of_integration, alert, describe_shop
from tests.running import Running, free_ports, running

A_SECOND = 200
NODES = 20  # of the burst
NAMES = 50


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def say(name: str, value: float, unit: str = "1") -> None:
    print(f"{name}: {value:.1f} {unit}", flush=True)


class Hook:
    """Receives webhooks; knows when each thing was first told."""

    def __init__(self) -> None:
        self.port = free_ports(1)
        self.first: dict[str, float] = {}
        self.count = 0

    async def __aenter__(self) -> Hook:
        self.runner = web.ServerRunner(web.Server(self.take, access_log=None))
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    async def take(self, request: web.BaseRequest) -> web.Response:
        at, body = time.perf_counter(), json.loads(await request.read())
        self.count += 1
        for one in body.get("alerts", []):
            self.first.setdefault(one["labels"]["instance"], at)
        if body.get("event") == "incident opened":
            self.first.setdefault(str(body["root_cause"]), at)
        return web.Response()


async def post(client: aiohttp.ClientSession, url: str, body: Any, took: list[float]) -> float:
    """One delivery; retried until it is taken. Returns when it began."""
    began = time.perf_counter()
    while True:
        async with client.post(url, json=body) as answer:
            await answer.read()
            if answer.status < 300:
                took.append((time.perf_counter() - began) * 1000)
                return began
        await asyncio.sleep(0.1)


async def steady(url: str, hook: Hook, *, seconds: int, whole: str) -> None:
    """200 a second; `whole` is "ours" (one watched a second) or "peer" (each is watched)."""
    took: list[float] = []
    starts: dict[str, float] = {}

    async def one(number: int) -> None:
        watched = number % A_SECOND == A_SECOND // 2
        node = NODES + number // A_SECOND if watched else 0
        body = alert("Steady", node=node, instance=f"s{number}")
        began = await post(client, url, body if whole == "ours" else body["alerts"], took)
        if whole != "ours":
            starts[f"s{number}"] = began
        elif watched:
            starts[f"node-{node}"] = began

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as client:
        began, tasks = time.perf_counter(), []
        for number in range(seconds * A_SECOND):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
            tasks.append(asyncio.create_task(one(number)))
        await asyncio.gather(*tasks)
        await asyncio.sleep(3)
    delays = [(hook.first[name] - began) * 1000 for name, began in starts.items() if name in hook.first]
    say(f"{whole}_steady_told_of", len(delays))
    say(f"{whole}_steady_not_told_of", len(starts) - len(delays))
    say(f"{whole}_steady_answer_p50", percentile(took, 0.5), "ms")
    say(f"{whole}_steady_answer_p99", percentile(took, 0.99), "ms")
    if delays:
        say(f"{whole}_steady_first_webhook_p50", percentile(delays, 0.5), "ms")
        say(f"{whole}_steady_first_webhook_p99", percentile(delays, 0.99), "ms")


async def burst(url: str, *, count: int, whole: str) -> float:
    """`count` deliveries as fast as 64 connections can; when it began."""
    numbers = iter(range(count))
    took: list[float] = []

    async def sender(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = alert(f"Burst{number // NODES % NAMES}", node=number % NODES, instance=f"b{number}")
            await post(client, url, body if whole == "ours" else body["alerts"], took)

    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as client:
        await asyncio.gather(*(sender(client) for _ in range(64)))
    spent = time.perf_counter() - began
    say(f"{whole}_burst_taken_in", spent, "s")
    say(f"{whole}_burst_rate", count / spent, "1/s")
    say(f"{whole}_burst_answer_p99", percentile(took, 0.99), "ms")
    return began


def memory_of(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def cpu_of(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def ours(*, seconds: int, count: int) -> None:
    async with Hook() as hook:
        with running(settings={"STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8"}) as stormproof:
            hook_url = f"http://127.0.0.1:{hook.port}/"
            await asyncio.to_thread(describe_shop, stormproof, nodes=NODES + seconds, hook=hook_url)
            await asyncio.to_thread(
                stormproof.run, "people", "invite", "alice@shop.example", "--role", "admin", "--name", "Alice"
            )
            url = await asyncio.to_thread(address_of_integration, stormproof)
            await steady(url, hook, seconds=seconds, whole="ours")
            await _burst_of_ours(stormproof, url, hook, count=count)


async def _burst_of_ours(stormproof: Running, url: str, hook: Hook, *, count: int) -> None:
    pages = "SELECT count(*) AS n FROM core_message"
    intake = stormproof.part("intake")
    assert intake is not None
    before, cpu, hooks = stormproof.rows(pages)[0]["n"], cpu_of(intake.pid), hook.count
    began = await burst(url, count=count, whole="ours")
    settled = (
        "SELECT (SELECT count(*) FROM respond_externalalert WHERE name LIKE 'Burst%%') AS alerts, "
        "(SELECT count(*) FROM respond_alertgroup WHERE name LIKE 'Burst%%' AND told_at IS NOT NULL) AS groups"
    )
    while True:
        found = (await asyncio.to_thread(stormproof.rows, settled))[0]
        if found["alerts"] == count and found["groups"] >= NODES * NAMES:
            break
        if time.perf_counter() - began > 120:
            break
        await asyncio.sleep(0.2)
    say("ours_burst_all_grouped_and_told", time.perf_counter() - began, "s")
    say("ours_burst_alerts", found["alerts"])
    say("ours_burst_groups_told", found["groups"])
    await asyncio.sleep(2)
    say("ours_burst_pages", stormproof.rows(pages)[0]["n"] - before)
    say("ours_burst_webhooks", hook.count - hooks)
    say("ours_intake_memory", memory_of(intake.pid), "MB")
    say("ours_intake_cpu_per_alert", (cpu_of(intake.pid) - cpu) * 1000 / count, "ms")


@contextlib.contextmanager
def alertmanager(hook: str) -> Iterator[tuple[int, int]]:
    """Debian's Alertmanager that tells of every alert at once; its port and process."""
    program = shutil.which("prometheus-alertmanager")
    assert program, "apt-get install prometheus-alertmanager"
    port = free_ports(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        route = {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": "5m"}
        receivers = [{"name": "hook", "webhook_configs": [{"url": hook, "max_alerts": 0}]}]
        (folder / "am.yml").write_text(json.dumps({"route": route, "receivers": receivers}))
        command = [
            *(program, f"--config.file={folder / 'am.yml'}", f"--storage.path={folder / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"),
        ]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                time.sleep(2)
                yield port, process.pid
            finally:
                process.terminate()


async def peer(*, seconds: int, count: int) -> None:
    async with Hook() as hook:
        with alertmanager(f"http://127.0.0.1:{hook.port}/") as (port, pid):
            url = f"http://127.0.0.1:{port}/api/v2/alerts"
            await steady(url, hook, seconds=seconds, whole="alertmanager")
            cpu, before = cpu_of(pid), hook.count
            began = await burst(url, count=count, whole="alertmanager")
            while hook.count - before < count and time.perf_counter() - began < 120:
                await asyncio.sleep(0.1)
            say("alertmanager_burst_told", time.perf_counter() - began, "s")
            say("alertmanager_burst_webhooks", hook.count - before)
            say("alertmanager_memory", memory_of(pid), "MB")
            say("alertmanager_cpu_per_alert", (cpu_of(pid) - cpu) * 1000 / count, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--burst", type=int, default=20_000)
    asked = parser.parse_args()
    asyncio.run(ours(seconds=asked.seconds, count=asked.burst))
    asyncio.run(peer(seconds=asked.seconds, count=asked.burst))


if __name__ == "__main__":
    main()
