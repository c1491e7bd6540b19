"""1,000 monitors at 10 s against a real PostgreSQL: lateness, missed looks, cost, and how soon a restart covers all.

Run: python benchmarks/lateness.py [monitors] [interval_seconds] [seconds]
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
FOLDER = Path(tempfile.mkdtemp(prefix="stormproof-bench-"))
os.environ |= {
    "STORMPROOF_DATA_DIR": str(FOLDER),
    "STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8",
    "DJANGO_SETTINGS_MODULE": "stormproof.settings",
}
os.environ.pop("DATABASE_URL", None)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def set_up(count: int, interval: int, port: int) -> None:
    """A database with `count` monitors of one node."""
    from django.core.management import call_command

    from stormproof.business.models import Node
    from stormproof.core.clock import now
    from stormproof.watch.models import Monitor

    call_command("migrate", verbosity=0)
    at = now()
    node = Node.objects.create(slug="page", name="Page", kind="asset", added_at=at)
    Monitor.objects.bulk_create(
        Monitor(
            slug=f"page-{number}",
            name=f"Page {number}",
            node=node,
            kind="http",
            config={"url": f"http://127.0.1.{number % 100 + 1}:{port}/", "expect": {"contains": "Basket"}},
            interval_seconds=interval,
            state_since=at,
        )
        for number in range(count)
    )


async def bench(count: int, seconds: float) -> None:
    """Run one prober beside a web server in this process' own loop."""
    from asgiref.sync import sync_to_async

    from stormproof.watch.models import Monitor
    from stormproof.worker.prober import Prober

    stop = asyncio.Event()
    prober = Prober(keep_lateness=True)
    start = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_SELF)
    running = asyncio.create_task(prober.run(stop))
    covered = sync_to_async(lambda: Monitor.objects.filter(last_at__isnull=False).count())
    while await covered() < count:
        await asyncio.sleep(0.1)
    print(f"restart_to_full_coverage: {time.monotonic() - start:.1f} s")
    await asyncio.sleep(seconds)
    took = time.monotonic() - start
    now = resource.getrusage(resource.RUSAGE_SELF)
    lateness = prober.lateness
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    stop.set()
    await running
    print(f"looks: {lateness.started} 1")
    print(f"missed: {lateness.missed} 1")
    print(f"start_lateness_p50: {percentile(lateness.late_ms, 0.5):.1f} ms")
    print(f"start_lateness_p99: {percentile(lateness.late_ms, 0.99):.1f} ms")
    print(f"start_lateness_max: {max(lateness.late_ms):.1f} ms")
    print(f"core_used: {100 * cpu / took:.1f} %")
    print(f"cpu_per_look: {1000 * cpu / lateness.started:.2f} ms")
    print(f"memory: {now.ru_maxrss / 1024:.0f} MB")


def main() -> None:
    count, interval, seconds = (int(word) for word in (*sys.argv[1:4], *("1000", "10", "60")[len(sys.argv) - 1 :]))
    import multiprocessing

    from benchmarks.probes import free_port, serve
    from stormproof.core.embedded import start_database, stop_database

    port = free_port()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=([(port, False)], str(FOLDER), "0.0.0.0"), daemon=True
    )
    server.start()
    start_database(FOLDER)
    try:
        import django
        import uvloop

        django.setup()
        set_up(count, interval, port)
        uvloop.run(bench(count, seconds))
    finally:
        stop_database(FOLDER)
        server.terminate()
        server.join()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
