"""What inform tells the stages above."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class NoticeDrafted(Fact):
    """A first notice to customers was written from an incident; nobody outside has seen it."""

    notice_id: int
    incident_id: int


@dataclass(frozen=True, kw_only=True)
class NoticePublished(Fact):
    """Customers can read this version of a notice."""

    notice_id: int
    incident_id: int
    version: int
    by_rule: bool


@dataclass(frozen=True, kw_only=True)
class NoticeResolved(Fact):
    """Customers were told that it is over."""

    notice_id: int
    incident_id: int
    version: int


@dataclass(frozen=True, kw_only=True)
class NoticeWithdrawn(Fact):
    """A notice was taken back: before anybody saw it, or because it was wrong."""

    notice_id: int
    incident_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class NoticeUpdateOverdue(Fact):
    """The promised moment of the next update has passed and nothing was said."""

    notice_id: int
    incident_id: int


@dataclass(frozen=True, kw_only=True)
class SubscriberConfirmed(Fact):
    """Somebody asked for mails and confirmed the address. The address itself is not in the fact."""

    subscriber_id: int


@dataclass(frozen=True, kw_only=True)
class SubscriberLeft(Fact):
    """A subscriber wants no more mails."""

    subscriber_id: int


@dataclass(frozen=True, kw_only=True)
class StatusPageChanged(Fact):
    """What the status page shows, or who lets notices out, was set anew."""

    fields: list[str]
