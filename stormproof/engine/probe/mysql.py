"""Looks at one value of a MySQL or MariaDB database, or at how far a replica lags: read only, bounded."""

from __future__ import annotations

import re
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.blocking import Leash, run_blocking
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten
from stormproof.engine.probe.thresholds import Thresholds, judge_missing, judge_value

MOST_BYTES = 4 << 20
_READING = re.compile(r"\s*(select|with|show|values|table)\b", re.IGNORECASE)
_WRITING = re.compile(
    r"\binto\s+(outfile|dumpfile|@)|/\*[!m]|\bfor\s+update\b|\block\s+in\b|\bget_lock\b", re.IGNORECASE
)
LAG_NAMES = ("Seconds_Behind_Source", "Seconds_Behind_Master")


@dataclass(frozen=True, kw_only=True)
class MysqlCheck:
    """What to ask: the first column of the first row of `query`, or, without one, the lag of the replica in seconds."""

    url: str
    query: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)


def fault_of_mysql_url(url: str) -> str:
    """Why the address cannot be used, or ""; never repeats it, for it may hold a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("mysql", "mariadb") and bool(parts.hostname) and (parts.port or 1) > 0
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        good, options = False, {}
    if not good or set(options) - {"tls"} or options.get("tls", ["yes"]) not in (["yes"], ["no"]):
        return "this is not a MySQL address; write mysql://user:password@host:3306/database, with ?tls=yes for TLS"
    return ""


def fault_of_query(query: str) -> str:
    """Why a statement is not asked, or "": only what reads. The transaction is read only besides."""
    if not _READING.match(query):
        return "a query begins with SELECT, WITH, SHOW, VALUES or TABLE"
    if _WRITING.search(query):
        return "a query may not write to files or variables, take locks or hide statements in comments"
    return ""


async def probe_mysql(
    check: MysqlCheck, *, guard: Guard, deadline_s: float, trust: ssl.SSLContext | None = None
) -> Outcome:
    """Ask in a thread of a bounded pool. `trust` replaces the authorities of the machine for ?tls=yes."""
    where = f"the database at {urlsplit(check.url).hostname}"

    async def look(watch: Stopwatch) -> Outcome:
        if fault := fault_of_mysql_url(check.url) or (fault_of_query(check.query) if check.query else ""):
            raise WrongAnswer(fault)
        watch.doing = "waiting for the answer"
        found = await run_blocking(
            lambda leash: _ask(check, leash, where, deadline_s, trust), guard=guard, deadline_s=deadline_s
        )
        watch.lap("wait")
        if found is None:
            return judge_missing("the query gave no row", check.thresholds, watch)
        value = found[0]
        shown = value.decode(errors="replace") if isinstance(value, bytes) else value
        if check.query:
            return judge_value(shown, check.thresholds, watch)
        return judge_value(shown, check.thresholds, watch, name="the replica's lag", unit=" s")

    return await attempt(look, deadline_s=deadline_s, where=where)


def _ask(
    check: MysqlCheck, leash: Leash, where: str, deadline_s: float, trust: ssl.SSLContext | None
) -> tuple[Any, ...] | None:
    import pymysql  # noqa: PLC0415
    from pymysql.cursors import Cursor, DictCursor  # noqa: PLC0415

    try:
        connection = _connect(check.url, leash, deadline_s, trust)
        try:
            with connection.cursor(Cursor if check.query else DictCursor) as cursor:
                _limit(cursor, deadline_s)
                if not check.query:
                    return (_lag(cursor, where),)
                cursor.execute(check.query.strip().rstrip(";"))
                row: tuple[Any, ...] | None = cursor.fetchone()
                return row
        finally:
            with suppress(pymysql.Error, OSError):
                connection.close()
    except pymysql.Error as error:
        raise WrongAnswer(_say(error, where)) from error
    except RuntimeError as error:  # pymysql's refusal of LOAD LOCAL, which a hostile server asks for
        raise WrongAnswer(f"{where} asks for a file of this machine") from error
    except (IndexError, ValueError, UnicodeError, AttributeError, TypeError, struct.error, AssertionError) as error:
        raise WrongAnswer(f"{where} does not speak the protocol of MySQL") from error


def _connect(url: str, leash: Leash, deadline_s: float, trust: ssl.SSLContext | None) -> Any:
    from pymysql.connections import Connection  # noqa: PLC0415

    class Bounded(Connection):
        """Reads no more than a look may, whatever the server sends."""

        left = MOST_BYTES

        def _read_bytes(self, num_bytes: int) -> Any:
            self.left -= num_bytes
            if self.left < 0:
                raise WrongAnswer("the database sends more than 4 MiB for one value")
            return super()._read_bytes(num_bytes)  # type: ignore[misc]

    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 3306
    is_secured = parse_qs(parts.query).get("tls") == ["yes"]
    connection = Bounded(
        host=host,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.strip("/")) or None,
        connect_timeout=max(1, int(deadline_s)),
        read_timeout=deadline_s,
        write_timeout=deadline_s,
        ssl=(trust or ssl.create_default_context()) if is_secured else None,
        ssl_disabled=not is_secured,
        local_infile=False,
        defer_connect=True,
    )
    connection.connect(sock=leash.connect(host, port))
    return connection


def _limit(cursor: Any, deadline_s: float) -> None:
    """Read only, and ended by the server itself when it takes too long: MariaDB and MySQL say that differently."""
    import pymysql  # noqa: PLC0415

    try:
        cursor.execute(f"SET SESSION max_statement_time = {deadline_s:.3f}")
    except pymysql.Error:
        cursor.execute(f"SET SESSION max_execution_time = {int(deadline_s * 1000)}")
    cursor.execute("SET SESSION sql_select_limit = 1")
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.execute("START TRANSACTION READ ONLY")


def _lag(cursor: Any, where: str) -> Decimal:
    import pymysql  # noqa: PLC0415

    try:
        cursor.execute("SHOW REPLICA STATUS")
    except pymysql.ProgrammingError:
        cursor.execute("SHOW SLAVE STATUS")
    row = cursor.fetchone()
    if not row:
        raise WrongAnswer(f"{where} is not a replica")
    lag = next((row[name] for name in LAG_NAMES if row.get(name) is not None), None)
    if lag is None:
        why = row.get("Last_SQL_Error") or row.get("Last_IO_Error") or "replication is not running"
        raise WrongAnswer(f"{where} does not replicate: {shorten(str(why), 150)}")
    return Decimal(lag)


def _say(error: Exception, where: str) -> str:
    text = str(error.args[1]) if len(error.args) > 1 else str(error)
    if "timed out" in text or "Lost connection" in text:
        return f"{where} closed the connection"
    return shorten(f"{where} says: {text}")
