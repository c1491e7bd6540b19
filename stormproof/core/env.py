"""Every setting Stormproof takes from the environment: typed, documented, checked at the start."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class WrongSetting(Exception):
    """A setting has a value that cannot be used; the message names it, the value's fault and the way out."""


def _text(value: str) -> str:
    return value


def _address(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValueError(f"{value!r} is no http:// or https:// address")
    return value.rstrip("/")


def _mail_server(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("smtp", "smtps", "smtp+tls") or not urlsplit(value).hostname):
        raise ValueError("write smtp://user:password@host:port (smtps:// for TLS from the start)")
    return value


def _database(value: str) -> str:
    if value and urlsplit(value).scheme not in ("postgres", "postgresql"):
        raise ValueError("only PostgreSQL: write postgresql://user:password@host:port/name")
    return value


def _folder(value: str) -> Path:
    return Path(value).expanduser().absolute()


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"{error}; write networks like 10.0.0.0/8,127.0.0.0/8") from error


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", value):
        raise ValueError(f"{value!r} is no name of a place: small letters, digits and hyphens, such as frankfurt-1")
    return value


def _targets(value: str) -> tuple[tuple[str, int], ...]:
    found = []
    for part in () if value == "none" else value.split(","):
        host, _, port = part.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"{part.strip()!r} is no target; write host:port,host:port,host:port, or none")
        found.append((host.strip("[]"), int(port)))
    return tuple(found)


def _yes(value: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
    if value.lower() not in words:
        raise ValueError(f"{value!r} is neither yes nor no")
    return words[value.lower()]


def _count(lowest: int, highest: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isdecimal() or not lowest <= int(value) <= highest:
            raise ValueError(f"{value!r} is no whole number from {lowest} to {highest}")
        return int(value)

    return read


def _words(value: str) -> tuple[str, ...]:
    return () if value == "none" else tuple(part.strip() for part in value.split(",") if part.strip())


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return value.lower()

    return read


def _setting(default: str, about: str, *, read: Callable[[str], Any] = _text, secret: bool = False) -> Any:
    """A field of `Env`: its default as one would write it in the environment, what it does, how it is read."""
    return field(default=read(default), metadata={"default": default, "about": about, "read": read, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Env:
    """The settings. A field is the environment variable `STORMPROOF_<FIELD>`; `DATABASE_URL` alone has no prefix."""

    database_url: str = _setting(
        "",
        "A PostgreSQL (15 or later) of your own, `postgresql://user:password@host:port/name`. Empty: the embedded one.",
        read=_database,
        secret=True,
    )
    data_dir: Path = _setting(  # noqa: RUF009  (a path does not change)
        ".data", "Where the embedded database, the installation's key, logs and files live.", read=_folder
    )
    public_url: str = _setting(
        "http://127.0.0.1:8000", "The address people use; it goes into mails and signed links.", read=_address
    )
    stream_url: str = _setting(
        "", "Where browsers reach the live stream. Empty: the public host, one port above.", read=_address
    )
    intake_url: str = _setting(
        "", "Where other systems reach the intake of alerts. Empty: the public host, two ports above.", read=_address
    )
    host: str = _setting("127.0.0.1", "The address the web processes listen on; `0.0.0.0` for all.")
    port: int = _setting(
        "8000", "The port of pages and API; the live stream and the intake take the next two.", read=_count(1, 65533)
    )
    web_workers: int = _setting("2", "Processes that serve pages and API.", read=_count(1, 64))
    web_threads: int = _setting("8", "Threads in each of them.", read=_count(1, 64))
    smtp_url: str = _setting(
        "",
        "The mail server, `smtp://user:password@host:port`. Empty: mails wait in the outbox.",
        read=_mail_server,
        secret=True,
    )
    mail_from: str = _setting("stormproof@localhost", "The sender of mails.")
    secret_key: str = _setting(
        "", "Signs links and seals secrets. Empty: made once and kept in `secret.key` in the data folder.", secret=True
    )
    mfa_roles: tuple[str, ...] = _setting(
        "admin", "Roles whose people need a second factor, separated by commas; `none` for nobody.", read=_words
    )
    trusted_proxies: int = _setting(
        "0", "How many proxies of your own stand in front and set X-Forwarded-For and -Proto.", read=_count(0, 9)
    )
    allowed_networks: tuple[Network, ...] = _setting(
        "", "Private networks that probes and webhooks may reach, `10.0.0.0/8,127.0.0.0/8`.", read=_networks
    )
    location: str = _setting(
        "here", "The place that probers of this machine look from; monitors can be looked at from several.", read=_slug
    )
    self_guard_targets: tuple[tuple[str, int], ...] = _setting(
        "1.1.1.1:443,8.8.8.8:443,9.9.9.9:443",
        "Unrelated `host:port`s; while fewer than two of three answer, a prober is blind and its results are left out."
        " They prove nothing until they have answered once. `none` for no self-guard.",
        read=_targets,
    )
    browsers: int = _setting(
        "1", "Browsers a prober may run at once for browser journeys; each takes up to 1 GB.", read=_count(1, 16)
    )
    metrics_networks: tuple[Network, ...] = _setting(
        "127.0.0.0/8,::1/128", "Who may read `/metrics` and the detail of `/readyz`.", read=_networks
    )
    dead_man_url: str = _setting(
        "",
        "An outside dead-man's switch: called once a minute, and only while web, worker and prober are all alive.",
        read=_address,
        secret=True,
    )
    log_format: str = _setting(
        "auto",
        "`json`, `console`, or `auto`: console at a terminal, JSON elsewhere.",
        read=_one_of("auto", "json", "console"),
    )
    log_level: str = _setting("info", "The least that is logged.", read=_one_of("debug", "info", "warning", "error"))
    debug: bool = _setting("no", "Django's debug pages. Never in use for real.", read=_yes)

    @property
    def live_url(self) -> str:
        """The address of the live stream as a browser sees it."""
        if self.stream_url:
            return self.stream_url
        return self._neighbour(1)

    @property
    def taking_url(self) -> str:
        """The address of the intake as another system sees it."""
        return self.intake_url or self._neighbour(2)

    def _neighbour(self, ports_above: int) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.hostname}:{(parts.port or 80) + ports_above}"


def variable(name: str) -> str:
    """The environment variable of a field of `Env`."""
    return "DATABASE_URL" if name == "database_url" else f"STORMPROOF_{name.upper()}"


def read_env(source: Mapping[str, str]) -> Env:
    """Settings from `source`; a secret may stand in the file that `<NAME>_FILE` names. Raises `WrongSetting`."""
    _refuse_unknown(source)
    values: dict[str, Any] = {}
    for each in fields(Env):
        name = variable(each.name)
        text = _from_file(source, name)
        if text is None:
            text = source.get(name, each.metadata["default"])
        try:
            values[each.name] = each.metadata["read"](text or each.metadata["default"])
        except ValueError as error:
            raise WrongSetting(f"{name}: {error}") from error
    return Env(**values)


def settings_file(file: Path) -> dict[str, str]:
    """The settings kept in `settings.env` of the data folder: `NAME=value` lines; the environment goes before them."""
    if not file.exists():
        return {}
    found = {}
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        name, separator, value = line.partition("=")
        if line.strip() and not line.lstrip().startswith("#"):
            if not separator:
                raise WrongSetting(f"{file}, line {number}: {line!r} is not NAME=value")
            found[name.strip()] = value.strip()
    return found


def settings_reference() -> str:
    """The page `docs/reference/settings.md`, made from the fields above."""
    lines = [
        "# Settings",
        "",
        "Stormproof is set up by environment variables. A wrong value stops the start and says why.",
        "They may also stand in `settings.env` in the data folder, one `NAME=value` a line; the environment wins.",
        "A secret may be read from a file instead: set `<NAME>_FILE` to its path.",
        "",
        "| variable | default | what it does |",
        "|---|---|---|",
    ]
    for each in fields(Env):
        default = f"`{each.metadata['default']}`" if each.metadata["default"] else "(empty)"
        secret = " Secret." if each.metadata["secret"] else ""
        lines.append(f"| `{variable(each.name)}` | {default} | {each.metadata['about']}{secret} |")
    return "\n".join([*lines, ""])


def _from_file(source: Mapping[str, str], name: str) -> str | None:
    file = source.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise WrongSetting(f"{name}_FILE: {file} cannot be read ({error.strerror})") from error


def _refuse_unknown(source: Mapping[str, str]) -> None:
    """A misspelt setting would silently be a default; tests alone add variables of their own."""
    known = {variable(each.name) for each in fields(Env)}
    for name in source:
        bare = name.removesuffix("_FILE")
        if bare.startswith("STORMPROOF_") and not bare.startswith("STORMPROOF_TEST_") and bare not in known:
            raise WrongSetting(f"{name}: there is no such setting; docs/reference/settings.md lists them all")


@lru_cache(maxsize=1)
def _env() -> Env:
    folder = _folder(_from_file(os.environ, "STORMPROOF_DATA_DIR") or os.environ.get("STORMPROOF_DATA_DIR", ".data"))
    return read_env({**settings_file(folder / "settings.env"), **os.environ})


env = _env()
