"""A site that can be broken, and real prober processes over the test's database."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from django.conf import settings
from django.db import connection

from stormproof.watch.models import Monitor
from tests.watch.make import make_monitor

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


def start_prober() -> subprocess.Popen[bytes]:
    database = settings.DATABASES["default"]
    address = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    environment = {**os.environ, "DATABASE_URL": address, "STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8"}
    return subprocess.Popen([sys.executable, "-m", "stormproof", "prober"], cwd=ROOT, env=environment)


def wait_for(condition: Callable[[], object], seconds: float = 60) -> float:
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
