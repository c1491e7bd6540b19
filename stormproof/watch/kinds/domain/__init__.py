"""Looks at the registration of a domain: when it ends, and whether the registry switched it off."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stormproof.core.document import Duration
from stormproof.engine.probe.domain import DomainCheck, probe_domain
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import TIMEOUT_FIELD
from stormproof.watch.kinds.web import web_address


def _domain(text: str) -> str:
    """The domain as the registry knows it: lower case, and letters of other scripts as xn--."""
    try:
        name = text.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError as error:
        raise ValueError(f"{text!r} is not a domain") from error
    if "." not in name or any(not part or not part.replace("-", "").isalnum() for part in name.split(".")):
        raise ValueError(f"{text!r} is not a domain: write the registered one, such as shop.example")
    return name


def _server(text: str) -> str:
    return web_address(text) if text else text


class DomainShape(TimedShape):
    """The registration of a domain."""

    kind: Literal["domain"]
    every: Duration = Field(6 * 3600, ge=900, le=86400, description="How often it looks; registries bear no haste.")
    domain: Annotated[str, AfterValidator(_domain)] = Field(
        max_length=253, description="The registered domain, such as shop.example, not www.shop.example."
    )
    warn_before: Duration = Field(30 * 86400, ge=0, description="Degraded from this long before the registration ends.")
    server: Annotated[str, AfterValidator(_server)] = Field(
        "", max_length=2000, description="The RDAP server to ask; the one that IANA names if left out."
    )


async def _look(shape: DomainShape, tools: Tools) -> Outcome:
    check = DomainCheck(name=shape.domain, server=shape.server, warn_before_s=shape.warn_before)
    return await probe_domain(check, http=tools.http, deadline_s=tools.deadline_s, at=tools.at)


KIND = Kind(
    name="domain",
    title="Domain registration",
    purpose="Asks the registry (RDAP) when a domain ends and whether it was put on hold. A lost domain is a lost shop.",
    icon="world-www",
    shape=DomainShape,
    target=lambda shape: shape.domain,
    hosts=lambda shape: [("server", urlsplit(shape.server).hostname or "")] if shape.server else [],
    look=_look,
    fields=(
        FormField(path="domain", label="Domain", placeholder="shop.example", required=True),
        FormField(path="warn_before", label="Warn before", placeholder="30d", help="Degraded from this long before."),
        FormField(
            path="server",
            label="RDAP server",
            placeholder="https://rdap.registry.example/",
            help="Empty: the one that IANA names for the top level domain.",
        ),
        TIMEOUT_FIELD,
    ),
)
