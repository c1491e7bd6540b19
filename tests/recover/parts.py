"""Real parts to recover: a PostgreSQL primary with its standby, HAProxy, and a web server that can misbehave."""

from __future__ import annotations

import http.server
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from stormproof.core.embedded import binary
from stormproof.core.os_user import drop_from_root, let_reach


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def wait_until(true: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)


def _as_user() -> dict[str, Any]:
    drop = drop_from_root()
    return {"user": drop.uid, "group": drop.gid, "extra_groups": []} if drop else {}


@dataclass
class Server:
    """One PostgreSQL server on a loopback port."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        words = [str(binary("postgres")), "-D", str(self.folder), "-p", str(self.port)]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = subprocess.Popen(words, cwd="/", stdout=log, stderr=log, **_as_user())
        wait_until(self.answers, 30)

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def kill(self) -> None:
        """kill -9 of the whole server, as a machine that dies; only the processes of this server."""
        if self.process is None or self.process.poll() is not None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.process.kill()
        for child in children:
            with _gone():
                Path(f"/proc/{child}").stat()
                subprocess.run(["kill", "-9", child], check=False, capture_output=True)
        self.process.wait()

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return


@contextmanager
def postgres_pair(*, synchronous: bool = False) -> Iterator[tuple[Server, Server]]:
    """A primary and its streaming standby; both are gone afterwards."""
    top = Path(tempfile.mkdtemp(prefix="recover-pair-"))
    drop = drop_from_root()
    if drop:
        shutil.chown(top, drop.uid, drop.gid)
        let_reach(binary("postgres"), drop=drop)
    primary, standby = Server(top / "a", free_port()), Server(top / "b", free_port())
    quick: dict[str, Any] = {"cwd": "/", "capture_output": True, **_as_user()}
    try:
        words = [str(binary("initdb")), "-D", str(primary.folder), "-U", "postgres", "--auth=trust", "--no-sync"]
        subprocess.run(words, check=True, **quick)
        with (primary.folder / "postgresql.conf").open("a") as conf:
            conf.write("listen_addresses='127.0.0.1'\nunix_socket_directories=''\nfsync=off\nshared_buffers=16MB\n")
            conf.write("wal_retrieve_retry_interval=200ms\n")
            if synchronous:
                conf.write("synchronous_standby_names='*'\n")
        primary.start()
        words = [str(binary("pg_basebackup")), "-d", primary.url, "-D", str(standby.folder)]
        subprocess.run([*words, "-R", "-X", "stream", "-c", "fast", "-C", "-S", "standby"], check=True, **quick)
        standby.start()
        wait_until(lambda: primary.ask("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1)
        yield primary, standby
    finally:
        primary.kill()
        standby.kill()
        shutil.rmtree(top, ignore_errors=True)


@contextmanager
def haproxy(*servers: int) -> Iterator[tuple[str, int]]:
    """HAProxy with a TCP backend `db` of these ports (`db/a`, `db/b` ...); its socket and its port."""
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    assert Path(program).exists(), "HAProxy is missing: apt-get install haproxy"
    folder = Path(tempfile.mkdtemp(prefix="recover-haproxy-"))
    port, door = free_port(), folder / "admin.sock"
    lines = "\n".join(f"  server {name} 127.0.0.1:{to}" for name, to in zip("abcd", servers, strict=False))
    (folder / "haproxy.cfg").write_text(
        f"""global
  stats socket {door} mode 600 level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port}
  default_backend db
backend db
{lines}
"""
    )
    process = subprocess.Popen([program, "-db", "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL)
    try:
        wait_until(door.exists)
        yield str(door), port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Web:
    """A web server: what it was asked, and how it answers."""

    port: int = 0
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)  # a status, `hang`, or `drop`; then 200 for ever

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def web_server() -> Iterator[Web]:
    """A real HTTP server in a thread."""
    web = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            web.asked.append((self.command, self.path, dict(self.headers), body))
            answer = web.answers.pop(0) if web.answers else 200
            if answer == "hang":
                time.sleep(3)
                return
            if answer == "drop":
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(int(answer))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"provider": "b", "orders": [{"state": "placed"}]}')

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *words: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
