"""Looks at what the name service says: the records of a name, whether they are signed, whether the servers agree."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.dns_asking import Asker, Server, resolvers, rrset_of
from stormproof.engine.probe.dnssec import ROOT, Anchors, Validator
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten

Record = Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "CAA", "SRV", "PTR", "DS", "TLSA"]
Dnssec = Literal["secure", "insecure", "any"]
MOST_SERVERS = 13


@dataclass(frozen=True, kw_only=True)
class DnsCheck:
    """What to ask and what is expected: exactly `values`, at least `includes`, a DNSSEC state, one serial everywhere.

    `dnssec` "any" is content with secure and insecure; bogus is down whenever it is looked at.
    """

    name: str
    record: Record = "A"
    values: Sequence[str] = ()
    includes: Sequence[str] = ()
    resolver: str = ""
    dnssec: Dnssec | None = None
    same_serial: bool = False
    faster_than_s: float | None = None
    anchors: Anchors | None = None  # else the root's
    name_server_port: int = 53


async def probe_dns(check: DnsCheck, *, guard: Guard, deadline_s: float, at: datetime) -> Outcome:
    """Ask the resolver, compare, and check signatures and serials when that is asked for; `at` is now."""

    async def look(watch: Stopwatch) -> Outcome:
        asker = Asker(await resolvers(check.resolver, guard=guard), wait_s=max(0.2, deadline_s / 4))
        name = dns.name.from_text(check.name)
        watch.doing = "waiting for the answer"
        found = await _records(check, asker, name)
        watch.lap("wait", next_is="checking signatures and serials")
        details: dict[str, Any] = {"values": found}
        fault = _fault_of_values(check, found)
        if not fault and check.dnssec is not None:
            fault = await _fault_of_signatures(check, asker, name, at, details)
        if fault:
            return watch.failure(fault, details=details)
        worry = await _worry_about_serials(check, asker, name, guard, details) if check.same_serial else ""
        return watch.success(faster_than_s=check.faster_than_s, worry=worry, details=details)

    return await attempt(look, deadline_s=deadline_s, where=f"the name server for {check.name}")


def normal(value: str) -> str:
    """A record as it is compared: lower case, one space between its parts, no last dot, TXT without quotes."""
    return " ".join(part.rstrip(".") for part in value.strip().strip('"').replace('" "', "").lower().split())


async def _records(check: DnsCheck, asker: Asker, name: dns.name.Name) -> list[str]:
    answer = await asker.ask(name, check.record)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        raise WrongAnswer(f"there is no name {check.name}")
    if answer.rcode() != dns.rcode.NOERROR:
        raise WrongAnswer(f"the name server answers {dns.rcode.to_text(answer.rcode())} for {check.name}")
    try:
        records = answer.resolve_chaining().answer if isinstance(answer, dns.message.QueryMessage) else None
    except dns.exception.DNSException as error:
        raise WrongAnswer(f"the aliases of {check.name} lead nowhere") from error
    if records is None:
        raise WrongAnswer(f"{check.name} has no {check.record} record")
    return sorted(normal(record.to_text()) for record in records)[:100]


def _fault_of_values(check: DnsCheck, found: list[str]) -> str:
    said = f"{check.record} of {check.name} is {shorten(', '.join(found), 120)}"
    if check.values and {normal(value) for value in check.values} != set(found):
        return f"{said}, expected {shorten(', '.join(check.values), 120)}"
    missing = [value for value in check.includes if normal(value) not in found]
    return f"{said}, which lacks {shorten(', '.join(missing), 120)}" if missing else ""


async def _fault_of_signatures(
    check: DnsCheck, asker: Asker, name: dns.name.Name, at: datetime, details: dict[str, Any]
) -> str:
    validator = Validator(asker, at=at, anchors=check.anchors or ROOT)
    finding = await validator.state_of(name, dns.rdatatype.from_text(check.record))
    details["dnssec"] = finding.state
    if finding.state == "bogus":
        return f"DNSSEC of {check.name} is bogus: {finding.why}"
    if check.dnssec in ("any", finding.state):
        return ""
    because = f": {finding.why}" if finding.why else ""
    return f"DNSSEC of {check.name} is {finding.state}, expected {check.dnssec}{because}"


async def _worry_about_serials(
    check: DnsCheck, asker: Asker, name: dns.name.Name, guard: Guard, details: dict[str, Any]
) -> str:
    """In words, when the zone's name servers do not all answer with the same serial; raises when none answers."""
    zone = await _zone_of(asker, name)
    answer = await asker.ask(zone, "NS")
    names = rrset_of(answer.answer, zone, dns.rdatatype.NS)
    if names is None:
        raise WrongAnswer(f"{zone} has no name servers")
    hosts = sorted(record.target for record in names)[:MOST_SERVERS]
    said = await asyncio.gather(*(_serial_of(host, zone, asker, guard, check.name_server_port) for host in hosts))
    serials = {str(host).rstrip("."): serial for host, serial in zip(hosts, said, strict=True)}
    details["serials"] = serials
    if all(isinstance(serial, str) for serial in serials.values()):
        raise WrongAnswer(f"no name server of {zone} answers: {'; '.join(map(str, serials.values()))}")
    silent = [f"{host} {serial}" for host, serial in serials.items() if isinstance(serial, str)]
    if silent:
        return f"of the name servers of {zone} {', '.join(silent)}"
    if len(set(serials.values())) > 1:
        return (
            f"the name servers of {zone} disagree: {', '.join(f'{host} {serial}' for host, serial in serials.items())}"
        )
    return ""


async def _zone_of(asker: Asker, name: dns.name.Name) -> dns.name.Name:
    answer = await asker.ask(name, "SOA")
    for records in (*answer.answer, *answer.authority):
        if records.rdtype == dns.rdatatype.SOA:
            return records.name
    raise WrongAnswer(f"{name} lies in no zone")


async def _serial_of(host: dns.name.Name, zone: dns.name.Name, asker: Asker, guard: Guard, port: int) -> int | str:
    """The serial a name server tells, or what is wrong with it in words."""
    found = []
    for kind, family in (("A", socket.AF_INET), ("AAAA", socket.AF_INET6)):
        records = rrset_of((await asker.ask(host, kind)).answer, host, dns.rdatatype.from_text(kind))
        found += [(family, record.address, port) for record in records or ()]
    try:
        target = guard.judge(str(host), found)[0]
        one = Asker([Server(target.address, target.port)], wait_s=1)
        answer = await one.ask(zone, "SOA")
    except (AddressRefused, NameNotFound, WrongAnswer) as error:
        return f"cannot be asked ({error})"
    except (TimeoutError, OSError):
        return "does not answer"
    soa = rrset_of(answer.answer, zone, dns.rdatatype.SOA)
    if soa is None or not answer.flags & dns.flags.AA:
        return "does not know the zone"
    return int(soa[0].serial)
