"""mysql against a real MariaDB, and against servers that only pretend."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pymysql
import pytest

from stormproof.engine.probe.blocking import THREADS
from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.mysql import MysqlCheck, fault_of_mysql_url, fault_of_query, probe_mysql
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.thresholds import Thresholds
from tests.engine.probe.servers import LOOPBACK, tcp_server


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(path: str) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(path)
        return bool(client.recv(5))
    return False


def start(folder: Path, *words: str) -> tuple[subprocess.Popen[bytes], int, str]:
    """A mariadbd of its own in `folder`: the process, the port and the socket."""
    program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    assert Path(program).exists(), "install it: apt-get install -y mariadb-server"
    data, port, path = folder / "data", free_port(), str(folder / "socket")
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, "--skip-test-db", *user], check=True, capture_output=True)
    about = [f"--datadir={data}", f"--port={port}", f"--socket={path}", "--bind-address=127.0.0.1", *user]
    small = ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--skip-name-resolve"]
    process = subprocess.Popen([program, "--no-defaults", *about, *small, *words], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not answers(path):
        assert time.monotonic() < end, "mariadbd did not start"
        time.sleep(0.1)
    with pymysql.connect(unix_socket=path, user="root") as root, root.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.orders (id INT)")
        cursor.execute("INSERT INTO shop.orders VALUES (1), (2), (3)")
        cursor.execute("CREATE USER probe@'127.0.0.1' IDENTIFIED BY 'hush'")
        cursor.execute("GRANT ALL ON *.* TO probe@'127.0.0.1'")
        root.commit()
    return process, port, path


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    process, port, path = start(tmp_path_factory.mktemp("mariadb"))
    yield port, path
    process.terminate()
    process.wait()


def look(url: str, query: str = "", *, guard: Guard = LOOPBACK, deadline_s: float = 8, **about: Any) -> Outcome:
    bounds = {key: read_condition(about.pop(key)) for key in ("down_when", "degraded_when") if key in about}
    check = MysqlCheck(url=url, query=query, thresholds=Thresholds(**about, **bounds))
    return asyncio.run(probe_mysql(check, guard=guard, deadline_s=deadline_s))


@pytest.mark.parts
@pytest.mark.parametrize(
    ("query", "about", "state", "reason"),
    [
        ("SELECT count(*) FROM orders", {"equals": 3}, "up", ""),
        ("SELECT count(*) FROM orders;", {"degraded_when": "> 2"}, "degraded", "the value is 3, degraded when > 2"),
        ("SELECT 1.5", {"down_when": "> 1"}, "down", "the value is 1.5, down when > 1"),
        ("SELECT 1 FROM orders WHERE id > 9", {}, "down", "the query gave no row"),
        ("SELECT nothing FROM orders", {}, "down", "says: Unknown column 'nothing'"),
        ("SELECT seq FROM seq_1_to_100000000", {"equals": 1}, "up", ""),
        ("SELECT repeat('x', 8000000)", {}, "down", "more than 4 MiB"),
        ("", {}, "down", "is not a replica"),
    ],
)
def test_a_value_is_judged(server: tuple[int, str], query: str, about: dict[str, Any], state: str, reason: str) -> None:
    found = look(f"mysql://probe:hush@127.0.0.1:{server[0]}/shop", query, **about)
    assert (found.ok, found.degraded) == (state != "down", state == "degraded")
    assert reason in found.reason


@pytest.mark.parts
def test_nothing_is_written_and_a_slow_query_is_cut_off(server: tuple[int, str]) -> None:
    url = f"mysql://probe:hush@127.0.0.1:{server[0]}/shop"
    assert look(url, "SELECT 1; DELETE FROM orders").ok is False
    assert look(url, "WITH a AS (SELECT 1) DELETE FROM orders").ok is False
    begin = time.monotonic()
    found = look(url, "SELECT sleep(20)", deadline_s=0.5)
    assert time.monotonic() - begin < 3
    assert found.details.get("value") == 1 or not found.ok  # MariaDB ends a sleep early by giving 1
    assert look(url, "SELECT count(*) FROM orders", equals=3).ok


@pytest.mark.parts
def test_a_wrong_password_is_said_without_it(server: tuple[int, str]) -> None:
    found = look(f"mysql://probe:wrong@127.0.0.1:{server[0]}/shop", "SELECT 1")
    assert not found.ok
    assert "Access denied" in found.reason
    assert "wrong" not in found.reason


@pytest.mark.parts
def test_the_lag_of_a_replica(server: tuple[int, str], tmp_path: Path) -> None:
    source, source_port, source_path = start(made(tmp_path / "a"), "--server-id=1", "--log-bin=binlog")
    replica, port, path = start(made(tmp_path / "b"), "--server-id=2")
    url = f"mysql://probe:hush@127.0.0.1:{port}/shop"
    try:
        with pymysql.connect(unix_socket=source_path, user="root") as root, root.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            file, position = cursor.fetchone()[:2]
        with pymysql.connect(unix_socket=path, user="root") as root, root.cursor() as cursor:
            login = f"MASTER_HOST='127.0.0.1', MASTER_PORT={source_port}, MASTER_USER='probe', MASTER_PASSWORD='hush'"
            cursor.execute(f"CHANGE MASTER TO {login}, MASTER_LOG_FILE='{file}', MASTER_LOG_POS={position}")
            assert look(url, down_when="> 60").reason.endswith("does not replicate: replication is not running")
            cursor.execute("START SLAVE")
        end = time.monotonic() + 40
        while not look(url, down_when="> 60").ok:
            assert time.monotonic() < end, "it does not replicate"
            time.sleep(0.1)
        assert look(url, down_when="< 1").reason == "the replica's lag is 0 s, down when < 1"
    finally:
        for process in (replica, source):
            process.terminate()
            process.wait()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 into @a",
        "SELECT /*!50000 1 */",
        "SELECT * FROM a FOR UPDATE",
        "SET GLOBAL read_only = 0",
        "CALL x()",
        "SELECT GET_LOCK('a', 9)",
    ],
)
def test_a_statement_that_does_more_than_read_is_refused(query: str) -> None:
    assert fault_of_query(query)


@pytest.mark.parametrize(
    "url", ["postgresql://h/d", "mysql:///d", "mysql://h/d?tls=maybe", "mysql://h:x/d", "mysql://h/d?local_infile=1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert fault_of_mysql_url(url).startswith("this is not a MySQL address")


HELLO = (
    b"\x0a8.0.0\x00"
    + bytes(4)
    + b"12345678\x00"
    + b"\xff\xf7\x08\x02\x00\xff\x81\x15"
    + bytes(10)
    + b"123456789012\x00"
)


def packet(number: int, data: bytes) -> bytes:
    return len(data).to_bytes(3, "little") + bytes([number]) + data


@pytest.mark.parametrize(
    ("words", "for_ever", "reason"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], b"", "the database at 127.0.0.1"),
        ([packet(0, b"\xff\x15\x04nobody may enter")], b"", "says:"),
        ([b"\xff\xff\xff\x00"], b"x" * 65536, "more than 4 MiB"),
        ([b"\xff\xff\x0f\x00"], b"\x01", "no answer within 500 ms"),
        ([], b"", "no answer within 500 ms"),
        (
            [packet(0, HELLO + b"mysql_native_password\x00"), packet(2, b"\xfb/etc/passwd")],
            b"",
            "the database at 127.0.0.1",
        ),
    ],
)
def test_an_answer_that_is_none_ends_in_a_reason(words: list[bytes], for_ever: bytes, reason: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for word in words:
            writer.write(word)
        while for_ever:
            writer.write(for_ever)
            await writer.drain()
            await asyncio.sleep(0.01)
        await asyncio.sleep(5)

    async def run() -> Outcome:
        async with tcp_server(talk) as port:
            check = MysqlCheck(url=f"mysql://probe:hush@127.0.0.1:{port}/shop", query="SELECT 1")
            return await probe_mysql(check, guard=LOOPBACK, deadline_s=0.5)

    begin = time.monotonic()
    found = asyncio.run(run())
    assert not found.ok
    assert reason in found.reason
    assert "hush" not in found.reason
    assert time.monotonic() - begin < 3


def test_looks_that_are_given_up_leave_their_threads_free_for_the_next() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(9)

    async def run() -> list[Outcome]:
        async with tcp_server(silent) as port:
            check = MysqlCheck(url=f"mysql://probe:hush@127.0.0.1:{port}/shop", query="SELECT 1")
            many = [probe_mysql(check, guard=LOOPBACK, deadline_s=0.3) for _ in range(2 * THREADS)]
            await asyncio.gather(*many)
            return [await probe_mysql(check, guard=LOOPBACK, deadline_s=0.3)]

    begin = time.monotonic()
    assert asyncio.run(run())[0].reason == "no answer within 300 ms (while waiting for the answer)"
    assert time.monotonic() - begin < 5
    assert look("mysql://r:h@127.0.0.1:1/d", "SELECT 1", deadline_s=1).reason.endswith("refused the connection")


def test_a_database_that_is_away_or_may_not_be_asked() -> None:
    assert look("mysql://r:h@127.0.0.1:1/d", "SELECT 1").reason == "the database at 127.0.0.1 refused the connection"
    assert look("mysql://r:h@10.0.0.1/d", "SELECT 1", guard=Guard()).refused
