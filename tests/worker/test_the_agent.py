"""The host agent: what it measures, what it keeps, and what it does while the server is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.worker.agent.buffer import Buffer
from stormproof.worker.agent.measuring import Machine
from stormproof.worker.agent.run import AgentRefused, AgentSettings, Sender, fault_of, wait_after

Start = Callable[..., subprocess.Popen[bytes]]


class Server:
    """Takes reports as Stormproof does, and can be made to refuse them."""

    def __init__(self) -> None:
        self.status, self.taken, self.headers = 200, [], []  # type: ignore[var-annotated]
        server = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.headers.append(dict(self.headers))
                if server.status == 200:
                    server.taken.extend(body["reports"])
                self.send_response(server.status)
                self.send_header("Location", "http://elsewhere.example/")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,))
        self.thread.start()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.thread.join()
    server.http.server_close()


def settings(server: Server, folder: Path) -> AgentSettings:
    return AgentSettings(server=server.url, token="spa_x", folder=folder)


def wait_for(condition: Callable[[], object], seconds: float = 40) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "waited too long"
        time.sleep(0.02)


def test_a_machine_tells_its_figures() -> None:
    machine = Machine(processes=["no-such-program"], services=["no-such-service"])
    machine.measure()
    found = machine.measure()
    assert {"cpu", "memory", "swap", "load", "disk:/", "net_errors", "process:no-such-program"} <= set(found)
    assert 0 < found["memory"] < 100
    assert found["process:no-such-program"] == 0
    assert all(isinstance(value, int | float) for value in found.values())


def test_the_buffer_keeps_order_and_lets_the_oldest_go(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path, most=5)
    for number in range(8):
        buffer.add({"n": number})
    mark, reports = buffer.oldest(2)
    assert ([report["n"] for report in reports], len(buffer)) == ([3, 4], 5)
    buffer.let_go(mark)
    buffer.close()
    again = Buffer(tmp_path, most=5)
    assert [report["n"] for report in again.oldest(10)[1]] == [5, 6, 7]
    assert again.oldest(0) == (0, [])
    again.close()


def test_what_the_server_does_not_take_stays_and_goes_out_later(server: Server, tmp_path: Path) -> None:
    buffer, sender = Buffer(tmp_path), Sender(settings(server, tmp_path))
    for number in range(3):
        buffer.add({"n": number})
    server.status = 503
    with pytest.raises(OSError, match="503"):
        sender.send_oldest(buffer)
    server.status = 401
    with pytest.raises(AgentRefused, match="the server refused the reports: 401"):
        sender.send_oldest(buffer)
    server.status = 302
    with pytest.raises(AgentRefused):
        sender.send_oldest(buffer)
    assert len(buffer) == 3
    server.status = 200
    assert sender.send_oldest(buffer) is False
    assert ([report["n"] for report in server.taken], len(buffer)) == ([0, 1, 2], 0)
    assert server.headers[-1]["Authorization"] == "Bearer spa_x"
    buffer.close()


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_the_wait_grows_to_five_minutes_and_is_spread(failures: int, chance: float) -> None:
    longest = min(300.0, 2.0 ** min(failures - 1, 16))
    assert longest / 2 <= wait_after(failures, chance=chance) <= longest


@pytest.mark.parametrize(
    ("about", "fault"),
    [
        ({"server": "http://console.example"}, "would send the token in the clear"),
        ({"server": "console.example"}, "is not an address"),
        ({"token": "sp_x"}, "this is not an agent's token"),
        ({"every_s": 0.1}, "one second apart"),
        ({}, ""),
    ],
)
def test_settings_that_would_do_harm_are_refused(about: dict[str, Any], fault: str, tmp_path: Path) -> None:
    plain = {"server": "https://console.example", "token": "spa_x", "folder": tmp_path}
    assert fault in fault_of(AgentSettings(**{**plain, **about}))
    assert "spa_x" not in repr(AgentSettings(**{**plain, **about}))


@pytest.mark.parts
def test_reports_survive_kill_9_while_the_server_is_away_and_go_out_in_order(server: Server, tmp_path: Path) -> None:
    server.status = 503
    token = tmp_path / "token"
    token.write_text("spa_x\n")
    command = [sys.executable, "-m", "stormproof", "agent", "--server", server.url, "--token-file", str(token)]
    command += ["--every", "1", "--buffer", str(tmp_path / "buffer")]

    def kept() -> list[str]:
        buffer = Buffer(tmp_path / "buffer")
        found = [report["at"] for report in buffer.oldest(1000)[1]]
        buffer.close()
        return found

    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(kept()) >= 2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    before = kept()
    server.status = 200
    second = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(server.taken) > len(before))
    second.terminate()
    assert second.wait(20) == 0
    moments = [report["at"] for report in server.taken]
    assert moments[: len(before)] == before
    assert moments == sorted(moments)
    assert len(set(moments)) == len(moments)


def test_the_agent_loads_neither_django_nor_a_database() -> None:
    heavy = "('django', 'psycopg', 'aiohttp', 'pydantic')"
    code = f"import sys, stormproof.worker.agent; print([name for name in sys.modules if name in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
