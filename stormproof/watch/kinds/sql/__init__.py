"""Looks at one value of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field

from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.sql import SqlCheck, fault_of_url, probe_sql
from stormproof.watch.kinds.kind import FROM_ENV, SEALED, FormField, Kind, Path, Tools, require_foreign_variable
from stormproof.watch.kinds.thresholds import VALUE_FIELDS, ValueShape, thresholds_of


def _database_address(url: str) -> str:
    if url.startswith(FROM_ENV):
        return require_foreign_variable(url)
    if url.startswith(SEALED):
        return url
    fault = fault_of_url(url)
    if fault:
        raise ValueError(fault)
    return url


class SqlShape(ValueShape):
    """A value in a PostgreSQL database."""

    kind: Literal["sql"]
    url: Annotated[str, AfterValidator(_database_address)] = Field(
        description="postgresql://... or env:NAME, to take the address from the prober's environment."
    )
    query: str = Field(
        min_length=1, max_length=10000, description="One statement; the first column of its first row is the value."
    )


async def _look(shape: SqlShape, tools: Tools) -> Outcome:
    check = SqlCheck(url=shape.url, query=shape.query, thresholds=thresholds_of(shape))
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
        *VALUE_FIELDS,
    ),
)
