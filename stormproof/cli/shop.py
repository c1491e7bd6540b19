"""The sample shop under care: `stormproof up --with-shop` brings it up beside Stormproof."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import stormproof
from stormproof.cli.ready import fail

FOLDER = Path(stormproof.__file__).parent.parent / "examples" / "shop"
SETTINGS = ("STORMPROOF_ALLOWED_NETWORKS", "STORMPROOF_SMTP_URL")


class SampleShop:
    """Starts and stops the shop by its own supervisor, and applies its `continuity.yaml`."""

    def __init__(self, data_dir: Path, *, port_base: int | None, say: Callable[[str, str], None]) -> None:
        self._data_dir, self._port_base, self._say = data_dir, port_base, say
        self._opening: subprocess.Popen[bytes] | None = None
        if not (FOLDER / "supervise.py").exists():
            raise fail(f"The sample shop is not here ({FOLDER}): it comes with the source tree, not with the package.")

    def open(self) -> None:
        """Bring the shop up, what runs of it is left running; write the settings it needs; apply its model."""
        if self._supervise("up").returncode:
            raise fail("The sample shop does not start; the reason stands above.")
        self._write_settings()
        command = [sys.executable, "-m", "stormproof", "apply", str(self._folder / "continuity.yaml"), "--yes"]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise fail("The shop's continuity.yaml could not be applied; the reason stands above.", hint=done.stdout)

    def begin_to_open(self, environment: dict[str, str]) -> None:
        """Open the shop in a process of its own. The first time waits for it: what starts next reads its settings."""
        command = [sys.executable, "-m", "stormproof", "open-shop"]
        if self._port_base is not None:
            command += ["--port", str(self._port_base)]
        self._opening = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, start_new_session=True
        )
        if not self._is_set_up():
            self._say("shop", "starting the sample shop (the first time takes a minute)")
            if self._opening.wait():
                raise fail("The sample shop could not be put under care; the reason stands above.")

    def look(self) -> None:
        """Say once how the opening ended."""
        if self._opening and self._opening.poll() is not None:
            failed = self._opening.returncode
            self._opening = None
            self._say("shop", "could not be put under care; the reason stands above" if failed else "under care")

    def stop(self) -> None:
        """Stop the shop."""
        if self._opening and self._opening.poll() is None:
            os.killpg(self._opening.pid, signal.SIGTERM)
            self._opening.wait()
        self._supervise("down")

    @property
    def _folder(self) -> Path:
        return self._data_dir / "shop"

    def _supervise(self, word: str, *, output: int | None = None) -> subprocess.CompletedProcess[str]:
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
            process_group=0,  # a Ctrl-C at the terminal is for us alone
        )

    @property
    def _settings(self) -> Path:
        return self._data_dir / "settings.env"

    def _is_set_up(self) -> bool:
        lines = self._settings.read_text().splitlines() if self._settings.exists() else []
        return all(name in os.environ or any(line.startswith(f"{name}=") for line in lines) for name in SETTINGS)

    def _write_settings(self) -> None:
        """The shop lives on this machine, and its mail server's mailbox can be read: say so in `settings.env`."""
        if self._is_set_up():
            return
        told = self._supervise("env", output=subprocess.PIPE).stdout
        ports = dict(line.split("=", 1) for line in told.splitlines())
        values = ("127.0.0.0/8", f"smtp://127.0.0.1:{ports['SMTP_PORT']}")
        lines = self._settings.read_text().splitlines() if self._settings.exists() else []
        for name, value in zip(SETTINGS, values, strict=True):
            if name not in os.environ and not any(line.startswith(f"{name}=") for line in lines):
                lines.append(f"{name}={value}")
                self._say("shop", f"{name}={value} written to {self._settings}")
        self._settings.write_text("\n".join(lines) + "\n")
