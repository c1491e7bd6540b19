"""What the business tells: what was added, changed, retired, promised, earned and applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class BusinessDescribed(Fact):
    """The shop was named, or its currency, zone or address changed."""

    about: ClassVar[tuple[str, ...]] = ("business",)
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class NodeAdded(Fact):
    """A function, asset, supplier or site came into use, for the first time or again."""

    about: ClassVar[tuple[str, ...]] = ("business",)
    node_id: int
    slug: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class NodeChanged(Fact):
    """Fields of a node changed."""

    about: ClassVar[tuple[str, ...]] = ("business",)
    node_id: int
    slug: str
    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class NodeRetired(Fact):
    """A node is no longer part of the business; its history stays."""

    about: ClassVar[tuple[str, ...]] = ("business",)
    node_id: int
    slug: str


@dataclass(frozen=True, kw_only=True)
class DependenciesChanged(Fact):
    """What a node needs changed; `needs` lists `[at_least, [slugs], label]`."""

    about: ClassVar[tuple[str, ...]] = ("business",)
    node_id: int
    slug: str
    needs: list[list[object]]


@dataclass(frozen=True, kw_only=True)
class ObjectivesChanged(Fact):
    """The promises for a node changed; a field that is null is no promise."""

    about: ClassVar[tuple[str, ...]] = ("business",)
    node_id: int
    slug: str
    rto_seconds: int | None
    rpo_seconds: int | None
    mtpd_seconds: int | None
    mbco_percent: str | None


@dataclass(frozen=True, kw_only=True)
class RevenueProfileChanged(Fact):
    """What the shop earns was set or imported; null when the profile was removed."""

    about: ClassVar[tuple[str, ...]] = ("business", "overview")
    source: str
    yearly: str | None


@dataclass(frozen=True, kw_only=True)
class DocumentApplied(Fact):
    """A continuity.yaml was applied."""

    about: ClassVar[tuple[str, ...]] = ("business", "overview")
    revision_id: int
    number: int
    added: int
    changed: int
    removed: int
