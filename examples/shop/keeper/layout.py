"""Where a shop lives: its folders, its ports, its secrets. Everything else asks here."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

SHOP = Path(__file__).resolve().parent.parent
REPOSITORY = SHOP.parent.parent
VENV = REPOSITORY / ".venv-shop"
PYTHON = VENV / "bin" / "python"
CACHE = REPOSITORY / ".data" / "shop-cache"
DEFAULT_DATA = REPOSITORY / ".data" / "shop"
DEFAULT_PORT_BASE = 8480

PORTS = (
    "web",
    "web-a",
    "web-b",
    "stats",
    "db",
    "db-a",
    "db-b",
    "psp-a",
    "psp-b",
    "smtp",
    "mailbox",
    "customers",
)


class ShopError(Exception):
    """Something the person at the keyboard can act on."""


@dataclass(frozen=True)
class Layout:
    """One shop: a data folder and a port base. Several may stand side by side on one machine."""

    data: Path
    port_base: int

    def port(self, part: str) -> int:
        return self.port_base + PORTS.index(part)

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.port(part)}"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def socket(self) -> Path:
        return self.run / "haproxy.sock"

    @property
    def secrets(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / "secrets.json").read_text())
        return found

    def database_url(self, role: str, part: str = "db") -> str:
        return f"postgresql://{role}:{self.secrets[role]}@127.0.0.1:{self.port(part)}/shop"

    def environment(self) -> dict[str, str]:
        """What every part of this shop is told."""
        return {
            **{
                k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "PG", "STORMPROOF", "DATABASE_URL"))
            },
            "DJANGO_SETTINGS_MODULE": "storefront.settings",
            "PYTHONPATH": str(SHOP),
            "PYTHONUNBUFFERED": "1",
            "SHOP_DATA": str(self.data),
            "SHOP_DATABASE_URL": self.database_url("shop"),
            "SHOP_SECRET_KEY": self.secrets["django"],
            "SHOP_OPS_TOKEN": self.secrets["ops"],
            "SHOP_PSP_A": self.url("psp-a"),
            "SHOP_PSP_B": self.url("psp-b"),
            "SHOP_SMTP_PORT": str(self.port("smtp")),
        }


def layout_for(data: Path | None, port_base: int | None) -> Layout:
    """The layout of a data folder: the port base it was made with, unless another is asked for."""
    folder = (data or DEFAULT_DATA).resolve()
    kept = folder / "port-base"
    if port_base is None:
        port_base = int(kept.read_text()) if kept.exists() else DEFAULT_PORT_BASE
    found = Layout(folder, port_base)
    if len(str(found.socket)) > 100:
        raise ShopError(f"--data {folder}: too long for a socket's path (100 characters). Use a shorter folder.")
    return found


def prepare_folders(layout: Layout) -> None:
    """Make the folders and remember the port base. The data folder must be searchable for the database's user."""
    for folder in (layout.data, layout.run, layout.logs, layout.data / "mail"):
        folder.mkdir(parents=True, exist_ok=True)
    layout.data.chmod(0o755)
    (layout.data / "port-base").write_text(f"{layout.port_base}\n")


def make_secrets(path: Path) -> None:
    """New passwords for a new cluster, readable by the owner only."""
    names = ("keeper", "replicator", "shop", "stormproof", "django", "ops")
    path.touch(mode=0o600)
    path.write_text(json.dumps({name: secrets.token_hex(16) for name in names}))


def find_program(name: str, package: str) -> str:
    """The path of a system program, or how to get it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not found:
        raise ShopError(f"{name} is missing. Install it with: apt-get install -y {package}")
    return found
