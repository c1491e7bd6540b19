"""Reads the rows of one query from somebody's PostgreSQL: blocking, read only, bounded, through the guard."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.engine.probe.sql import fault_of_url


class CannotReadRows(Exception):
    """The rows cannot be read; the message says why and never repeats the address."""


def read_rows(url: str, *, query: str, guard: Guard, seconds: int, most: int) -> list[tuple[Any, ...]]:
    """The rows of `query`; raises `CannotReadRows`, also when there are more than `most`.

    A cursor on the server takes one statement that gives rows and nothing else, in a read-only transaction that ends
    after `seconds`.
    """
    if fault := fault_of_url(url):
        raise CannotReadRows(fault)
    try:
        with psycopg.connect(**_guarded_parts(url, guard), connect_timeout=5, autocommit=False) as connection:
            connection.read_only = True
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(seconds * 1000)])
            with connection.cursor(name="rows") as cursor:
                cursor.execute(query.strip().rstrip(";").encode())
                rows = cursor.fetchmany(most + 1)
    except (AddressRefused, NameNotFound) as error:
        raise CannotReadRows(str(error)) from error
    except psycopg.Error as error:
        text = error.diag.message_primary or str(error).strip().partition("\n")[0] or type(error).__name__
        raise CannotReadRows(f"the database says: {text}") from error
    if len(rows) > most:
        raise CannotReadRows(f"the query gives more than {most:,} rows; ask for a shorter time")
    return rows


def _guarded_parts(url: str, guard: Guard) -> dict[str, Any]:
    """The parts of the address with the address that was judged, so that the name is not asked for again."""
    parts: dict[str, Any] = dict(conninfo_to_dict(url))
    host = str(parts["host"])
    if "," in host:
        raise CannotReadRows("name one host")
    if host.startswith(("/", "@")):
        guard.require_address("127.0.0.1")  # a socket file is this machine
        return parts
    target = guard.resolve_now(host, int(parts.get("port") or 5432))[0]
    return {**parts, "host": target.host, "hostaddr": target.address}
