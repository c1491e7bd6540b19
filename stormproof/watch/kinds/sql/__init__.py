"""Looks at one value of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stormproof.core.document import FineDuration
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.sql import SqlCheck, fault_of_url, probe_sql
from stormproof.watch.kinds.kind import (
    FROM_ENV,
    SEALED,
    ActiveShape,
    FormField,
    Kind,
    Path,
    Tools,
    require_foreign_variable,
)


def _database_address(url: str) -> str:
    if url.startswith(FROM_ENV):
        return require_foreign_variable(url)
    if url.startswith(SEALED):
        return url
    fault = fault_of_url(url)
    if fault:
        raise ValueError(fault)
    return url


class ExpectValue(BaseModel):
    """What the first column of the first row must be."""

    model_config = ConfigDict(extra="forbid")

    equals: str | int | float | bool | None = None
    at_least: float | None = None
    at_most: float | None = None


class SqlShape(ActiveShape):
    """A value in a PostgreSQL database."""

    kind: Literal["sql"]
    url: Annotated[str, AfterValidator(_database_address)] = Field(
        description="postgresql://... or env:NAME, to take the address from the prober's environment."
    )
    query: str = Field(min_length=1, max_length=10000)
    expect: ExpectValue = Field(default_factory=ExpectValue)
    faster_than: FineDuration | None = Field(None, gt=0, description="Slower than this is degraded.")


async def _look(shape: SqlShape, tools: Tools) -> Outcome:
    expect = shape.expect
    check = SqlCheck(
        url=shape.url,
        query=shape.query,
        equals=expect.equals,
        at_least=expect.at_least,
        at_most=expect.at_most,
        faster_than_s=shape.faster_than,
    )
    return await probe_sql(check, guard=tools.guard, deadline_s=tools.deadline_s)


def _hosts(shape: SqlShape) -> list[tuple[str, str]]:
    if shape.url.startswith((FROM_ENV, SEALED)):
        return []
    hosts = str(conninfo_to_dict(shape.url).get("host") or "").split(",")
    return [("url", "127.0.0.1" if host.startswith(("/", "@")) else host) for host in hosts]


def _target(shape: SqlShape) -> str:
    if shape.url.startswith(FROM_ENV):
        return shape.url
    parts = conninfo_to_dict(shape.url)
    return f"{parts.get('dbname') or 'database'} at {parts.get('host')}"


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    return [("url",)]


KIND = Kind(
    name="sql",
    title="Database value",
    purpose="Asks a PostgreSQL database for one value, read only: is it there, is it the primary, does it lag?",
    icon="database",
    shape=SqlShape,
    target=_target,
    hosts=_hosts,
    look=_look,
    secret_paths=_secrets,
    fields=(
        FormField(
            path="url",
            label="Database",
            widget="secret",
            placeholder="postgresql://reader@db.shop.example/shop",
            required=True,
            help="Kept sealed. env:NAME takes it from the prober's environment.",
        ),
        FormField(
            path="query", label="Query", widget="area", placeholder="SELECT NOT pg_is_in_recovery()", required=True
        ),
        FormField(path="expect.equals", label="The value is", widget="scalar", placeholder="true"),
        FormField(path="expect.at_least", label="The value is at least", widget="number"),
        FormField(path="expect.at_most", label="The value is at most", widget="number"),
        FormField(
            path="faster_than", label="Faster than", placeholder="500ms", help="Slower than this is degraded, not down."
        ),
    ),
)
