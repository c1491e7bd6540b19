"""Connections to the databases that steps act on: guarded, with a deadline, and gone when the step is."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stormproof.core.env import env
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.recover.kinds.contract import CannotRunStep
from stormproof.recover.kinds.references import is_reference


def fault_of_address(url: str) -> str:
    """Why `url` is no database address, or ""."""
    if is_reference(url):
        return ""
    try:
        conninfo_to_dict(url)
    except psycopg.Error as error:
        return f"not a database address: {str(error).strip()}; write postgresql://user@host:5432/name or env:NAME"
    return ""


def connect(url: str, *, seconds: float) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection whose statements end within `seconds`.

    Every host is judged and the judged address is used; several hosts with `target_session_attrs` work.
    Raises `CannotRunStep` for an address that is refused or wrong, `psycopg.OperationalError` for one that is dead.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise CannotRunStep(f"not a database address: {str(error).strip()}") from error
    hosts = [host for host in str(parts.get("host") or "").split(",") if host]
    ports = str(parts.get("port") or "5432").split(",")
    extra: dict[str, Any] = {}
    if hosts and not any(host.startswith(("/", "@")) for host in hosts):
        extra["hostaddr"] = ",".join(
            _judged(host, int(ports[place] if place < len(ports) else ports[-1])) for place, host in enumerate(hosts)
        )
    limit = max(1, int(seconds * 1000))
    return psycopg.connect(
        url,
        connect_timeout=max(2, min(5, int(seconds) or 1)),
        options=f"-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit + 5000}",
        application_name="stormproof-step",
        keepalives_idle=2,
        keepalives_interval=1,
        keepalives_count=3,
        tcp_user_timeout=max(3000, limit),
        **extra,
    )


def _judged(host: str, port: int) -> str:
    try:
        return Guard(env.allowed_networks).resolve_now(host, port)[0].address
    except (AddressRefused, NameNotFound) as error:
        raise CannotRunStep(str(error)) from error
