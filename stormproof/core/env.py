"""Every setting Stormproof takes from the environment: typed, documented, checked at the start."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class WrongSetting(Exception):
    """A setting has a value that cannot be used; the message names it, the value's fault and the way out."""


@dataclass(frozen=True, kw_only=True)
class Env:
    """The settings. Each field is the environment variable `STORMPROOF_<FIELD>` unless its note says otherwise."""

    database_url: str = ""  # DATABASE_URL: a PostgreSQL of one's own; empty means the embedded one
    data_dir: Path = Path(".data")  # where the embedded database, keys and files live
    public_url: str = "http://127.0.0.1:8000"  # the address people use; goes into mails and links
    stream_url: str = ""  # where the live stream is reached; empty means the public host, one port above
    smtp_url: str = ""  # smtp://user:password@host:port; empty means mails wait in the outbox
    mail_from: str = "stormproof@localhost"
    secret_key: str = ""  # empty means one is made once and kept in data_dir/secret.key
    allowed_networks: tuple[Network, ...] = ()  # private networks that probes and webhooks may reach
    debug: bool = False

    @property
    def live_url(self) -> str:
        """The address of the live stream as a browser sees it."""
        if self.stream_url:
            return self.stream_url
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.hostname}:{(parts.port or 80) + 1}"


def read_env(source: Mapping[str, str]) -> Env:
    """Settings from `source`; raises `WrongSetting` naming the first wrong one."""

    def text(name: str, default: str = "") -> str:
        file = source.get(f"{name}_FILE")
        if file:
            return Path(file).read_text().strip()
        return source.get(name, default)

    return Env(
        database_url=text("DATABASE_URL"),
        data_dir=Path(text("STORMPROOF_DATA_DIR", ".data")).absolute(),
        public_url=text("STORMPROOF_PUBLIC_URL", Env.public_url).rstrip("/"),
        stream_url=text("STORMPROOF_STREAM_URL").rstrip("/"),
        smtp_url=text("STORMPROOF_SMTP_URL"),
        mail_from=text("STORMPROOF_MAIL_FROM", Env.mail_from),
        secret_key=text("STORMPROOF_SECRET_KEY"),
        allowed_networks=_networks(text("STORMPROOF_ALLOWED_NETWORKS")),
        debug=_yes(text("STORMPROOF_DEBUG", "no"), "STORMPROOF_DEBUG"),
    )


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise WrongSetting(
            f"STORMPROOF_ALLOWED_NETWORKS: {error}; write networks like 10.0.0.0/8,127.0.0.0/8"
        ) from error


def _yes(value: str, name: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
    if value.lower() not in words:
        raise WrongSetting(f"{name}: {value!r} is neither yes nor no")
    return words[value.lower()]


@lru_cache(maxsize=1)
def _env() -> Env:
    return read_env(os.environ)


env = _env()
