"""`postgres-promote`: make a standby the primary, and prove it by a first write.

The standby is promoted by SQL (`pg_promote`), or by `pg_ctl` where `data_dir` is given. Promoting one that is the
primary already changes nothing. Undoing is not possible: the old primary must be rebuilt as a standby.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from psycopg import sql
from pydantic import Field, field_validator

from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, StepKind, Verdict
from stormproof.recover.kinds.databases import connect, fault_of_address
from stormproof.recover.kinds.shapes import Shape
from stormproof.recover.kinds.sql import shown

# A message in the write-ahead log is a true write: its commit waits for synchronous standbys as any other does.
FIRST_WRITE = "SELECT pg_logical_emit_message(true, 'stormproof', %s)::text"


class PostgresPromoteShape(Shape):
    """The standby to promote."""

    url: str
    data_dir: str | None = None
    pg_ctl: str = "pg_ctl"
    os_user: str | None = None
    old_primary: str | None = None
    reset_synchronous_standby_names: bool = False
    first_write: bool = True
    needs_lag_below: int | None = Field(default=None, ge=0)  # bytes not yet replayed

    @field_validator("url", "old_primary")
    @classmethod
    def _is_database(cls, url: str | None) -> str | None:
        fault = fault_of_address(url) if url else ""
        if fault:
            raise ValueError(fault)
        return url


class PostgresPromote(StepKind[PostgresPromoteShape]):
    """Promotes a PostgreSQL standby."""

    name: ClassVar[str] = "postgres-promote"
    title: ClassVar[str] = "Promote PostgreSQL"
    shape = PostgresPromoteShape
    can_probe: ClassVar[bool] = True

    def is_safe_to_repeat(self, with_: PostgresPromoteShape) -> bool:
        """Promoting what is the primary already changes nothing, and it looks before it acts."""
        return True

    def where(self, with_: PostgresPromoteShape) -> str:
        """The standby."""
        return f"make {shown(with_.url)} the primary"

    def execute(self, with_: PostgresPromoteShape, call: StepCall) -> Outcome:
        """Promote it, unless the old primary still takes writes."""
        fault = _fault_of_old_primary(with_)
        if fault:
            return Outcome("failed", fault)
        try:
            with connect(with_.url, seconds=call.seconds_left()) as connection:
                connection.autocommit = True
                return _promote(with_, connection, call)
        except psycopg.errors.InsufficientPrivilege as error:
            return Outcome("failed", f"{str(error).strip()}; grant it: GRANT EXECUTE ON FUNCTION pg_promote TO ...")
        except psycopg.Error as error:
            return Outcome("unclear", str(error).strip())

    def verify(self, with_: PostgresPromoteShape, call: StepCall) -> Verdict | None:
        """Done when the server is no longer in recovery and has taken a first write."""
        try:
            with connect(with_.url, seconds=min(10.0, call.seconds_left())) as connection:
                if _is_standby(connection):
                    return Verdict("not_done", "the server is still in recovery")
                if with_.first_write:
                    connection.execute(FIRST_WRITE, [call.key])
                    connection.commit()
        except psycopg.Error as error:
            return Verdict("inconclusive", str(error).strip())
        return Verdict("done", "the server is out of recovery" + (" and takes writes" if with_.first_write else ""))

    def dry_run(self, with_: PostgresPromoteShape) -> str:
        """Says what would be promoted."""
        how = f"{with_.pg_ctl} promote -D {with_.data_dir}" if with_.data_dir else "pg_promote()"
        more = " after emptying synchronous_standby_names" if with_.reset_synchronous_standby_names else ""
        return f"would {self.where(with_)} by {how}{more}"


def _is_standby(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def _fault_of_old_primary(with_: PostgresPromoteShape) -> str:
    """Why the old primary forbids it, or "": two primaries would each take orders the other never sees."""
    if not with_.old_primary:
        return ""
    try:
        with connect(with_.old_primary, seconds=2) as connection:
            if not _is_standby(connection):
                return f"the old primary {shown(with_.old_primary)} still takes writes: fence it first"
    except psycopg.Error:
        return ""
    return ""


def _promote(with_: PostgresPromoteShape, connection: psycopg.Connection[Any], call: StepCall) -> Outcome:
    if with_.reset_synchronous_standby_names:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        connection.execute("SELECT pg_reload_conf()")
        call.say("synchronous_standby_names is empty: writes wait for nobody\n")
    if not _is_standby(connection):
        return Outcome("done", "the server was the primary already")
    fault = _fault_of_lag(with_, connection)
    if fault:
        return Outcome("failed", fault)
    seconds = max(1, int(call.seconds_left()))
    if with_.data_dir:
        return _promote_by_pg_ctl(with_, seconds=seconds)
    wait = sql.SQL("SELECT pg_promote(true, {})").format(seconds)
    row = connection.execute(wait).fetchone()
    if row and row[0]:
        return Outcome("done", "promoted")
    return Outcome("unclear", f"the promotion did not end within {seconds} s")


def _fault_of_lag(with_: PostgresPromoteShape, connection: psycopg.Connection[Any]) -> str:
    if with_.needs_lag_below is None:
        return ""
    row = connection.execute(
        "SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint"
    ).fetchone()
    lag = int(row[0]) if row else 0
    if lag <= with_.needs_lag_below:
        return ""
    return f"{lag} bytes are received and not replayed, allowed are {with_.needs_lag_below}"


def _promote_by_pg_ctl(with_: PostgresPromoteShape, *, seconds: int) -> Outcome:
    program = shutil.which(with_.pg_ctl)
    folder = with_.data_dir or ""
    if program is None:
        raise CannotRunStep(f"there is no program {with_.pg_ctl} on this worker; give its path as pg_ctl")
    if not Path(folder).is_absolute():
        raise CannotRunStep(f"data_dir {folder} is not an absolute path")
    words = [program, "promote", "-D", folder, "-w", "-t", str(seconds)]
    try:
        ended = subprocess.run(
            words, user=with_.os_user, capture_output=True, text=True, timeout=seconds + 2, check=False, cwd="/"
        )
    except subprocess.TimeoutExpired:
        return Outcome("unclear", f"pg_ctl did not end within {seconds} s")
    except (OSError, ValueError, LookupError) as error:
        raise CannotRunStep(f"{program} cannot be started: {error}") from error
    output = f"{ended.stdout}{ended.stderr}".strip()
    return Outcome("done" if ended.returncode == 0 else "unclear", output, {"exit_code": ended.returncode})
