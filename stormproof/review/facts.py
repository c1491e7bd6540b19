"""What review tells."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class ReviewOpened(Fact):
    """The review of an incident was opened, because the incident was resolved."""

    review_id: int
    incident_id: int


@dataclass(frozen=True, kw_only=True)
class ReviewSignedOff(Fact):
    """A person stands for what a review says."""

    review_id: int
    incident_id: int


@dataclass(frozen=True, kw_only=True)
class ReviewWritten(Fact):
    """A person wrote in a review what happened or why."""

    review_id: int


@dataclass(frozen=True, kw_only=True)
class ActionChased(Fact):
    """Somebody was reminded of an action that is due soon or today; or the managers of one that is long overdue."""

    action_id: int
    review_id: int
    stage: str


@dataclass(frozen=True, kw_only=True)
class ActionAdded(Fact):
    """Somebody is to do something by a date, so that it does not happen again."""

    action_id: int
    review_id: int
    owner_id: int
    due_on: str


@dataclass(frozen=True, kw_only=True)
class ActionDone(Fact):
    """An action is done."""

    action_id: int
    review_id: int


@dataclass(frozen=True, kw_only=True)
class ActionOverdue(Fact):
    """The owner of an action was reminded that its date is past."""

    action_id: int
    review_id: int
    owner_id: int
    days_late: int
