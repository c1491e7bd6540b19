"""Checks DNSSEC from the trust anchor down to a name (RFC 4035, RFC 5155), whatever the resolver thinks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.rdatatype import CNAME, DNSKEY, DS, NS, NSEC, NSEC3, SOA, RdataType

from stormproof.engine.probe.dns_asking import Asker, rrset_of, signatures_of

State = Literal["secure", "insecure", "bogus"]
Anchors = Mapping[dns.name.Name, dns.rdataset.Rdataset]
MOST_KEYS, MOST_SIGNATURES, MOST_ITERATIONS, MOST_ALIASES = 16, 8, 150, 8  # against zones made to cost (KeyTrap)
OPT_OUT, ZONE_KEY = 0x01, 0x0100
# The root's key signing keys of 2017 and 2024, as IANA publishes them.
ROOT: Anchors = {
    dns.name.root: dns.rdataset.from_text(
        "IN",
        "DS",
        0,
        "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    )
}


@dataclass(frozen=True)
class Finding:
    """The state of a name, and why it is not secure."""

    state: State
    why: str = ""


class _Bogus(Exception):
    """A signature or a proof is missing or wrong."""


class _Insecure(Exception):
    """From here on nothing is signed, and that is proven."""


class Validator:
    """Walks one chain; `at` is now."""

    def __init__(self, asker: Asker, *, at: datetime, anchors: Anchors = ROOT) -> None:
        self._asker, self._at, self._anchors = asker, at.timestamp(), anchors

    async def state_of(self, name: dns.name.Name, kind: RdataType) -> Finding:
        """Whether the records of `name` are proven by the trust anchor, proven to be unsigned, or neither."""
        try:
            for _ in range(MOST_ALIASES):
                onward = await self._check(name, kind)
                if onward is None:
                    return Finding("secure")
                name = onward
        except _Insecure as error:
            return Finding("insecure", str(error))
        except _Bogus as error:
            return Finding("bogus", str(error))
        return Finding("bogus", f"{name} leads from alias to alias")

    async def _check(self, name: dns.name.Name, kind: RdataType) -> dns.name.Name | None:
        zone, keys = await self._closest_zone(name)
        answer = await self._asker.ask(name, dns.rdatatype.to_text(kind), secured=True)
        alias = rrset_of(answer.answer, name, CNAME) if kind != CNAME else None
        records = alias or rrset_of(answer.answer, name, kind)
        if records is None:
            raise _Bogus(f"{name} has no {dns.rdatatype.to_text(kind)} record to check")
        self._verify(answer.answer, records, zone, keys)
        return alias[0].target if alias is not None else None

    async def _closest_zone(self, name: dns.name.Name) -> tuple[dns.name.Name, dns.rdataset.Rdataset]:
        """The zone `name` lies in with its proven keys, from the closest anchor down."""
        above = [anchor for anchor in self._anchors if name.is_subdomain(anchor)]
        if not above:
            raise _Insecure(f"no trust anchor lies above {name}")
        zone = max(above, key=len)
        keys = await self._keys_of(zone, self._anchors[zone])
        for depth in range(len(zone) + 1, len(name) + 1):
            child = name.split(depth)[1]
            answer = await self._asker.ask(child, "DS", secured=True)
            entrusted = rrset_of(answer.answer, child, DS)
            if entrusted is not None:
                self._verify(answer.answer, entrusted, zone, keys)
                zone, keys = child, await self._keys_of(child, entrusted)
            elif (alias := rrset_of(answer.answer, child, CNAME)) is not None:
                self._verify(answer.answer, alias, zone, keys)
            else:
                self._require_no_cut(answer, child, zone, keys)
        return zone, keys

    async def _keys_of(self, zone: dns.name.Name, entrusted: dns.rdataset.Rdataset) -> dns.rdataset.Rdataset:
        """The keys of `zone`, signed by one that the level above (or the anchor) names."""
        answer = await self._asker.ask(zone, "DNSKEY", secured=True)
        keys = rrset_of(answer.answer, zone, DNSKEY)
        if keys is None:
            raise _Bogus(f"{zone} has no keys, though the level above names one")
        if len(keys) > MOST_KEYS or len(entrusted) > MOST_KEYS:
            raise _Bogus(f"{zone} has more than {MOST_KEYS} keys")
        trusted = [key for key in keys if key.flags & ZONE_KEY and any(_is_named(zone, key, ds) for ds in entrusted)]
        if not trusted:
            raise _Bogus(f"no key of {zone} is the one that the level above names")
        self._verify(answer.answer, keys, zone, dns.rdataset.from_rdata_list(0, trusted))
        return dns.rdataset.from_rdata_list(0, [key for key in keys if key.flags & ZONE_KEY])

    def _verify(
        self, section: list[dns.rrset.RRset], records: dns.rrset.RRset, zone: dns.name.Name, keys: dns.rdataset.Rdataset
    ) -> None:
        what = f"{records.name} {dns.rdatatype.to_text(records.rdtype)}"
        signatures = signatures_of(section, records.name, records.rdtype)
        if signatures is None:
            raise _Bogus(f"{what} is not signed, though {zone} is")
        if len(signatures) > MOST_SIGNATURES:
            raise _Bogus(f"{what} has more than {MOST_SIGNATURES} signatures")
        if all(one.expiration < self._at for one in signatures):
            raise _Bogus(f"the signature of {what} has expired")
        try:
            dns.dnssec.validate(records, signatures, {zone: keys}, now=self._at)
        except (dns.exception.DNSException, ValueError) as error:
            raise _Bogus(f"the signature of {what} is wrong") from error

    def _require_no_cut(
        self, answer: dns.message.Message, child: dns.name.Name, zone: dns.name.Name, keys: dns.rdataset.Rdataset
    ) -> None:
        """Pass when `child` is proven to be no signed zone of its own; `_Insecure` when it is proven to be unsigned."""
        for records in answer.authority:
            if records.rdtype not in (NSEC, NSEC3) or not records.name.is_subdomain(zone):
                continue
            self._verify(answer.authority, records, zone, keys)
            said = _nsec_says(records, child) if records.rdtype == NSEC else _nsec3_says(records, child, zone)
            if said == "unsigned":
                raise _Insecure(f"{child} is delegated without a key (no DS record)")
            if said == "inside":
                return
        raise _Bogus(f"{zone} does not prove that {child} has no key (no DS record)")


def _is_named(zone: dns.name.Name, key: Any, entrusted: Any) -> bool:
    try:
        made = dns.dnssec.make_ds(zone, key, entrusted.digest_type, validating=True)
    except (dns.exception.DNSException, ValueError):
        return False
    return bool(made == entrusted)


def _nsec_says(records: dns.rrset.RRset, child: dns.name.Name) -> str:
    record = records[0]
    if records.name == child:
        return _types_say(record)
    after = record.next
    is_last = after <= records.name
    return "inside" if records.name < child and (child < after or is_last) else ""


def _nsec3_says(records: dns.rrset.RRset, child: dns.name.Name, zone: dns.name.Name) -> str:
    record = records[0]
    if record.iterations > MOST_ITERATIONS:
        return "unsigned"  # RFC 9276, 3.2
    owner = records.name.relativize(zone).labels[0].decode().upper()
    hashed = dns.dnssec.nsec3_hash(child, record.salt, record.iterations, record.algorithm)
    if owner == hashed:
        return _types_say(record)
    after = record.next_name(zone).relativize(zone).labels[0].decode().upper()
    covers = owner < hashed < after if owner < after else hashed > owner or hashed < after
    if not covers:
        return ""
    return "unsigned" if record.flags & OPT_OUT else "inside"


def _types_say(record: Any) -> str:
    """What the types at the name itself mean: a delegation without DS, a name inside the zone, or a lie."""
    if _has(record, DS):
        return ""
    return "unsigned" if _has(record, NS) and not _has(record, SOA) else "inside"


def _has(record: Any, kind: RdataType) -> bool:
    window, offset = divmod(int(kind), 256)
    for number, bitmap in record.windows:
        if number == window and offset // 8 < len(bitmap):
            return bool(bitmap[offset // 8] & (0x80 >> offset % 8))
    return False
