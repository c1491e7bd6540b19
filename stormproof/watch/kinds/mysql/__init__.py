"""Looks at one value of a MySQL or MariaDB database, or at the lag of a replica."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from stormproof.engine.probe.mysql import MysqlCheck, fault_of_mysql_url, fault_of_query, probe_mysql
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.kind import FormField, Kind, Path, Tools
from stormproof.watch.kinds.targets import SEALED_HELP, hosts_of_secret, sealed_address, target_of_secret
from stormproof.watch.kinds.thresholds import VALUE_FIELDS, ValueShape, thresholds_of


def _address(url: str) -> str:
    return sealed_address(url, fault_of_mysql_url)


def _query(text: str) -> str:
    if text and (fault := fault_of_query(text)):
        raise ValueError(fault)
    return text


class MysqlShape(ValueShape):
    """A value in a MySQL or MariaDB database."""

    kind: Literal["mysql"]
    url: Annotated[str, AfterValidator(_address)] = Field(
        description="mysql://user:password@host:3306/database, with ?tls=yes for TLS, or env:NAME."
    )
    query: Annotated[str, AfterValidator(_query)] = Field(
        "", max_length=10000, description="One statement; the first column of its first row is the value."
    )
    replica_lag: bool = Field(False, description="The value is how many seconds this replica is behind.")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if bool(self.query) == self.replica_lag:
            raise ValueError("query: give a query, or ask for replica_lag, one of the two")
        return self


async def _look(shape: MysqlShape, tools: Tools) -> Outcome:
    check = MysqlCheck(url=shape.url, query=shape.query, thresholds=thresholds_of(shape))
    return await probe_mysql(check, guard=tools.guard, deadline_s=tools.deadline_s)


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    return [("url",)]


def _target(shape: MysqlShape) -> str:
    def said(url: str) -> str:
        return f"{urlsplit(url).path.strip('/') or 'database'} at {urlsplit(url).hostname}"

    return target_of_secret(shape.url, said)


KIND = Kind(
    name="mysql",
    title="MySQL value",
    purpose="Asks a MySQL or MariaDB database for one value, read only, or how far a replica is behind.",
    icon="database-heart",
    shape=MysqlShape,
    target=_target,
    hosts=lambda shape: hosts_of_secret(shape.url),
    look=_look,
    secret_paths=_secrets,
    fields=(
        FormField(
            path="url",
            label="Database",
            widget="secret",
            placeholder="mysql://reader:password@db.shop.example/shop",
            required=True,
            help=SEALED_HELP,
        ),
        FormField(path="query", label="Query", widget="area", placeholder="SELECT count(*) FROM orders"),
        FormField(
            path="replica_lag",
            label="Instead of a query: how many seconds the replica is behind",
            widget="yes",
            starts=False,
            help="A replica that does not replicate, or is none, is down.",
        ),
        *VALUE_FIELDS,
    ),
)
