"""What respond tells of being on call and of paging."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class ScheduleChanged(Fact):
    """An on-call schedule was made or changed; `what` says what (layers, override, temporary, swap, absence)."""

    schedule_id: int
    what: str


@dataclass(frozen=True, kw_only=True)
class ScheduleRetired(Fact):
    """An on-call schedule is no longer used; its history stays."""

    schedule_id: int


@dataclass(frozen=True, kw_only=True)
class SwapAsked(Fact):
    """A person asked another to take a shift."""

    swap_id: int
    schedule_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class SwapAnswered(Fact):
    """A swap was accepted, declined or withdrawn, as `state` says."""

    swap_id: int
    schedule_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class CoverageGapFound(Fact):
    """Within the next 30 days nobody is on call in a schedule for a while."""

    schedule_id: int
    gap_id: int


@dataclass(frozen=True, kw_only=True)
class ShiftBegan(Fact):
    """Another person is on call in a schedule from now on; None for nobody."""

    schedule_id: int
    user_id: int | None
    before_user_id: int | None


@dataclass(frozen=True, kw_only=True)
class CalendarAddressRotated(Fact):
    """The secret address of an on-call calendar was made or replaced; the former one answers no more."""

    schedule_id: int | None
    user_id: int | None


@dataclass(frozen=True, kw_only=True)
class AcknowledgementRanOut(Fact):
    """Nobody said that they are still on an incident: paging goes on where it stopped."""

    incident_id: int
    user_id: int | None


@dataclass(frozen=True, kw_only=True)
class EscalationFaultFound(Fact):
    """The auditor found the paging of an incident not as it must be, and mended it where it could."""

    incident_id: int
    what: str
