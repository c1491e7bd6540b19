"""Looks at what the name service says of a name."""

from __future__ import annotations

from typing import Annotated, Literal

import dns.exception
import dns.name
from pydantic import AfterValidator, Field

from stormproof.engine.probe.dns import DnsCheck, Dnssec, Record, probe_dns
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, TIMEOUT_FIELD, FasterThan

RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "CAA", "SRV", "PTR", "DS", "TLSA")


def _name(text: str) -> str:
    try:
        dns.name.from_text(text)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"{text!r} is not a name: write one such as shop.example") from error
    return text


def _resolver(text: str) -> str:
    port = text.rpartition(":")[2] if text.count(":") == 1 or "]:" in text else "53"
    if text and not (port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"{text!r} is not a resolver: write an address such as 9.9.9.9, or 9.9.9.9:53")
    return text


class DnsShape(TimedShape):
    """A name in the name service."""

    kind: Literal["dns"]
    host: Annotated[str, AfterValidator(_name)] = Field(
        min_length=1, max_length=253, description="The name to ask for, such as shop.example."
    )
    record: Record = Field("A", description="The type of record.")
    values: list[str] = Field(default_factory=list, max_length=50, description="The records must be exactly these.")
    includes: list[str] = Field(default_factory=list, max_length=50, description="These must be among the records.")
    resolver: Annotated[str, AfterValidator(_resolver)] = Field(
        "",
        max_length=253,
        description="Whom to ask, such as 9.9.9.9; the machine's own resolver if left out.",
    )
    dnssec: Dnssec | None = Field(
        None,
        description="What the signatures must be: secure, insecure, or any (only bogus is down). Checked here from the "
        "root down, whatever the resolver thinks.",
    )
    same_serial: bool = Field(False, description="Degraded when the zone's name servers disagree or one is silent.")
    faster_than: FasterThan = None


async def _look(shape: DnsShape, tools: Tools) -> Outcome:
    check = DnsCheck(
        name=shape.host,
        record=shape.record,
        values=shape.values,
        includes=shape.includes,
        resolver=shape.resolver,
        dnssec=shape.dnssec,
        same_serial=shape.same_serial,
        faster_than_s=shape.faster_than,
    )
    return await probe_dns(check, guard=tools.guard, deadline_s=tools.deadline_s, at=tools.at)


def _hosts(shape: DnsShape) -> list[tuple[str, str]]:
    written = shape.resolver
    has_port = written.count(":") == 1 or "]:" in written
    return [("resolver", written.rpartition(":")[0] if has_port else written)] if written else []


KIND = Kind(
    name="dns",
    title="DNS records",
    purpose="Asks for the records of a name: the right addresses, signed properly, and the same at every name server.",
    icon="address-book",
    shape=DnsShape,
    target=lambda shape: f"{shape.record} of {shape.host}",
    hosts=_hosts,
    look=_look,
    fields=(
        FormField(path="host", label="Name", placeholder="shop.example", required=True),
        FormField(path="record", label="Record", widget="choice", choices=RECORDS),
        FormField(
            path="values",
            label="Exactly these records",
            widget="lines",
            help="One per line. Empty: any will do.",
        ),
        FormField(path="includes", label="At least these records", widget="lines", help="One per line."),
        FormField(
            path="dnssec",
            label="DNSSEC",
            widget="choice",
            choices=("", "secure", "insecure", "any"),
            help="secure: signed from the root down. insecure: proven to be unsigned. any: only wrong signatures "
            "(bogus) are down. Empty: not looked at.",
        ),
        FormField(
            path="same_serial",
            label="All name servers have the same version of the zone",
            widget="yes",
            starts=False,
            help="Degraded when their SOA serials differ, or one is silent.",
        ),
        FormField(
            path="resolver", label="Ask", placeholder="9.9.9.9", help="Empty: the resolver of the prober's machine."
        ),
        FASTER_THAN_FIELD,
        TIMEOUT_FIELD,
    ),
)
