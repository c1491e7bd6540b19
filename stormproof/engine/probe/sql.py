"""Looks at one value of a PostgreSQL database: read only, bounded in time and rows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal, say_error, shorten

Value = str | int | float | bool
# What an address may set. Others (passfile, service, sslkey ...) would read files of this machine.
ALLOWED = frozenset(
    {"host", "port", "user", "password", "dbname", "sslmode", "target_session_attrs", "application_name"}
)


@dataclass(frozen=True, kw_only=True)
class SqlCheck:
    """What to ask and what the first column of the first row must be. `url` is a PostgreSQL address."""

    url: str
    query: str
    at_least: float | None = None
    at_most: float | None = None
    equals: Value | None = None
    faster_than_s: float | None = None


def fault_of_url(url: str) -> str:
    """Why a database address cannot be used, or ""; never repeats the address, which may hold a password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "this is not a PostgreSQL address; write postgresql://user:password@host:5432/database"
    unknown = sorted(set(parts) - ALLOWED)
    if unknown:
        return f"a database address may not set {', '.join(unknown)}"
    if not str(parts.get("host") or ""):
        return "the database address names no host"
    return ""


async def probe_sql(check: SqlCheck, *, guard: Guard, deadline_s: float) -> Outcome:
    """Run the query in a read-only transaction with a time limit, and compare the value."""
    watch = Stopwatch()
    where = "the database"
    try:
        async with asyncio.timeout(deadline_s):
            parts = await _guarded_parts(check.url, guard)
            where = f"the database at {parts['host']}"
            watch.lap("dns", next_is="connecting")
            async with await psycopg.AsyncConnection.connect(**parts, autocommit=False) as connection:
                watch.lap("connect", next_is="waiting for the answer")
                row = await _first_row(connection, check.query, deadline_s)
                watch.lap("wait")
    except AddressRefused as error:
        return refusal(str(error))
    except (NameNotFound, ValueError) as error:
        return watch.failure(str(error))
    except (TimeoutError, psycopg.errors.QueryCanceled):
        return watch.too_late(deadline_s)
    except psycopg.Error as error:
        return watch.failure(_say_error(error, where))
    except OSError as error:
        return watch.failure(say_error(error, where=where))
    return _judge(check, row, watch)


async def _guarded_parts(url: str, guard: Guard) -> dict[str, Any]:
    fault = fault_of_url(url)
    if fault:
        raise ValueError(fault)
    parts: dict[str, Any] = dict(conninfo_to_dict(url))
    hosts = str(parts["host"]).split(",")
    ports = (str(parts.get("port") or "5432").split(",") * len(hosts))[: len(hosts)]
    if any(host.startswith(("/", "@")) for host in hosts):
        guard.require_address("127.0.0.1")  # a socket file is this machine
        return parts
    targets = [(await guard.resolve(host, int(port)))[0] for host, port in zip(hosts, ports, strict=True)]
    parts["host"] = ",".join(target.host for target in targets)
    parts["hostaddr"] = ",".join(target.address for target in targets)
    parts["port"] = ",".join(ports)
    return parts


async def _first_row(
    connection: psycopg.AsyncConnection[tuple[Any, ...]], query: str, deadline_s: float
) -> tuple[Any, ...] | None:
    limit = str(max(1, int(deadline_s * 1000)))
    await connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    await connection.execute("SELECT set_config('statement_timeout', %s, false)", [limit])
    await connection.commit()
    # A cursor on the server: one statement only, nothing but a query, and one row is sent, however many there are.
    async with connection.cursor(name="look") as cursor:
        await cursor.execute(query.strip().rstrip(";").encode())
        return await cursor.fetchone()


def _say_error(error: psycopg.Error, where: str) -> str:
    if error.sqlstate:
        return shorten(f"{where} says: {error.diag.message_primary or error}")
    text = str(error)
    if "refused" in text:
        return f"{where} refused the connection"
    return shorten(f"{where}: {text.splitlines()[-1] if text else type(error).__name__}")


def _judge(check: SqlCheck, row: tuple[Any, ...] | None, watch: Stopwatch) -> Outcome:
    if not row:
        return watch.failure("the query gave no row")
    value = row[0]
    found = {"value": value if isinstance(value, str | int | float | bool | None) else str(value)}
    fault = _fault_of_value(check, value)
    if fault:
        return watch.failure(fault, details=found)
    return watch.success(faster_than_s=check.faster_than_s, details=found)


def _fault_of_value(check: SqlCheck, value: object) -> str:
    shown = shorten(str(value), 60)
    if check.equals is not None and not _is_equal(value, check.equals):
        return f"the value is {shown}, expected {check.equals}"
    if check.at_least is None and check.at_most is None:
        return ""
    number = _number(value)
    if number is None:
        return f"the value is {shown}, expected a number"
    if check.at_least is not None and number < _number(check.at_least):  # type: ignore[operator]
        return f"the value is {shown}, expected at least {check.at_least:g}"
    if check.at_most is not None and number > _number(check.at_most):  # type: ignore[operator]
        return f"the value is {shown}, expected at most {check.at_most:g}"
    return ""


def _is_equal(value: object, expected: Value) -> bool:
    if isinstance(value, bool) or isinstance(expected, bool):
        return str(value).lower() == str(expected).lower()
    left, right = _number(value), _number(expected)
    return left == right if left is not None and right is not None else str(value) == str(expected)


def _number(value: object) -> Decimal | None:
    try:
        return None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None
