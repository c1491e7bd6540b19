"""Recognises third parties in pages: by the hosts they load from, by headers, by words on pictures. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from urllib.parse import urlsplit

from stormproof.engine.probe.visit.findings import FoundSupplier, Role
from stormproof.engine.probe.visit.page import Page, Resource
from stormproof.engine.probe.visit.roles import tokens_of

_PAYING = re.compile(r"^(pay|pays|payment|payments|paygate|psp|bezahlen|zahlung|paiement|pagamento)$")


@dataclass(frozen=True)
class Vendor:
    """A third party and what it is recognised by. A host pattern covers its subdomains and may have a path."""

    slug: str
    name: str
    service: str
    hosts: tuple[str, ...]
    words: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    status_page: str = ""


@lru_cache(maxsize=1)
def known_vendors() -> tuple[Vendor, ...]:
    """The table in `vendors.json`."""
    rows = json.loads((files(__package__) / "vendors.json").read_text("utf-8"))
    return tuple(Vendor(**{**row, "hosts": tuple(row["hosts"]), "words": tuple(row.get("words", ()))}) for row in rows)


def vendor_at(url: str) -> Vendor | None:
    """The vendor an address belongs to; the longest pattern decides."""
    parts = urlsplit(url)
    place = f"{parts.hostname or ''}{parts.path}"
    found = [
        (len(pattern), vendor)
        for vendor in known_vendors()
        for pattern in vendor.hosts
        if _covers(pattern, parts.hostname or "", place)
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def _covers(pattern: str, host: str, place: str) -> bool:
    wanted, _, path = pattern.partition("/")
    if host != wanted and not host.endswith(f".{wanted}"):
        return False
    return not path or place[len(host) + 1 :].startswith(path)


@dataclass(frozen=True)
class _Sight:
    """One sign of one vendor."""

    vendor: Vendor
    evidence: str
    role: Role


def suppliers_in(
    pages: Mapping[Role, Page], *, headers: Mapping[str, str], aliases: Iterable[str], own_hosts: Iterable[str]
) -> tuple[list[FoundSupplier], list[str]]:
    """The suppliers seen in the pages, in the answers' headers and in the names, and the other hosts nobody knows."""
    own = set(own_hosts)
    sights = [*_in_names(aliases), *_in_headers(headers)]
    others: dict[str, None] = {}
    for role, page in pages.items():
        foreign = [resource for resource in page.resources if urlsplit(resource.url).netloc not in own]
        for resource in foreign:
            vendor = vendor_at(resource.url) or _unknown_payment(resource)
            if vendor:
                sights.append(_Sight(vendor, urlsplit(resource.url).netloc, role))
            elif resource.kind != "inline":
                others.setdefault(urlsplit(resource.url).netloc)
        sights += _in_pictures(page, role)
    return _suppliers(sights), list(others)


def _suppliers(sights: Iterable[_Sight]) -> list[FoundSupplier]:
    """One supplier for each vendor, with its first sign and the pages it stands in."""
    by_vendor: dict[str, list[_Sight]] = {}
    for sight in sights:
        by_vendor.setdefault(sight.vendor.slug, []).append(sight)
    return [
        FoundSupplier(
            slug=slug,
            name=seen[0].vendor.name,
            service=seen[0].vendor.service,
            evidence=seen[0].evidence,
            status_page=seen[0].vendor.status_page,
            pages=tuple(dict.fromkeys(sight.role for sight in seen)),
        )
        for slug, seen in by_vendor.items()
    ]


def _in_names(aliases: Iterable[str]) -> Iterable[_Sight]:
    for alias in aliases:
        if vendor := vendor_at(f"https://{alias}/"):
            yield _Sight(vendor, f"the name leads to {alias}", "home")


def _in_headers(headers: Mapping[str, str]) -> Iterable[_Sight]:
    for vendor in known_vendors():
        for name, part in vendor.headers.items():
            if name in headers and part in headers[name].lower():
                yield _Sight(vendor, f"the answer's header {name}", "home")


def _in_pictures(page: Page, role: Role) -> Iterable[_Sight]:
    """Payment marks that the shop shows from its own server, by their words."""
    for vendor in known_vendors():
        for word in vendor.words:
            if any(word in text for text in page.pictures):
                yield _Sight(vendor, f"a picture named {word}", role)


def _unknown_payment(resource: Resource) -> Vendor | None:
    """A payment provider that is not in the table: a foreign script, frame or form that speaks of paying."""
    if resource.kind not in ("script", "iframe", "form"):
        return None
    host = urlsplit(resource.url).hostname or ""
    words = [
        *tokens_of(resource.url),
        *host.split("."),
        *(part for name in resource.attributes for part in name.split("-")),
    ]
    if not any(_PAYING.match(word) for word in words):
        return None
    named = [value for name, value in resource.attributes.items() if name.endswith(("provider", "name")) and value]
    name = named[0][:60] if named else f"Payment at {urlsplit(resource.url).netloc}"
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "payment-provider"
    return Vendor(slug=slug, name=name, service="payment", hosts=())
