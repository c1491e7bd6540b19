"""How many looks a second one core does, and what one costs: HTTP keyword and TLS, a fresh connection each.

Run: python benchmarks/probes.py [seconds]
"""

from __future__ import annotations

import asyncio
import ipaddress
import multiprocessing
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import HttpCheck, HttpProber
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.tcp import TcpCheck, probe_tcp
from tests.engine.probe.servers import Authority

GUARD = Guard((ipaddress.ip_network("127.0.0.0/8"),))
AT_ONCE = 20
PAGE = b"<html>" + b"x" * 4000 + b"Basket</html>"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(PAGE) + PAGE


class Page(asyncio.Protocol):
    """The cheapest web server there is: the subject is the prober."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER)
        self.transport.close()


def serve(ports: list[tuple[int, bool]], folder: str, host: str = "127.0.0.1") -> None:
    """The servers, in a process of their own."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for port, is_tls in ports:
            tls = Authority(Path(folder)).server_context(names=["127.0.0.1"]) if is_tls else None
            await loop.create_server(Page, host, port, ssl=tls)
        await asyncio.sleep(3600)

    uvloop.run(run())


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def measure(name: str, look: Callable[[], Awaitable[Outcome]], seconds: float) -> None:
    """Look with some at once for `seconds`; print rate and cost."""
    end, count = time.monotonic() + seconds, 0

    async def keep_looking() -> None:
        nonlocal count
        while time.monotonic() < end:
            outcome = await look()
            assert outcome.ok, outcome.reason
            count += 1

    used = resource.getrusage(resource.RUSAGE_SELF)
    start = time.monotonic()
    await asyncio.gather(*(keep_looking() for _ in range(AT_ONCE)))
    took = time.monotonic() - start
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(f"{name}_per_second: {count / took:.0f} 1/s")
    print(f"{name}_cpu: {1000 * cpu / count:.3f} ms")


async def run(http_port: int, tls_port: int, seconds: float) -> None:
    prober = HttpProber(GUARD)
    page = HttpCheck(url=f"http://127.0.0.1:{http_port}/", contains=["Basket"])
    for _ in range(100):
        if (await prober.probe(page, deadline_s=1)).ok:
            break
        await asyncio.sleep(0.1)
    await measure("http_keyword", lambda: prober.probe(page, deadline_s=5), seconds)
    port = TcpCheck(host="127.0.0.1", port=http_port)
    await measure("tcp", lambda: probe_tcp(port, guard=GUARD, deadline_s=5), seconds)
    import ssl

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secure = HttpProber(GUARD, trust=context)
    safe_page = HttpCheck(url=f"https://127.0.0.1:{tls_port}/", contains=["Basket"])
    await measure("https_keyword", lambda: secure.probe(safe_page, deadline_s=5), seconds)
    await prober.close()
    await secure.close()
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    http_port, tls_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        ports = [(http_port, False), (tls_port, True)]
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(ports, folder), daemon=True)
        server.start()
        try:
            uvloop.run(run(http_port, tls_port, seconds))
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    main()
