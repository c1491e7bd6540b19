"""dns against real name servers: records, DNSSEC from an anchor down, serials, and servers that misbehave."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.dns import DnsCheck, normal, probe_dns
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome
from tests.engine.probe.name_servers import Zones, entrusted, make_zone, name_server
from tests.engine.probe.servers import LOOPBACK

NAMES = "@ NS ns1.shop.test.\n@ NS ns2.shop.test.\nns1 A 127.0.0.1\nns2 A 127.0.0.2\n"
SHOP = f"""{NAMES}
www A 192.0.2.1
www A 192.0.2.2
cdn CNAME www
plain CNAME www.plain.test.
@ MX 10 mail
@ TXT "v=spf1 -all"
"""


def world(*, serial: int = 1) -> tuple[Zones, Any]:
    """The zones `test.` (the anchor), `shop.test.` signed, `plain.test.` unsigned, and three that are bogus."""
    shop, shop_key = make_zone("shop.test.", SHOP, serial=serial)
    plain, _ = make_zone("plain.test.", "@ NS ns\nns A 127.0.0.1\nwww A 192.0.2.7\n", is_signed=False)
    lines = "@ NS ns\nns A 127.0.0.1\nwww A 192.0.2.9\n"
    changed, changed_key = make_zone("changed.test.", lines)
    with changed.writer() as writer:
        writer.replace(dns.name.from_text("www.changed.test."), dns.rdataset.from_text("IN", "A", 300, "192.0.2.66"))
    old, old_key = make_zone("old.test.", lines, age=timedelta(days=30))
    other, _ = make_zone("other.test.", lines)
    bare, _ = make_zone("bare.test.", lines, is_signed=False)
    signed = {"shop": shop_key, "changed": changed_key, "old": old_key, "other": shop_key, "bare": shop_key}
    entries = [(name, entrusted(f"{name}.test.", key).to_text()) for name, key in signed.items()]
    delegated = "".join(f"{name} NS ns.{name}.test.\n{name} DS {entry}\n" for name, entry in entries)
    top, top_key = make_zone("test.", f"@ NS ns\nns A 127.0.0.1\nplain NS ns.plain.test.\n{delegated}")
    anchors = {dns.name.from_text("test."): dns.rdataset.from_rdata(300, entrusted("test.", top_key))}
    return Zones([top, shop, plain, changed, old, other, bare]), anchors


def look(name: str, *, made: tuple[Zones, Any] | None = None, guard: Guard = LOOPBACK, **about: Any) -> Outcome:
    zones, anchors = made or world()

    async def run() -> Outcome:
        async with name_server(zones) as port:
            check = DnsCheck(name=name, resolver=f"127.0.0.1:{port}", anchors=anchors, name_server_port=port, **about)
            return await probe_dns(check, guard=guard, deadline_s=5, at=datetime.now(UTC))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "about", "reason"),
    [
        ("www.shop.test", {"values": ["192.0.2.2", "192.0.2.1"]}, ""),
        ("cdn.shop.test.", {"includes": ["192.0.2.1"]}, ""),
        ("shop.test", {"record": "MX", "values": ["10 MAIL.shop.test."]}, ""),
        ("shop.test", {"record": "TXT", "values": ["v=spf1 -all"]}, ""),
        ("www.shop.test", {"values": ["192.0.2.1"]}, "A of www.shop.test is 192.0.2.1, 192.0.2.2, expected 192.0.2.1"),
        (
            "www.shop.test",
            {"includes": ["192.0.2.3"]},
            "A of www.shop.test is 192.0.2.1, 192.0.2.2, which lacks 192.0.2.3",
        ),
        ("www.shop.test", {"record": "AAAA"}, "www.shop.test has no AAAA record"),
        ("gone.shop.test", {}, "there is no name gone.shop.test"),
        ("shop.example", {}, "the name server answers REFUSED for shop.example"),
    ],
)
def test_records_are_compared(name: str, about: dict[str, Any], reason: str) -> None:
    found = look(name, **about)
    assert (found.ok, found.reason) == (not reason, reason)


@pytest.mark.parametrize(
    ("name", "state", "why"),
    [
        ("www.shop.test", "secure", ""),
        ("cdn.shop.test", "secure", ""),
        ("www.plain.test", "insecure", "plain.test. is delegated without a key (no DS record)"),
        ("plain.shop.test", "insecure", "plain.test. is delegated without a key (no DS record)"),
        ("www.changed.test", "bogus", "the signature of www.changed.test. A is wrong"),
        ("www.old.test", "bogus", "the signature of old.test. DNSKEY has expired"),
        ("www.other.test", "bogus", "no key of other.test. is the one that the level above names"),
        ("www.bare.test", "bogus", "bare.test. has no keys, though the level above names one"),
    ],
)
def test_dnssec_is_checked_from_the_anchor_down(name: str, state: str, why: str) -> None:
    found = look(name, dnssec="secure")
    assert found.details["dnssec"] == state
    assert found.ok is (state == "secure")
    assert why in found.reason
    assert look(name, dnssec="any").ok is (state != "bogus")


def test_a_resolver_that_strips_signatures_does_not_pass_for_an_unsigned_zone() -> None:
    zones, anchors = world()
    shop = zones.zones[dns.name.from_text("shop.test.")]
    with shop.writer() as writer:
        writer.delete(dns.name.from_text("www.shop.test."), dns.rdatatype.RRSIG, dns.rdatatype.A)
    found = look("www.shop.test", made=(zones, anchors), dnssec="any")
    assert found.reason == ("DNSSEC of www.shop.test is bogus: www.shop.test. A is not signed, though shop.test. is")


def test_name_servers_that_disagree_or_are_silent_are_degraded() -> None:
    newer, anchors = world(serial=2)
    older, _ = world(serial=1)

    async def run(second: Zones | None) -> Outcome:
        async with name_server(newer) as port:
            check = DnsCheck(
                name="shop.test",
                record="MX",
                resolver=f"127.0.0.1:{port}",
                same_serial=True,
                anchors=anchors,
                name_server_port=port,
            )
            if second is None:
                return await probe_dns(check, guard=LOOPBACK, deadline_s=8, at=datetime.now(UTC))
            async with name_server(second, address="127.0.0.2", port=port):
                return await probe_dns(check, guard=LOOPBACK, deadline_s=8, at=datetime.now(UTC))

    assert asyncio.run(run(newer)).reason == ""
    found = asyncio.run(run(older))
    assert (found.ok, found.degraded) == (True, True)
    assert found.reason == "the name servers of shop.test. disagree: ns1.shop.test 2, ns2.shop.test 1"
    silent = asyncio.run(run(None))
    assert (silent.ok, silent.degraded) == (True, True)
    assert silent.reason == "of the name servers of shop.test. ns2.shop.test does not answer"


def test_a_long_answer_is_asked_for_again_by_tcp() -> None:
    zones, anchors = world()
    zones.is_truncating = True
    assert look("www.shop.test", made=(zones, anchors)).ok


def test_a_server_that_fails_is_named() -> None:
    zones, anchors = world()
    zones.rcode = dns.rcode.SERVFAIL
    assert look("www.shop.test", made=(zones, anchors)).reason == "the name server answers SERVFAIL for www.shop.test"


def test_silence_and_garbage_end_at_the_limit() -> None:
    class Noise(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.transport.sendto(b"\xff" * 60, addr)

    async def run(protocol: Any) -> Outcome:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(protocol, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        check = DnsCheck(name="shop.test", resolver=f"127.0.0.1:{port}")
        try:
            return await probe_dns(check, guard=LOOPBACK, deadline_s=0.6, at=datetime.now(UTC))
        finally:
            transport.close()

    for protocol in (Noise, asyncio.DatagramProtocol):
        found = asyncio.run(run(protocol))
        assert (found.ok, found.reason) == (False, "no answer within 600 ms (while waiting for the answer)")


def test_a_resolver_that_may_not_be_asked_is_unknown() -> None:
    assert look("www.shop.test", guard=Guard()).refused


@given(st.text(max_size=40))
def test_any_value_is_made_normal_once(text: str) -> None:
    assert normal(normal(text)) == normal(text) or '"' in text or "." in text
