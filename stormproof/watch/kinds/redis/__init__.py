"""Looks at a Redis or Valkey server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.redis import RedisCheck, fault_of_redis_url, probe_redis, read_command
from stormproof.watch.kinds.kind import FormField, Kind, Path, Tools
from stormproof.watch.kinds.targets import SEALED_HELP, hosts_of_secret, sealed_address, target_of_secret
from stormproof.watch.kinds.thresholds import VALUE_FIELDS, ValueShape, thresholds_of


def _address(url: str) -> str:
    return sealed_address(url, fault_of_redis_url)


def _command(text: str) -> str:
    if text:
        read_command(text)
    return text


class RedisShape(ValueShape):
    """A Redis server: PING, or one value of it."""

    kind: Literal["redis"]
    url: Annotated[str, AfterValidator(_address)] = Field(
        description="redis://user:password@host:6379/0, rediss:// for TLS, or env:NAME."
    )
    info: str = Field(
        "",
        pattern=r"^[a-z0-9_]*$",
        max_length=100,
        description="A value of INFO, such as role, connected_replicas, used_memory, rdb_last_bgsave_status.",
    )
    command: Annotated[str, AfterValidator(_command)] = Field(
        "", max_length=1000, description="A command that only reads, such as LLEN orders."
    )

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if self.info and self.command:
            raise ValueError("ask for a value of info or run a command, not both")
        return self


async def _look(shape: RedisShape, tools: Tools) -> Outcome:
    check = RedisCheck(url=shape.url, info=shape.info, command=shape.command, thresholds=thresholds_of(shape))
    return await probe_redis(check, guard=tools.guard, deadline_s=tools.deadline_s)


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    return [("url",)]


def _target(shape: RedisShape) -> str:
    what = shape.info or shape.command or "PING"
    return target_of_secret(shape.url, lambda url: f"{what} at {urlsplit(url).hostname}")


KIND = Kind(
    name="redis",
    title="Redis",
    purpose="Asks a Redis or Valkey server: does it answer, is it the primary, how long is the queue?",
    icon="stack-2",
    shape=RedisShape,
    target=_target,
    hosts=lambda shape: hosts_of_secret(shape.url),
    look=_look,
    secret_paths=_secrets,
    fields=(
        FormField(
            path="url",
            label="Server",
            widget="secret",
            placeholder="redis://probe:password@cache.shop.example:6379/0",
            required=True,
            help=SEALED_HELP,
        ),
        FormField(
            path="info",
            label="Value of INFO",
            placeholder="role",
            help="Such as role, connected_replicas, used_memory. Empty, and no command: PING.",
        ),
        FormField(path="command", label="Command", placeholder="LLEN orders", help="One that only reads."),
        *VALUE_FIELDS,
    ),
)
