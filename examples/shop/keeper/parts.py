"""What the shop is made of, and the command that runs each part."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from keeper.layout import PYTHON, SHOP, Layout, ShopError
from keeper.processes import running, start, wait_until

SERVICES = ("psp-a", "psp-b", "mailbox", "customers", "web-a", "web-b")
CHECKS = {
    "psp-a": "/mode",
    "psp-b": "/mode",
    "mailbox": "/healthz",
    "customers": "/stats",
    "web-a": "/livez",
    "web-b": "/livez",
}


def command_of(layout: Layout, name: str) -> list[str]:
    """How a part is run."""
    port = str(layout.port(name))
    if name in ("psp-a", "psp-b"):
        return [str(PYTHON), "-m", "services.psp", name, port, str(layout.data / f"{name}.jsonl")]
    if name == "mailbox":
        return [str(PYTHON), "-m", "services.mailbox", str(layout.port("smtp")), port]
    if name == "customers":
        return [str(PYTHON), "-m", "services.customers", layout.url("web"), port]
    if name in ("web-a", "web-b"):
        options = ["-b", f"127.0.0.1:{port}", "-w", "1", "--threads", "6", "-k", "gthread", "--keep-alive", "60"]
        rest = ["--graceful-timeout", "5", "--timeout", "60", "--no-control-socket", "--log-level", "warning"]
        return [str(PYTHON), "-m", "gunicorn", "storefront.wsgi:application", *options, *rest]
    raise ShopError(f"{name}: not a part of the shop. The parts: db-a, db-b, haproxy, {', '.join(SERVICES)}")


def start_service(layout: Layout, name: str) -> None:
    """Start a part, unless it runs. Does not wait."""
    if not running(layout, name):
        environment = {**layout.environment(), "SHOP_INSTANCE": name}
        start(layout, name, command_of(layout, name), cwd=SHOP, environment=environment)


def answers(layout: Layout, name: str, path: str = "") -> bool:
    """Whether a part answers over HTTP with 200."""
    try:
        with urllib.request.urlopen(layout.url(name) + (path or CHECKS[name]), timeout=3) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def wait_for_services(layout: Layout, *names: str, within: float = 30) -> None:
    """Wait until parts answer."""
    for name in names:
        log = Path(layout.logs / f"{name}.log")
        wait_until(lambda name=name: answers(layout, name), within=within, what=f"{name} (see {log})", pause=0.1)
