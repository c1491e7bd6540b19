"""What a visit finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Role = Literal["home", "product", "basket", "checkout", "search"]


@dataclass(frozen=True, kw_only=True)
class FoundPage:
    """A page of the shop: `how` says what it was recognised by; `opened` is false when robots.txt asked not to."""

    role: Role
    url: str
    how: str
    title: str = ""
    status: int | None = None
    opened: bool = True


@dataclass(frozen=True, kw_only=True)
class FoundSupplier:
    """Somebody else's service in the pages; `evidence` is what it was recognised by."""

    slug: str
    name: str
    service: str
    evidence: str
    status_page: str = ""
    pages: tuple[Role, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoundCertificate:
    """The certificate of the shop; `fault` is empty when visitors' browsers accept it."""

    host: str
    port: int
    issuer: str = ""
    ends_at: datetime | None = None
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that a visit found."""

    address: str
    host: str
    port: int
    name: str
    currency: str = ""
    platform: str = ""
    pages: Mapping[Role, FoundPage] = field(default_factory=dict)
    suppliers: tuple[FoundSupplier, ...] = ()
    certificate: FoundCertificate | None = None
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    other_hosts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    requests: int = 0

    def as_data(self) -> dict[str, Any]:
        """The findings as JSON-able data."""
        return {
            "address": self.address,
            "name": self.name,
            "currency": self.currency,
            "platform": self.platform,
            "pages": {role: {**vars(page)} for role, page in self.pages.items()},
            "suppliers": [{**vars(supplier), "pages": list(supplier.pages)} for supplier in self.suppliers],
            "certificate": {**vars(self.certificate)} if self.certificate else None,
            "addresses": list(self.addresses),
            "aliases": list(self.aliases),
            "other_hosts": list(self.other_hosts),
            "notes": list(self.notes),
            "requests": self.requests,
        }
