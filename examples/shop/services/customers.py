"""Customers: they open a product, fill a basket, check out and place real orders through the shop's pages.

POST /start {"customers": 2, "pause": 0.5}   POST /stop   GET /orders[?since=unix]   GET /stats   POST /reset
An order counts as acknowledged once the customer has seen its number on the thank-you page.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
NUMBER = re.compile(r"order number is\s*<strong>(\d+)</strong>")
NAMES = ("Anna Behrens", "Jonas Petersen", "Fenna de Vries", "Mikkel Holm", "Lotte Jansen", "Henrik Voss", "Ida Krogh")
STREETS = ("Am Kai 3", "Deichstrasse 12", "Havnegade 8", "Prinsengracht 101", "Fischmarkt 20")


class Failed(Exception):
    """A request that a customer would call broken."""


@dataclass
class Record:
    """What happened, safe between threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    orders: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    requests: int = 0
    unplaced: int = 0

    def clear(self) -> None:
        with self.lock:
            self.orders, self.failures, self.latencies = [], [], []
            self.requests = self.unplaced = 0


class Customer:
    """One person with a browser of their own, who orders once."""

    def __init__(self, shop: str, products: list[str], record: Record, chance: random.Random) -> None:
        self.web = httpx.Client(base_url=shop, timeout=25, follow_redirects=True)
        self.products, self.record, self.chance = products, record, chance

    def ask(self, method: str, path: str, data: dict[str, str] | None = None) -> str:
        began = time.time()
        headers = {"Referer": str(self.web.base_url)} if data else {}
        try:
            answer = self.web.request(method, path, data=data, headers=headers)
            broken = answer.status_code >= 400
            why = f"HTTP {answer.status_code}"
        except httpx.HTTPError as error:
            broken, why, answer = True, type(error).__name__, None
        with self.record.lock:
            self.record.requests += 1
            self.record.latencies.append(time.time() - began)
            if broken:
                self.record.failures.append({"at": began, "method": method, "path": path, "why": why})
        if broken or answer is None:
            raise Failed(why)
        return answer.text

    def send(self, page: str, path: str, data: dict[str, str]) -> str:
        token = TOKEN.search(page)
        if not token:
            raise Failed(f"no form on the page before {path}")
        return self.ask("POST", path, {"csrfmiddlewaretoken": token[1], **data})

    def order(self) -> None:
        product = self.chance.choice(self.products)
        page = self.ask("GET", product)
        self.send(
            page, f"/basket/add/{product.rstrip('/').rpartition('_')[2]}/", {"quantity": self.chance.choice("112")}
        )
        first, _, last = self.chance.choice(NAMES).partition(" ")
        page = self.ask("GET", "/checkout/")
        email = f"{first}.{last}.{self.chance.randrange(10**6)}@customers.example".replace(" ", "").lower()
        page = self.send(page, "/checkout/", {"username": email, "options": "anonymous"})
        address = {"first_name": first, "last_name": last, "line1": self.chance.choice(STREETS)}
        self.send(
            page, "/checkout/shipping-address/", {**address, "line4": "Hamburg", "postcode": "20457", "country": "DE"}
        )
        page = self.ask("GET", "/checkout/preview/")
        page = self.send(page, "/checkout/preview/", {"action": "place_order"})
        number = NUMBER.search(page)
        with self.record.lock:
            if number:
                self.record.orders.append({"number": number[1], "at": time.time(), "email": email})
            else:
                self.record.unplaced += 1


class Crowd:
    """As many customers as asked for, each ordering again and again until stopped."""

    def __init__(self, shop: str) -> None:
        self.shop, self.record = shop, Record()
        self.threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        self.products: list[str] = []

    def start(self, customers: int, pause: float) -> None:
        self.stop()
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self.live, args=(self.stopping, pause), daemon=True) for _ in range(customers)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=40)
        self.threads = []

    def live(self, stopping: threading.Event, pause: float) -> None:
        chance = random.Random()
        while not stopping.is_set():
            try:
                if not self.products:
                    found = httpx.get(f"{self.shop}/products.json", timeout=10).raise_for_status()
                    self.products = found.json()["products"]
                customer = Customer(self.shop, self.products, self.record, chance)
                with customer.web:
                    customer.order()
            except (Failed, httpx.HTTPError):
                stopping.wait(0.5)
            stopping.wait(pause * chance.uniform(0.5, 1.5))

    def stats(self) -> dict[str, object]:
        with self.record.lock:
            sorted_ms = sorted(round(value * 1000) for value in self.record.latencies) or [0]
            return {
                "running": any(thread.is_alive() for thread in self.threads),
                "customers": len(self.threads),
                "orders": len(self.record.orders),
                "unplaced": self.record.unplaced,
                "requests": self.record.requests,
                "failed": len(self.record.failures),
                "failures": self.record.failures[-50:],
                "latency_ms": {
                    "median": sorted_ms[len(sorted_ms) // 2],
                    "p95": sorted_ms[int(len(sorted_ms) * 0.95)],
                    "max": sorted_ms[-1],
                },
            }


class Door(BaseHTTPRequestHandler):
    """The simulator's controls."""

    protocol_version = "HTTP/1.1"
    crowd: Crowd

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/orders":
            since = float(parse_qs(url.query).get("since", ["0"])[0])
            with self.crowd.record.lock:
                found = [order for order in self.crowd.record.orders if order["at"] >= since]
            return self.answer(200, {"orders": found})
        if url.path in ("/stats", "/healthz"):
            return self.answer(200, self.crowd.stats())
        return self.answer(404, {"error": "not here"})

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/start":
            self.crowd.start(int(wanted.get("customers", 2)), float(wanted.get("pause", 0.5)))
        elif self.path == "/stop":
            self.crowd.stop()
        elif self.path == "/reset":
            self.crowd.record.clear()
        else:
            return self.answer(404, {"error": "not here"})
        return self.answer(200, self.crowd.stats())

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


def main() -> None:
    Door.crowd = Crowd(sys.argv[1])
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Door).serve_forever()


if __name__ == "__main__":
    main()
