"""Looks at one value of a PostgreSQL database: read only, bounded in time and rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten
from stormproof.engine.probe.thresholds import Thresholds, judge_missing, judge_value

# What an address may set. Others (passfile, service, sslkey ...) would read files of this machine.
ALLOWED = frozenset(
    {"host", "port", "user", "password", "dbname", "sslmode", "target_session_attrs", "application_name"}
)


@dataclass(frozen=True, kw_only=True)
class SqlCheck:
    """What to ask and what the first column of the first row must be. `url` is a PostgreSQL address."""

    url: str
    query: str
    thresholds: Thresholds = field(default_factory=Thresholds)


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

    async def look(watch: Stopwatch) -> Outcome:
        parts = await _guarded_parts(check.url, guard)
        watch.lap("dns", next_is="connecting")
        try:
            row = await _ask(check, parts, watch, deadline_s)
        except psycopg.errors.QueryCanceled as error:
            raise TimeoutError from error
        except psycopg.Error as error:
            raise WrongAnswer(_say_error(error, f"the database at {parts['host']}")) from error
        if not row:
            return judge_missing("the query gave no row", check.thresholds, watch)
        return judge_value(row[0], check.thresholds, watch)

    return await attempt(look, deadline_s=deadline_s, where="the database")


async def _ask(check: SqlCheck, parts: dict[str, Any], watch: Stopwatch, deadline_s: float) -> tuple[Any, ...] | None:
    async with await psycopg.AsyncConnection.connect(**parts, autocommit=False) as connection:
        watch.lap("connect", next_is="waiting for the answer")
        row = await _first_row(connection, check.query, deadline_s)
        watch.lap("wait")
    return row


async def _guarded_parts(url: str, guard: Guard) -> dict[str, Any]:
    fault = fault_of_url(url)
    if fault:
        raise WrongAnswer(fault)
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
