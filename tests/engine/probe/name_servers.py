"""A real name server over UDP and TCP for zones made here: signed, unsigned, and wrongly signed."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.rdatatype import CNAME, DS, NSEC, RRSIG, SOA

IN = dns.rdataclass.IN


def make_zone(
    name: str, lines: str, *, serial: int = 1, is_signed: bool = True, age: timedelta = timedelta()
) -> tuple[dns.zone.Zone, Any]:
    """A zone, signed with a key of its own unless told otherwise; `age` lets the signatures be older. And its key."""
    text = f"$ORIGIN {name}\n$TTL 300\n@ SOA ns.{name} mail.{name} {serial} 60 60 600 60\n{lines}"
    zone = dns.zone.from_text(text, origin=name, relativize=False)
    if not is_signed:
        return zone, None
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), algorithm="ECDSAP256SHA256", flags=257)
    start = datetime.now(UTC) - timedelta(days=1) - age
    with zone.writer() as transaction:
        dns.dnssec.sign_zone(
            zone, transaction, keys=[(private, key)], inception=start, expiration=start + timedelta(days=8)
        )
    return zone, key


def entrusted(name: str, key: Any) -> Any:
    """The DS record of a key."""
    return dns.dnssec.make_ds(dns.name.from_text(name), key, "SHA256")


class Zones:
    """Answers from zones as authoritative servers and a resolver in front of them would together."""

    def __init__(self, zones: list[dns.zone.Zone]) -> None:
        self.zones = {zone.origin: zone for zone in zones if zone.origin is not None}
        self.rcode = dns.rcode.NOERROR
        self.is_truncating = False

    def answer(self, question: dns.message.Message, *, is_udp: bool) -> dns.message.Message:
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.AA | dns.flags.RA
        reply.set_rcode(self.rcode)
        if is_udp and self.is_truncating:
            reply.flags |= dns.flags.TC
            return reply
        asked = question.question[0]
        name, wants_signatures = asked.name, bool(question.ednsflags & dns.flags.DO)
        for _ in range(4):
            zone = self._zone_for(name, asked.rdtype)
            if zone is None:
                reply.set_rcode(dns.rcode.REFUSED)
                return reply
            node = zone.get_node(name)
            found = node.get_rdataset(IN, asked.rdtype) if node is not None else None
            alias = node.get_rdataset(IN, CNAME) if node is not None else None
            if found is None and alias is not None:
                self._add(reply.answer, zone, name, alias, wants_signatures)
                name = alias[0].target
                continue
            if found is not None:
                self._add(reply.answer, zone, name, found, wants_signatures)
            else:
                self._deny(reply, zone, name, wants_signatures)
            break
        return reply

    def _zone_for(self, name: dns.name.Name, kind: int) -> dns.zone.Zone | None:
        above = [origin for origin in self.zones if name.is_subdomain(origin) and not (kind == DS and origin == name)]
        return self.zones[max(above, key=len)] if above else None

    def _add(self, section: Any, zone: dns.zone.Zone, name: dns.name.Name, records: Any, signed: bool) -> None:
        section.append(dns.rrset.from_rdata_list(name, 300, list(records)))
        signatures = zone.get_rdataset(name, RRSIG, records.rdtype)
        if signed and signatures is not None:
            section.append(dns.rrset.from_rdata_list(name, 300, list(signatures)))

    def _deny(self, reply: dns.message.Message, zone: dns.zone.Zone, name: dns.name.Name, signed: bool) -> None:
        assert zone.origin is not None
        if zone.get_node(name) is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        soa = zone.get_rdataset(zone.origin, SOA)
        self._add(reply.authority, zone, zone.origin, soa, signed)
        owners = sorted(owner for owner, node in zone.items() if node.get_rdataset(IN, NSEC) is not None)
        before = [owner for owner in owners if owner <= name]
        if signed and before:
            self._add(reply.authority, zone, before[-1], zone.get_rdataset(before[-1], NSEC), True)


@asynccontextmanager
async def name_server(zones: Zones, *, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The zones on UDP and TCP of one free port of `address`; the port."""
    loop = asyncio.get_running_loop()

    class Udp(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            reply = zones.answer(dns.message.from_wire(data), is_udp=True)
            self.transport.sendto(reply.to_wire(max_size=4096), addr)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, OSError):
            while True:
                size = struct.unpack(">H", await reader.readexactly(2))[0]
                reply = zones.answer(dns.message.from_wire(await reader.readexactly(size)), is_udp=False).to_wire()
                writer.write(struct.pack(">H", len(reply)) + reply)
        writer.close()

    tcp = await asyncio.start_server(talk, address, port, family=socket.AF_INET)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(Udp, local_addr=(address, port))
    try:
        yield port
    finally:
        udp.close()
        tcp.close()
        await asyncio.sleep(0.01)
