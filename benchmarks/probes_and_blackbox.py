"""Our HTTP probe beside Prometheus' blackbox exporter (B1): probes a second and CPU of each, both sides in one run.

Equal work: a new connection each, status, a keyword on the page, the phases timed. Ours makes the sighting that is
delivered for storing; the exporter writes its metrics. Writing to PostgreSQL is in neither figure. The exporter is
driven over its /probe by kept connections, and the cost of driving it is not counted as its CPU.

Run: apt-get install -y prometheus-blackbox-exporter; python benchmarks/probes_and_blackbox.py [seconds a round]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.probes import GUARD, free_port, serve
from stormproof.engine.probe.http import HttpCheck, HttpProber
from stormproof.watch.choices import PHASES
from stormproof.watch.rules import Sighting

ROUNDS = 5
AT_ONCE = 20
CONFIG = """
modules:
  keyword:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      fail_if_body_not_matches_regexp: [Basket]
"""
Figures = tuple[float, float]  # probes a second, CPU milliseconds a probe


async def measure(look: Callable[[], Awaitable[None]], process: psutil.Process, seconds: float) -> Figures:
    """Look with some at once for `seconds`; rate, and CPU of `process`."""
    end, count = time.monotonic() + seconds, 0

    async def keep_looking() -> None:
        nonlocal count
        while time.monotonic() < end:
            await look()
            count += 1

    before, start = process.cpu_times(), time.monotonic()
    await asyncio.gather(*(keep_looking() for _ in range(AT_ONCE)))
    took, now = time.monotonic() - start, process.cpu_times()
    cpu = now.user + now.system - before.user - before.system
    return count / took, 1000 * cpu / count


class Driver:
    """Asks the exporter over kept connections with as little work as can be."""

    def __init__(self, port: int, target: str) -> None:
        self._port, self._idle = port, asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]()
        self._ask = f"GET /probe?module=keyword&target={target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()

    async def look(self) -> None:
        if self._idle.empty():
            self._idle.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))
        reader, writer = self._idle.get_nowait()
        writer.write(self._ask)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"content-length: " in head:
            body = await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
        else:
            body = await reader.readuntil(b"0\r\n\r\n")
        assert b"probe_success 1" in body, body[-500:]
        self._idle.put_nowait((reader, writer))


async def ready(look: Callable[[], Awaitable[None]]) -> None:
    for _ in range(200):
        try:
            return await look()
        except (OSError, AssertionError):
            await asyncio.sleep(0.05)
    raise SystemExit("it did not start")


async def run(page_port: int, peer_port: int, peer: psutil.Process, seconds: float) -> None:
    url = f"http://127.0.0.1:{page_port}/"
    prober, check = HttpProber(GUARD), HttpCheck(url=url, contains=["Basket"])
    stored: list[Sighting] = []

    async def ours() -> None:
        at = datetime.now(UTC)
        found = await prober.probe(check, deadline_s=5)
        assert found.ok, found.reason
        phases = tuple(found.phases.get(name) for name in PHASES)
        about = {"ok": found.ok, "confirmed": True, "total_ms": found.total_ms, "phases": phases}
        stored.append(Sighting(monitor_id=1, version=1, at=at, since=at, **about))

    driver = Driver(peer_port, url)
    await ready(ours)
    await ready(driver.look)
    mine, theirs = [], []
    for number in range(ROUNDS):
        sides = [(ours, psutil.Process(os.getpid()), mine), (driver.look, peer, theirs)]
        for look, process, figures in sides if number % 2 == 0 else reversed(sides):
            figures.append(await measure(look, process, seconds))
        stored.clear()
    await prober.close()
    report(mine, theirs)


def report(mine: list[Figures], theirs: list[Figures]) -> None:
    (rate, cpu), (peer_rate, peer_cpu) = (
        [statistics.median(column) for column in zip(*side, strict=True)] for side in (mine, theirs)
    )
    print(f"stormproof_probes: {rate:.0f} 1/s\nstormproof_cpu_per_probe: {cpu:.3f} ms")
    print(f"blackbox_probes: {peer_rate:.0f} 1/s\nblackbox_cpu_per_probe: {peer_cpu:.3f} ms")
    print(f"probes_ratio: {rate / peer_rate:.2f} x\ncpu_ratio: {cpu / peer_cpu:.2f} x")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    page_port, peer_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "blackbox.yml"
        config.write_text(CONFIG)
        pages = multiprocessing.get_context("spawn").Process(
            target=serve, args=([(page_port, False)], folder), daemon=True
        )
        pages.start()
        words = [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{peer_port}", "--log.level=error"]
        with subprocess.Popen(["prometheus-blackbox-exporter", *words], stderr=subprocess.DEVNULL) as exporter:
            try:
                uvloop.run(run(page_port, peer_port, psutil.Process(exporter.pid), seconds))
            finally:
                exporter.terminate()
                pages.terminate()
                pages.join()


if __name__ == "__main__":
    main()
