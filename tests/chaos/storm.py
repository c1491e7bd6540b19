"""A storm of alerts against a whole installation: who sends, who is told, and what must be true afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import aiohttp
import yaml

from tests.running import Running

LATE_S = 10.0
RETRY_S = 0.2


@dataclass(kw_only=True)
class Told:
    """One webhook that arrived."""

    at: float
    key: str
    node: str
    event: str


class _Door(BaseHTTPRequestHandler):
    told: ClassVar[list[Told]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers["Idempotency-Key"]
        one = Told(at=time.monotonic(), key=key, node=body["root_cause"] or "", event=body["event"])
        self.told.append(one)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def listening(port: int) -> Iterator[list[Told]]:
    """Somebody outside who is told of every incident."""
    _Door.told = []
    with ThreadingHTTPServer(("127.0.0.1", port), _Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield _Door.told
        finally:
            server.shutdown()
            thread.join()


def describe_shop(stormproof: Running, *, nodes: int, hook: str) -> None:
    """A shop of so many nodes that have nothing to do with one another, and `hook` told of every incident."""
    document = {
        "version": 1,
        "business": {"name": "Storm", "currency": "EUR", "time_zone": "UTC"},
        "assets": {f"node-{number}": {"name": f"Node {number}"} for number in range(nodes)},
        "paging": {"webhooks": [hook]},
    }
    file = stormproof.folder / "shop.yaml"
    file.write_text(yaml.safe_dump(document))
    stormproof.run("apply", str(file), "--yes")


def address_of_integration(stormproof: Running) -> str:
    """The secret address of a new integration, on the intake's port."""
    made = stormproof.run("integrations", "add", "alertmanager", "--node", "node-0", "--rate", "600000", "--json")
    key = str(json.loads(made.stdout)["url"]).rpartition("/")[2]
    return f"http://127.0.0.1:{stormproof.port + 2}/in/{key}"


def alert(name: str, *, node: int, instance: str, severity: str = "critical") -> dict[str, Any]:
    """One delivery of Alertmanager's webhook with one alert."""
    labels = {"alertname": name, "node": f"node-{node}", "instance": instance, "severity": severity}
    return {"version": "4", "alerts": [{"status": "firing", "labels": labels, "annotations": {"summary": "storm"}}]}


@dataclass(kw_only=True)
class Storm:
    """What was sent and got a yes: instance -> the moment of the yes."""

    kept: dict[str, float] = field(default_factory=dict)
    first_of_node: dict[int, float] = field(default_factory=dict)
    retries: int = 0


async def send_all(url: str, deliveries: Mapping[str, tuple[int, str]], *, a_second: float, storm: Storm) -> None:
    """Send instance -> (node, name) at a steady pace; whoever gets no yes tries again until it does."""
    limits = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=limits, timeout=aiohttp.ClientTimeout(total=10)) as client:
        began, sending = time.monotonic(), []
        for place, (instance, what) in enumerate(deliveries.items()):
            await asyncio.sleep(max(0.0, began + place / a_second - time.monotonic()))
            sending.append(asyncio.create_task(_send(client, url, instance, what, storm=storm)))
        await asyncio.gather(*sending)


async def _send(client: aiohttp.ClientSession, url: str, instance: str, what: tuple[int, str], *, storm: Storm) -> None:
    node, name = what
    body = json.dumps(alert(name, node=node, instance=instance))
    while True:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with client.post(url, data=body) as answer:
                await answer.read()
                if answer.status == 200:
                    storm.kept[instance] = time.monotonic()
                    storm.first_of_node.setdefault(node, time.monotonic())
                    return
        storm.retries += 1
        await asyncio.sleep(RETRY_S)


def faults_of_storm(stormproof: Running, storm: Storm, told: list[Told], *, calm: Mapping[int, float]) -> list[str]:
    """Everything that a kill must not do, and did. `calm`: node -> when all that it needs was up again for good."""
    rows = stormproof.rows("SELECT labels->>'instance' AS instance FROM respond_externalalert")
    there = {row["instance"] for row in rows}
    faults = [f"{len(lost)} alerts got a yes and are not there"] if (lost := set(storm.kept) - there) else []
    by_node: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        if one.event == "incident opened":
            by_node[one.node].append(one)
    for node, first in storm.first_of_node.items():
        heard = by_node[f"node-{node}"]
        if not heard:
            faults.append(f"nobody was told of node-{node}")
            continue
        if len({one.key for one in heard}) > 1:
            faults.append(f"node-{node} was told under {len({one.key for one in heard})} keys")
        late = heard[0].at - max(first, calm.get(node, 0.0))
        if late > LATE_S:
            faults.append(f"node-{node} was told {late:.1f} s after all was up again")
    return faults
