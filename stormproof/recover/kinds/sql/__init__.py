"""`sql`: one statement in one transaction; an answer that is not as expected rolls it back."""

from __future__ import annotations

from typing import Any, ClassVar

import psycopg
from pydantic import Field, field_validator

from stormproof.recover.kinds.contract import Outcome, StepCall, StepKind, Verdict
from stormproof.recover.kinds.databases import connect, fault_of_address
from stormproof.recover.kinds.expectations import SqlExpectation
from stormproof.recover.kinds.shapes import Shape

SHOWN_ROWS = 20


class SqlShape(Shape):
    """A statement, its values and what it must give."""

    url: str
    query: str = Field(min_length=1, max_length=20_000)
    params: list[str | int | float | bool | None] = Field(default_factory=list)
    expect: SqlExpectation | None = None
    read_only: bool = False

    @field_validator("url")
    @classmethod
    def _is_database(cls, url: str) -> str:
        fault = fault_of_address(url)
        if fault:
            raise ValueError(fault)
        return url


class Sql(StepKind[SqlShape]):
    """Runs a statement."""

    name: ClassVar[str] = "sql"
    title: ClassVar[str] = "SQL"
    shape = SqlShape
    can_probe: ClassVar[bool] = True
    unfilled: ClassVar[frozenset[str]] = frozenset({"query"})

    def is_safe_to_repeat(self, with_: SqlShape) -> bool:
        """Only when it may not write."""
        return with_.read_only

    def where(self, with_: SqlShape) -> str:
        """The first words of the statement."""
        words = " ".join(with_.query.split())
        return f"{words[:80]}{'…' if len(words) > 80 else ''} in {shown(with_.url)}"

    def execute(self, with_: SqlShape, call: StepCall) -> Outcome:
        """Run it. Everything before the commit fails for certain; a commit that gets no answer is unclear."""
        return _run(with_, call, read_only=with_.read_only)

    def probe(self, with_: SqlShape, call: StepCall) -> Verdict:
        """Done when the statement, which may only read, gives what is expected."""
        outcome = _run(with_, call, read_only=True)
        return Verdict("done" if outcome.state == "done" else "not_done", outcome.output)

    def dry_run(self, with_: SqlShape) -> str:
        """Says what would run."""
        return f"would run {self.where(with_)}"


def _run(with_: SqlShape, call: StepCall, *, read_only: bool) -> Outcome:
    committing = False
    try:
        with connect(with_.url, seconds=call.seconds_left()) as connection:
            connection.read_only = read_only
            output, value, rows = _ask(connection, with_)
            fault = with_.expect.fault(value=value, rows=rows) if with_.expect else ""
            if fault:
                connection.rollback()
                return Outcome("failed", f"{output}\n[{fault}: rolled back]", {"rows": rows})
            committing = True
            connection.commit()
    except psycopg.OperationalError as error:
        lost = committing and not read_only
        return Outcome("unclear" if lost else "failed", str(error).strip())
    except psycopg.Error as error:
        return Outcome("failed", str(error).strip())
    return Outcome("done", output, {"rows": rows, "value": str(value)})


def _ask(connection: psycopg.Connection[Any], with_: SqlShape) -> tuple[str, Any, int]:
    """What the page shows, the first value, and the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute(with_.query.encode(), with_.params or None)
        if cursor.description is None:
            return f"{cursor.statusmessage}", None, cursor.rowcount
        first = cursor.fetchmany(SHOWN_ROWS)
        lines = [" | ".join(column.name for column in cursor.description)]
        lines += [" | ".join("" if cell is None else str(cell) for cell in row) for row in first]
        if cursor.rowcount > SHOWN_ROWS:
            lines.append(f"… {cursor.rowcount - SHOWN_ROWS} more rows")
        return "\n".join(lines), first[0][0] if first else None, cursor.rowcount


def shown(url: str) -> str:
    """A database address without what is nobody's business."""
    if "://" not in url:
        return url if url.startswith(("env:", "sealed:")) else "the database"
    rest = url.split("://", 1)[1].split("?", 1)[0]
    return rest.rsplit("@", 1)[-1] or "the local database"
