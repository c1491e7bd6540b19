"""A whole Stormproof for a test: `stormproof up` in a folder of its own, on free ports."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stormproof.core.embedded import address_of, database_pid, stop_database
from stormproof.core.processes import ProcessMark, is_alive, read_mark

ROOT = Path(__file__).parent.parent
READY_S = 180.0
PARTS = ("web", "stream", "intake", "worker", "prober")


def free_ports(count: int) -> int:
    """The first of `count` free neighbouring ports."""
    for first in range(20000 + os.getpid() % 8000, 60000, count):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


def wait_until(what: Callable[[], Any], *, seconds: float, why: str) -> Any:
    """Poll until `what()` is true, and return it; fail with `why` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {why}"
        time.sleep(0.05)
    return found


@dataclass(kw_only=True)
class Running:
    """One installation. `up` may be killed and started again; the folder stays."""

    folder: Path
    port: int
    shop_port: int | None = None
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        """The address of its database."""
        return self.settings.get("DATABASE_URL") or address_of(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """What its commands see."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("STORMPROOF", "DATABASE", "DJANGO"))
        }
        return {**kept, "STORMPROOF_DATA_DIR": str(self.folder), **self.settings}

    @property
    def log(self) -> str:
        """What `up` and its processes said."""
        files = [self.folder / "up.log", *sorted((self.folder / "logs").glob("*.log"))]
        return "\n".join(
            f"--- {file.name}\n{file.read_text(errors='replace')[-3000:]}" for file in files if file.exists()
        )

    def start(self) -> None:
        """Run `stormproof up` and wait until it is ready."""
        command = [sys.executable, "-m", "stormproof", "up", "--port", str(self.port)]
        if self.shop_port is not None:
            command += ["--with-shop", "--shop-port", str(self.shop_port)]
        with (self.folder / "up.log").open("ab") as output:
            said_before = output.tell()
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        wait_until(lambda: self._is_ready_or_dead(said_before), seconds=READY_S, why=f"/readyz\n{self.log}")
        assert self.process.poll() is None, self.log

    def stop(self) -> None:
        """End it as Ctrl-C would, and see that it ends well."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, self.log

    def kill(self) -> None:
        """kill -9 of `up` alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def kill_everything(self) -> None:
        """As when the power fails: kill -9 of `up`, of all its processes and of the database."""
        marks = [mark for name in PARTS if (mark := self.part(name))]
        database = database_pid(self.folder)
        self.kill()
        for mark in marks:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(mark.pid, signal.SIGKILL)
        if database is not None:
            os.kill(database, signal.SIGKILL)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What the database says, asked directly; while it is away the question waits."""
        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(self.database, autocommit=True, row_factory=dict_row, connect_timeout=5) as link:
                    return link.execute(query, values).fetchall()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self.log
                time.sleep(0.2)

    def shop(self, word: str) -> str:
        """What the sample shop's own supervisor answers to `word`."""
        command = [
            sys.executable,
            str(ROOT / "examples" / "shop" / "supervise.py"),
            word,
            "--data",
            str(self.folder / "shop"),
        ]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `stormproof` command on it."""
        command = [sys.executable, "-m", "stormproof", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def part(self, name: str) -> ProcessMark | None:
        """The living process `web`, `stream`, `intake`, `worker` or `prober`; None while it is down."""
        mark = read_mark(self.folder / "run" / "parts" / f"{name}.pid")
        return mark if mark and is_alive(mark) else None

    def ready(self) -> dict[str, Any]:
        """What /readyz says; empty when nothing answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=8) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error, contextlib.suppress(ValueError):
                return dict(json.load(error))
        except (OSError, ValueError):
            pass
        return {}

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        return bool(self.ready().get("ready"))

    def _is_ready_or_dead(self, said_before: int) -> bool:
        """This very `up` said so: /readyz may still be answered by what a killed one left behind."""
        said = (self.folder / "up.log").read_bytes()[said_before:]
        return b"ready after" in said or (self.process is not None and self.process.poll() is not None)


@contextlib.contextmanager
def running(*, with_shop: bool = False, settings: dict[str, str] | None = None) -> Iterator[Running]:
    """A Stormproof, with the sample shop if asked, that is gone with all its processes at the end."""
    with tempfile.TemporaryDirectory(prefix="stormproof-running-", ignore_cleanup_errors=True) as name:
        first = free_ports(15)
        made = Running(
            folder=Path(name), port=first, shop_port=first + 3 if with_shop else None, settings=settings or {}
        )
        made.folder.chmod(0o755)  # the shop's database runs as another user
        try:
            made.start()
            yield made
        finally:
            _end(made)


def _end(made: Running) -> None:
    if made.process and made.process.poll() is None:
        made.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            made.process.wait(90)
        made.process.kill()
        made.process.wait()
    if made.shop_port is not None:
        made.shop("down")
    if not made.settings.get("DATABASE_URL"):
        stop_database(made.folder)
