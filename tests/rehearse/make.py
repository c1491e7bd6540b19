"""A shop to break in tests: a node that may be broken, its monitor, and a small HTTP server that plays all parts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stormproof.business.models import Node, Objective
from stormproof.core.actor import Actor
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import Exercise
from stormproof.rehearse.services import define_exercise
from stormproof.watch.models import Monitor

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Part:
    """What the server plays: a thing that can be told to be down, and customers who count."""

    def __init__(self) -> None:
        self.is_down = False
        self.mends_after = 0  # looks until it is well again by itself
        self.orders = [{"number": "100001", "at": NOON.timestamp()}]
        self.failed = 0
        self.asked: list[str] = []
        self.refuses: dict[str, int] = {}
        self.url = ""

    def answer(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(f"{method} {path}")
        if self.refuses.get(path, 0):
            self.refuses[path] -= 1
            return 500, {}
        if path in ("/break", "/mend"):
            self.is_down = path == "/break"
        if path == "/well" and self.is_down:
            self.mends_after -= 1
            self.is_down = self.mends_after >= 0
            return 503, {"ok": False}
        if path == "/orders":
            return 200, {"orders": self.orders}
        return 200, {"ok": True, "failed": self.failed}


@contextmanager
def serving(part: Part) -> Iterator[Part]:
    """The part behind a real port of this machine."""

    class Door(BaseHTTPRequestHandler):
        def handle_all(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, value = part.answer(self.command, self.path)
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = handle_all  # noqa: N815  (http.server asks for these names)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    part.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield part
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_target(slug: str = "psp-a", *, rehearsable: bool = True, state: str = "up") -> Node:
    """A node with a promise (RTO 15 min, RPO 0) and a monitor in that state, looked at far in the future."""
    node = Node.objects.create(
        slug=slug, name=slug.replace("-", " ").capitalize(), kind="supplier", added_at=NOON, rehearsable=rehearsable
    )
    Objective.objects.create(node=node, rto_seconds=900, rpo_seconds=0)
    Monitor.objects.create(
        node=node,
        slug=f"{slug}-answers",
        name=node.name,
        kind="http",
        interval_seconds=5,
        state=state,
        state_since=NOON,
        last_at=datetime(2126, 1, 1, tzinfo=UTC),
    )
    return node


def definition(url: str, **more: Any) -> dict[str, Any]:
    """An exercise that breaks and mends by request."""
    return {
        "name": "The provider is lost",
        "target": "psp-a",
        "fault": {
            "kind": "http-request",
            "with": {
                "request": {"method": "PUT", "url": f"{url}/break"},
                "undo": {"method": "PUT", "url": f"{url}/mend"},
            },
        },
        "customers": {
            "start": {"method": "POST", "url": f"{url}/start"},
            "stop": {"method": "POST", "url": f"{url}/stop"},
            "acknowledged": {"url": f"{url}/orders"},
            "failed": {"url": f"{url}/stats"},
        },
        "recovered_when": {"kind": "http", "with": {"url": f"{url}/well"}},
        "warm_up": "0s",
        "cool_down": "0s",
        "give_up_after": "5s",
        "detection": "none",
        **more,
    }


def make_exercise(target: Node, url: str, **more: Any) -> Exercise:
    """That exercise, written."""
    shape = ExerciseShape.model_validate(definition(url, **more))
    return define_exercise("psp-loss", shape, target=target, position=0, actor=make_actor("writer"), at=NOON)


def make_user(name: str, role: str) -> User:
    return User.objects.create_user(f"{name.lower()}@shop.example", name=name, roles=[role])


def make_actor(name: str, *, role: str = "admin") -> Actor:
    return actor_for(make_user(name, role))
