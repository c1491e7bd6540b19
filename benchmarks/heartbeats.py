"""How many pings a second are taken in and committed before they are answered (B4), and what Alerta's /heartbeat does.

Run: python benchmarks/heartbeats.py [seconds] [--peer /path/to/venv]
The peer: python3 -m venv /tmp/alerta
          /tmp/alerta/bin/pip install alerta-server psycopg2-binary gunicorn 'setuptools<81'

One embedded PostgreSQL serves both, each in a database of its own. Ours: `stormproof intake`, one process. The peer:
gunicorn with 4 workers of 16 threads. The client keeps 64 connections, each asking again as soon as it was answered;
5,000 heartbeats in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import aiohttp
import psycopg
import uvloop

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
CONNECTIONS, HEARTBEATS, WARM_S = 64, 5000, 2.0


def set_up_ours() -> list[str]:
    """Tables and heartbeats; the addresses to ping."""
    import django
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = "stormproof.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    from stormproof.core.clock import now
    from stormproof.watch.models import Monitor
    from stormproof.watch.services.upkeep import make_partitions
    from tests.watch.make import make_node

    node = make_node("jobs")
    make_partitions(at=now())
    known = {"node": node, "kind": "heartbeat", "config": {"period": "1h"}, "interval_seconds": 3600}
    seen = {"state": "up", "state_since": now(), "last_at": now(), "last_ok": True}  # a ping that changes nothing
    rows = [Monitor(slug=f"job-{each}", name=f"job-{each}", **known, **seen) for each in range(HEARTBEATS)]
    Monitor.objects.bulk_create(rows)
    return [f"/ping/{row.ping_key}" for row in rows]


def pings_kept(address: str) -> int:
    with psycopg.connect(address) as link:
        return int(link.execute("SELECT count(*) FROM watch_ping").fetchone()[0])


async def load(
    base: str, paths: list[str], bodies: list[dict[str, object]] | None, seconds: float
) -> tuple[float, list[float], int]:
    """Ask from 64 connections for `seconds`: answers a second, their times in ms, and how many were not 2xx."""
    turn, times, wrong = count(), [], 0
    start = time.perf_counter() + WARM_S
    end = start + seconds

    async def keep_asking(session: aiohttp.ClientSession) -> None:
        nonlocal wrong
        while (begun := time.perf_counter()) < end:
            place = next(turn) % len(paths)
            asked = (
                session.get(base + paths[place])
                if bodies is None
                else session.post(base + paths[place], json=bodies[place])
            )
            async with asked as answer:
                await answer.read()
            done = time.perf_counter()
            if begun >= start:
                times.append((done - begun) * 1000)
                wrong += answer.status not in (200, 201)

    limits = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=limits, timeout=aiohttp.ClientTimeout(total=60)) as session:
        await asyncio.gather(*(keep_asking(session) for _ in range(CONNECTIONS)))
    return len(times) / (time.perf_counter() - start), sorted(times), wrong


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    import urllib.error
    import urllib.request

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(url, timeout=2)
            return
        time.sleep(0.2)
    raise SystemExit(f"{url} did not come up")


def report(name: str, rate: float, times: list[float], wrong: int) -> None:
    print(f"{name} pings: {rate:.0f} /s")
    print(f"{name} median: {statistics.median(times):.1f} ms")
    print(f"{name} p99: {times[int(len(times) * 0.99)]:.1f} ms")
    print(f"{name} not answered with 2xx: {wrong} of {len(times)}", flush=True)


def measure_ours(address: str, port: int, seconds: float) -> float:
    paths = set_up_ours()
    command = [sys.executable, "-m", "stormproof", "intake", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        base = f"http://127.0.0.1:{port + 2}"
        wait_for(f"{base}/healthz", process)
        before = pings_kept(address)
        rate, times, wrong = uvloop.run(load(base, paths, None, seconds))
        report("stormproof", rate, times, wrong)
        print(f"stormproof rows in the database: {pings_kept(address) - before}")
        return rate
    finally:
        process.terminate()
        process.wait()


def measure_peer(venv: Path, address: str, port: int, seconds: float) -> float:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": address,
        "AUTH_REQUIRED": "False",
        "SECRET_KEY": "x" * 32,
        "HEARTBEAT_EVENTS": "[]",
    }
    command = [venv / "bin/gunicorn", "-w", "4", "--threads", "16", "-b", f"127.0.0.1:{port}", "--preload"]
    process = subprocess.Popen([*command, "alerta:create_app()"], env=environment, stdout=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/heartbeats", process)
        bodies = [{"origin": f"job-{each}", "tags": [], "timeout": 3600} for each in range(HEARTBEATS)]
        rate, times, wrong = uvloop.run(load(base, ["/heartbeat"] * HEARTBEATS, bodies, seconds))
        report("alerta", rate, times, wrong)
        return rate
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure both, one after the other."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("seconds", nargs="?", type=float, default=15)
    options.add_argument("--peer", type=Path, help="a venv with alerta-server")
    options.add_argument("--port", type=int, default=8500)
    said = options.parse_args()
    from stormproof.core.embedded import address_of, start_database, stop_database

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        os.environ["STORMPROOF_DATA_DIR"] = folder
        address = start_database(place).address
        with psycopg.connect(address, autocommit=True) as link:
            link.execute("CREATE DATABASE alerta")
        os.environ["DATABASE_URL"] = address
        try:
            ours = measure_ours(address, said.port, said.seconds)
            if said.peer:
                theirs = measure_peer(said.peer, address_of(place, database="alerta"), said.port + 5, said.seconds)
                print(f"ratio: {ours / theirs:.1f} times")
        finally:
            stop_database(place)


if __name__ == "__main__":
    main()
