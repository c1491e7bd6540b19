"""What an incident costs, and what is left of the promise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.respond.models import (
    Incident,
)
from stormproof.respond.rules import deadline_of


def revenue_per_minute_of(incident: Incident, at: datetime) -> Decimal:
    """Money a minute that the functions it hits would earn at `at`; 0 once they are back."""
    if incident.impact_ended_at is not None and incident.impact_ended_at <= at:
        return Decimal(0)
    ids = function_ids(incident)
    return business.revenue_per_minute(ids, at=at) if ids else Decimal(0)


def revenue_so_far(incident: Incident, at: datetime) -> Decimal:
    """Money not earned since the impact began, until it ended or until `at`."""
    ids = function_ids(incident)
    end = min(incident.impact_ended_at or at, at)
    if not ids or end <= incident.impact_started_at:
        return Decimal(0)
    return business.revenue_between(ids, start=incident.impact_started_at, end=end)


def function_ids(incident: Incident) -> list[int]:
    """The ids of the functions an incident hits."""
    return list(incident.functions.order_by().values_list("pk", flat=True))


def rto_of(incident: Incident) -> tuple[datetime, Node] | None:
    """When the tightest promise among the functions it hits is broken, and whose that is; None without a promise.

    An incident that hits no function is held to the promise of its root cause.
    """
    ids = function_ids(incident) or ([incident.root_node_id] if incident.root_node_id else [])
    tightest = business.tightest_rto(ids)
    if tightest is None:
        return None
    seconds, node_id = tightest
    deadline = deadline_of(impact_started_at=incident.impact_started_at, rto_seconds=seconds)
    return deadline, business.nodes_by_id([node_id])[node_id]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The recovery clock of an incident at one moment; nothing left means the promise is broken."""

    deadline: datetime
    node: Node
    rto: timedelta
    left: timedelta
    is_broken: bool
    is_stopped: bool

    @property
    def used_percent(self) -> int:
        """How much of the promised time is used, 0 to 100."""
        if not self.rto:
            return 100
        return max(0, min(100, round(100 * (1 - self.left / self.rto))))


def clock_of(incident: Incident, at: datetime) -> Clock | None:
    """The RTO countdown at `at`; it stands still once the impact has ended. None without a promise."""
    promise = rto_of(incident)
    if promise is None:
        return None
    deadline, node = promise
    moment = min(incident.impact_ended_at or at, at)
    return Clock(
        deadline=deadline,
        node=node,
        rto=deadline - incident.impact_started_at,
        left=max(deadline - moment, timedelta(0)),
        is_broken=moment > deadline,
        is_stopped=incident.impact_ended_at is not None,
    )
