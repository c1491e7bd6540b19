"""The sample shop under care: `stormproof up --with-shop` brings it up beside Stormproof."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import stormproof
from stormproof.cli.ready import fail

FOLDER = Path(stormproof.__file__).parent.parent / "examples" / "shop"


class SampleShop:
    """Starts and stops the shop by its own supervisor, and applies its `continuity.yaml`."""

    def __init__(self, data_dir: Path, *, port_base: int | None, say: Callable[[str, str], None]) -> None:
        self._data_dir, self._port_base, self._say = data_dir, port_base, say
        if not (FOLDER / "supervise.py").exists():
            raise fail(f"The sample shop is not here ({FOLDER}): it comes with the source tree, not with the package.")

    def start(self) -> None:
        """Bring the shop up; what runs of it is left running. Then write the settings it needs, where missing."""
        self._say("shop", "starting the sample shop (the first time takes a minute)")
        if self._run("up").returncode:
            raise fail("The sample shop does not start; the reason stands above.")
        self._write_settings()

    def put_under_care(self, environment: dict[str, str]) -> None:
        """Apply the shop's model."""
        command = [sys.executable, "-m", "stormproof", "apply", str(self._folder / "continuity.yaml"), "--yes"]
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        if done.returncode:
            raise fail("The shop's continuity.yaml could not be applied; the reason stands above.", hint=done.stdout)
        self._say("shop", "under care; its mailbox, customers and ports: supervise.py env")

    def stop(self) -> None:
        """Stop the shop."""
        self._run("down")

    @property
    def _folder(self) -> Path:
        return self._data_dir / "shop"

    def _run(self, word: str, *, output: int | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(FOLDER / "supervise.py"), word, "--data", str(self._folder)]
        if self._port_base is not None:
            command += ["--port-base", str(self._port_base)]
        return subprocess.run(
            command,
            cwd=FOLDER,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            text=True,
            start_new_session=True,
        )

    def _write_settings(self) -> None:
        """The shop lives on this machine, and its mail server's mailbox can be read: say so in `settings.env`."""
        values = dict(line.split("=", 1) for line in self._run("env", output=subprocess.PIPE).stdout.splitlines())
        wanted = {
            "STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8",
            "STORMPROOF_SMTP_URL": f"smtp://127.0.0.1:{values['SMTP_PORT']}",
        }
        file = self._data_dir / "settings.env"
        lines = file.read_text().splitlines() if file.exists() else []
        for name, value in wanted.items():
            if name not in os.environ and not any(line.startswith(f"{name}=") for line in lines):
                lines.append(f"{name}={value}")
                self._say("shop", f"{name}={value} written to {file}")
        file.write_text("\n".join(lines) + "\n")
