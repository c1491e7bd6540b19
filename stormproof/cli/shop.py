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
DEFAULTS = {
    "STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8",  # the shop lives on this machine
    "STORMPROOF_SMTP_URL": "smtp://127.0.0.1:8489",  # the shop's mail server, whose mailbox can be read
}


class SampleShop:
    """Starts and stops the shop by its own supervisor, and applies its `continuity.yaml`."""

    def __init__(self, data_dir: Path, *, say: Callable[[str, str], None]) -> None:
        self._settings, self._say = data_dir / "settings.env", say
        if not (FOLDER / "supervise.py").exists():
            raise fail(f"The sample shop is not here ({FOLDER}): it comes with the source tree, not with the package.")

    def set_defaults(self) -> None:
        """Write what the shop needs into `settings.env`, where it is missing, and into our own environment."""
        lines = self._settings.read_text().splitlines() if self._settings.exists() else []
        for name, value in DEFAULTS.items():
            if name not in os.environ and not any(line.startswith(f"{name}=") for line in lines):
                lines.append(f"{name}={value}")
                self._say("shop", f"{name}={value} written to {self._settings}")
        self._settings.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Bring the shop up; what runs of it is left running."""
        self._say("shop", "starting the sample shop (the first time takes a minute or two)")
        if subprocess.run(self._command("up"), cwd=FOLDER, check=False, stdin=subprocess.DEVNULL).returncode:
            raise fail("The sample shop does not start; the reason stands above.")

    def put_under_care(self, environment: dict[str, str]) -> None:
        """Apply the shop's model."""
        rendered = FOLDER.parent.parent / ".data" / "shop" / "continuity.yaml"  # with this shop's ports filled in
        command = [sys.executable, "-m", "stormproof", "apply", str(rendered), "--yes"]
        if subprocess.run(command, env={**os.environ, **environment}, check=False, stdin=subprocess.DEVNULL).returncode:
            raise fail("The shop's continuity.yaml could not be applied; the reason stands above.")

    def stop(self) -> None:
        """Stop the shop."""
        subprocess.run(self._command("down"), cwd=FOLDER, check=False, stdin=subprocess.DEVNULL)

    def _command(self, word: str) -> list[str]:
        return [sys.executable, str(FOLDER / "supervise.py"), word]
