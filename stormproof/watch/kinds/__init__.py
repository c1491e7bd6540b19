"""Kinds of monitors: one folder each, one line in this registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from stormproof.core.refusals import Refused
from stormproof.watch.kinds import (
    browser,
    dns,
    domain,
    heartbeat,
    host,
    http,
    icmp,
    journey,
    mail,
    mysql,
    number,
    promql,
    redis,
    security,
    signal,
    slo,
    sql,
    ssh,
    tcp,
    tls,
    udp,
    vendor,
)
from stormproof.watch.kinds.kind import BASE_FIELDS, Kind, MonitorShape, open_config, resolve_config, seal_config

KINDS: dict[str, Kind] = {
    "http": http.KIND,
    "tcp": tcp.KIND,
    "tls": tls.KIND,
    "dns": dns.KIND,
    "domain": domain.KIND,
    "icmp": icmp.KIND,
    "udp": udp.KIND,
    "ssh": ssh.KIND,
    "sql": sql.KIND,
    "mysql": mysql.KIND,
    "redis": redis.KIND,
    "mail": mail.KIND,
    "number": number.KIND,
    "promql": promql.KIND,
    "journey": journey.KIND,
    "browser": browser.KIND,
    "heartbeat": heartbeat.KIND,
    "host": host.KIND,
    "vendor": vendor.KIND,
    "security": security.KIND,
    "signal": signal.KIND,
    "slo": slo.KIND,
}
PASSIVE = tuple(name for name, kind in KINDS.items() if not kind.is_active)  # no prober looks at these
BESIDE_NODES = tuple(name for name, kind in KINDS.items() if not kind.tells_of_node)  # say nothing of how a node is


class WrongSettings(Refused):
    """Settings of a monitor that cannot be used; `problems` names each field and what is wrong with it."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        field, message = problems[0]
        super().__init__(f"{field}: {message}" if field else message, field=field)


def kind_named(name: str) -> Kind:
    """The kind of that name; raises `WrongSettings`."""
    if name not in KINDS:
        raise WrongSettings([("kind", f"there is no kind {name!r}; choose one of {', '.join(KINDS)}")])
    return KINDS[name]


def read_settings(data: Mapping[str, Any]) -> Any:
    """The settings of a monitor from plain data in file form; raises `WrongSettings` naming each wrong field."""
    kind = kind_named(str(data.get("kind", "")))
    try:
        return kind.shape.model_validate(dict(data))
    except ValidationError as error:
        raise WrongSettings(
            [(".".join(str(step) for step in one["loc"]), _plain(one["msg"])) for one in error.errors()]
        ) from error


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Field required", "this is needed")


def config_of(shape: MonitorShape) -> dict[str, Any]:
    """What is stored of settings: what the kind adds, in file form, secrets sealed."""
    data = shape.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    kind = KINDS[str(data["kind"])]
    return seal_config(kind, {key: value for key, value in data.items() if key not in BASE_FIELDS})


__all__ = [
    "BESIDE_NODES",
    "KINDS",
    "PASSIVE",
    "Kind",
    "MonitorShape",
    "WrongSettings",
    "config_of",
    "kind_named",
    "open_config",
    "read_settings",
    "resolve_config",
]
