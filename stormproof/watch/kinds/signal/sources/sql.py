"""Reads a PostgreSQL database: one statement, read only, with :since and :until."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from pydantic import AfterValidator, Field

from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.engine.probe.sql import fault_of_url
from stormproof.watch.kinds.kind import FROM_ENV, require_foreign_variable
from stormproof.watch.kinds.signal.sources.source import Row, Source, SourceFailed, SourceShape, is_open, rows_of

LIMIT_S = 15
_PLACE = re.compile(r"(?<![:\w]):(since|until)\b")


def _address(url: str) -> str:
    if url.startswith(FROM_ENV):
        return require_foreign_variable(url)
    fault = fault_of_url(url) if is_open(url) else ""
    if fault:
        raise ValueError(fault)
    return url


def _bounded(query: str) -> str:
    if {found[1] for found in _PLACE.finditer(query)} != {"since", "until"}:
        raise ValueError("the query must ask between :since and :until, such as WHERE at >= :since AND at < :until")
    return query


class SqlSource(SourceShape):
    """A query with the columns at, total, good, value, provider, method, device, country; only `at` is needed."""

    type: Literal["sql"]
    url: Annotated[str, AfterValidator(_address)] = Field(description="postgresql://... or env:NAME; kept sealed.")
    query: Annotated[str, AfterValidator(_bounded)] = Field(min_length=1, max_length=10000)


def _read(shape: SqlSource, since: datetime, until: datetime, guard: Guard) -> list[Row]:
    try:
        parts = _guarded(shape.url, guard)
        with psycopg.connect(**parts, connect_timeout=5, autocommit=False) as connection:
            connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(LIMIT_S * 1000)])
            connection.commit()
            # A cursor on the server: one statement, nothing but a query.
            with connection.cursor(name="signal", row_factory=dict_row) as cursor:
                cursor.execute(_prepared(shape.query), {"since": since, "until": until})
                return rows_of(cursor)
    except (AddressRefused, NameNotFound, ValueError) as error:
        raise SourceFailed(str(error)) from error
    except psycopg.Error as error:
        raise SourceFailed(_say(error)) from error


def _prepared(query: str) -> bytes:
    return _PLACE.sub(r"%(\1)s", query.strip().rstrip(";").replace("%", "%%")).encode()


def _guarded(url: str, guard: Guard) -> dict[str, Any]:
    fault = fault_of_url(url)
    if fault:
        raise ValueError(fault)
    parts: dict[str, Any] = dict(conninfo_to_dict(url))
    hosts = str(parts["host"]).split(",")
    ports = (str(parts.get("port") or "5432").split(",") * len(hosts))[: len(hosts)]
    if any(host.startswith(("/", "@")) for host in hosts):
        guard.require_address("127.0.0.1")  # a socket file is this machine
        return parts
    targets = [guard.resolve_now(host, int(port))[0] for host, port in zip(hosts, ports, strict=True)]
    parts["host"] = ",".join(target.host for target in targets)
    parts["hostaddr"] = ",".join(target.address for target in targets)
    parts["port"] = ",".join(ports)
    return parts


def _say(error: psycopg.Error) -> str:
    if error.sqlstate:
        return f"the database says: {error.diag.message_primary or error.sqlstate}"[:300]
    return f"the database cannot be reached: {type(error).__name__}"


def _hosts(shape: SqlSource) -> list[tuple[str, str]]:
    if not is_open(shape.url):
        return []
    hosts = str(conninfo_to_dict(shape.url).get("host") or "").split(",")
    return [("source.url", "127.0.0.1" if host.startswith(("/", "@")) else host) for host in hosts]


SOURCE = Source(
    name="sql",
    title="PostgreSQL query",
    shape=SqlSource,
    read=_read,
    chunk=timedelta(days=14),
    hosts=_hosts,
    secrets=("url",),
)
