"""A sample shop of one's own for a test: its own folder, its own ports."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.running import free_ports

ROOT = Path(__file__).parent.parent.parent
SUPERVISE = ROOT / "examples" / "shop" / "supervise.py"
PORTS = 12


@dataclass(frozen=True)
class Shop:
    """A shop that runs."""

    data: Path
    port_base: int

    def supervise(self, word: str, *more: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One act of its supervisor."""
        command = [sys.executable, str(SUPERVISE), word, *more, "--data", str(self.data)]
        if word == "up":
            command += ["--port-base", str(self.port_base)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert not check or done.returncode == 0, done.stdout + done.stderr + self.logs()
        return done

    def logs(self) -> str:
        """The ends of what its parts said."""
        files = sorted((self.data / "logs").glob("*.log"))
        return "".join(f"\n--- {file.name}\n{file.read_text(errors='replace')[-1500:]}" for file in files)

    @property
    def status(self) -> dict[str, Any]:
        """What its supervisor says of it."""
        found: dict[str, Any] = json.loads(self.supervise("status").stdout)
        return found

    @property
    def values(self) -> dict[str, str]:
        """Addresses and secrets by name."""
        return dict(line.split("=", 1) for line in self.supervise("env").stdout.splitlines())

    def pid(self, name: str) -> int:
        """The process of a part."""
        return int((self.data / "run" / f"{name}.pid").read_text())


@contextlib.contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop that is open, and gone at the end."""
    with tempfile.TemporaryDirectory(prefix="shop-", ignore_cleanup_errors=True) as name:
        shop = Shop(Path(name), free_ports(PORTS))
        try:
            shop.supervise("up")
            yield shop
        finally:
            shop.supervise("down", check=False)


def ask(method: str, url: str, value: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    data = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status), json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")


def kill(pid: int) -> None:
    """kill -9 of a process and all below it."""
    from stormproof.rehearse.kinds.kill_process import children_of

    for member in (pid, *children_of(pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, 9)
