"""redis against a real redis-server, and against servers that only pretend."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.attempt import WrongAnswer
from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.redis import RedisCheck, fault_of_redis_url, probe_redis, read_command, read_value
from stormproof.engine.probe.thresholds import Thresholds
from tests.engine.probe.servers import LOOPBACK, tcp_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A redis-server with a password on a free port, one list in it; the port."""
    program = shutil.which("redis-server")
    assert program, "install it: apt-get install -y redis-server"
    folder = tmp_path_factory.mktemp("redis")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    words = ["--port", str(port), "--bind", "127.0.0.1", "--requirepass", "hush", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"AUTH hush\r\nRPUSH orders a b c\r\nSET state ready\r\n")
            assert client.recv(100).startswith(b"+OK")
            break
        assert time.monotonic() < end, "redis-server did not start"
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait()


def look(url: str, *, guard: Guard = LOOPBACK, deadline_s: float = 3, **about: Any) -> Outcome:
    asked = {key: about.pop(key) for key in ("info", "command") if key in about}
    bounds = {key: read_condition(about.pop(key)) for key in ("down_when", "degraded_when") if key in about}
    check = RedisCheck(url=url, thresholds=Thresholds(**about, **bounds), **asked)
    return asyncio.run(probe_redis(check, guard=guard, deadline_s=deadline_s))


@pytest.mark.parts
@pytest.mark.parametrize(
    ("about", "state", "reason"),
    [
        ({}, "up", ""),
        ({"info": "role", "equals": "master"}, "up", ""),
        ({"info": "role", "down_when": "!= slave"}, "down", "role is master, down when != slave"),
        ({"info": "connected_replicas", "down_when": "< 1"}, "down", "connected_replicas is 0, down when < 1"),
        ({"info": "nothing_such"}, "down", "INFO has no nothing_such"),
        ({"command": "LLEN orders", "degraded_when": "> 2"}, "degraded", "LLEN orders is 3, degraded when > 2"),
        ({"command": "get state", "equals": "ready"}, "up", ""),
        ({"command": "GET gone"}, "down", "GET gone gives no value"),
        ({"command": "LLEN state"}, "down", "WRONGTYPE Operation against a key"),
    ],
)
def test_a_value_of_the_server_is_judged(server: int, about: dict[str, Any], state: str, reason: str) -> None:
    found = look(f"redis://:hush@127.0.0.1:{server}/0", **about)
    assert (found.ok, found.degraded) == (state != "down", state == "degraded")
    assert reason in found.reason


@pytest.mark.parts
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("127.0.0.1:{}", "NOAUTH Authentication required"),
        (":wrong@127.0.0.1:{}", "WRONGPASS"),
        (":hush@127.0.0.1:{}/99", "DB index"),
    ],
)
def test_a_server_that_lets_nobody_in_says_so(server: int, path: str, reason: str) -> None:
    found = look(f"redis://{path.format(server)}")
    assert not found.ok
    assert reason in found.reason
    assert "hush" not in found.reason


@pytest.mark.parametrize(
    "text", ["FLUSHALL", "SET a b", "CONFIG GET *", "KEYS *", "GET", "GET a b", "EVAL x 0", "", "DEBUG SLEEP 9"]
)
def test_only_commands_that_read_are_known(text: str) -> None:
    with pytest.raises(ValueError, match=r"only reads|arguments"):
        read_command(text)


@pytest.mark.parametrize("url", ["http://h", "redis://", "redis://h/x", "redis://h:99999", "redis://h?a=1", "h:6379"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert fault_of_redis_url(url).startswith("this is not a Redis address")


@pytest.mark.parametrize(
    ("words", "for_ever", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", b"", "does not speak the protocol of Redis"),
        (b"$99999999999\r\n", b"", "a value of more than a MiB"),
        (b"*999999\r\n", b"", "more than 1000 values"),
        (b"*1\r\n" * 2000, b"", "more than 1000 values"),
        (b"+NOPE\r\n", b"", "PING is answered with NOPE, expected PONG"),
        (b"", b"x" * 65536, "does not speak the protocol of Redis"),
        (b"$9\r\n", b"", "no answer within 500 ms"),
        (b"", b"+", "no answer within 500 ms"),
    ],
)
def test_an_answer_that_is_none_ends_in_a_reason(words: bytes, for_ever: bytes, reason: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(words)
        while for_ever:
            writer.write(for_ever)
            await writer.drain()
            await asyncio.sleep(0.01)
        await reader.read(100)

    async def run() -> Outcome:
        async with tcp_server(talk) as port:
            return await probe_redis(RedisCheck(url=f"redis://127.0.0.1:{port}"), guard=LOOPBACK, deadline_s=0.5)

    found = asyncio.run(run())
    assert not found.ok
    assert reason in found.reason


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    async def run() -> object:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        with suppress(WrongAnswer, EOFError):
            return await read_value(reader, where="x")
        return None

    asyncio.run(run())


def test_a_server_that_is_away_or_may_not_be_asked() -> None:
    assert look("redis://127.0.0.1:1").reason == "Redis at 127.0.0.1:1 refused the connection"
    assert look("redis://10.0.0.1", guard=Guard()).refused
