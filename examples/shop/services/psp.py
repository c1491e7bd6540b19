"""A payment provider: a real HTTP server that charges once per idempotency key and can be told to misbehave.

PUT /mode {"mode": "ok" | "down" | "slow" | "decline" | "half", "delay": 5}   GET /mode   GET /healthz
POST /payments/v1/charges (Idempotency-Key)   GET /payments/v1/charges   GET /payments/v1/pay.js
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODES = ("ok", "down", "slow", "decline", "half")  # half: every second new payment is declined


class Ledger:
    """Charges by idempotency key, appended to a file before they are answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.charges: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                charge = json.loads(line)
                self.charges[charge["key"]] = charge

    def charge(self, key: str, wanted: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if key not in self.charges:
                made = {"id": f"ch_{len(self.charges) + 1:08d}", "key": key, "at": time.time(), **wanted}
                with self.path.open("a") as file:
                    file.write(json.dumps(made) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                self.charges[key] = made
            return self.charges[key]


class Provider(BaseHTTPRequestHandler):
    """One provider's door."""

    protocol_version = "HTTP/1.1"
    name: str
    ledger: Ledger
    mode: dict[str, Any]

    def answer(self, status: int, value: object, kind: str = "application/json") -> None:
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.wfile.write(head + body)

    def body(self) -> dict[str, Any]:
        found = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        return found if isinstance(found, dict) else {}

    def is_out(self) -> bool:
        mode = self.mode["mode"]
        if mode == "slow":
            time.sleep(float(self.mode.get("delay", 5)))
        if mode == "down":
            self.answer(503, {"error": "service unavailable", "provider": self.name})
        return mode == "down"

    def do_GET(self) -> None:
        if self.path == "/mode":
            return self.answer(200, self.mode)
        if self.is_out():
            return None
        if self.path == "/healthz":
            return self.answer(200, {"provider": self.name, "ok": True})
        if self.path == "/payments/v1/charges":
            return self.answer(200, {"charges": list(self.ledger.charges.values())})
        if self.path == "/payments/v1/pay.js":
            return self.answer(200, f"/* {self.name}: nothing to load in the sample shop */", "text/javascript")
        return self.answer(404, {"error": "not here"})

    def do_PUT(self) -> None:
        wanted = self.body()
        if self.path != "/mode" or wanted.get("mode") not in MODES:
            return self.answer(400, {"error": f"PUT /mode with one of {', '.join(MODES)}"})
        self.mode.clear()
        self.mode.update(wanted)
        return self.answer(200, self.mode)

    def do_POST(self) -> None:
        wanted = self.body()
        if self.path != "/payments/v1/charges":
            return self.answer(404, {"error": "not here"})
        if self.is_out():
            return None
        if self.mode["mode"] == "decline":
            return self.answer(402, {"error": "declined"})
        key = self.headers.get("Idempotency-Key", "")
        if not key:
            return self.answer(400, {"error": "Idempotency-Key is needed"})
        if self.mode["mode"] == "half" and self.is_declined(key):
            return self.answer(402, {"error": "declined"})
        return self.answer(201, self.ledger.charge(key, wanted))

    def is_declined(self, key: str) -> bool:
        """Whether a payment is among the half that is declined: by its key, so that asking again changes nothing."""
        return key not in self.ledger.charges and zlib.crc32(key.encode()) % 2 == 0

    def log_message(self, format: str, *args: object) -> None:
        """Silence: a health check every second is not news."""


def main() -> None:
    name, port, ledger = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    Provider.name, Provider.ledger, Provider.mode = name, Ledger(ledger), {"mode": "ok"}
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", port), Provider).serve_forever()


if __name__ == "__main__":
    main()
