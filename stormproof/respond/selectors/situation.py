"""All figures of one incident at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.people.models import User
from stormproof.respond.models import (
    Alert,
    Incident,
    Page,
)
from stormproof.respond.selectors.incidents import NextStep, alerts_of, functions_of, next_steps
from stormproof.respond.selectors.money import Clock, clock_of, revenue_per_minute_of, revenue_so_far
from stormproof.respond.selectors.paging import pages_of


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All figures of one incident at one moment, read once for a page, an answer of the API or a command."""

    incident: Incident
    at: datetime
    functions: list[Node]
    per_minute: Decimal
    so_far: Decimal
    currency: str
    clock: Clock | None
    steps: list[NextStep]
    paged: list[Page]
    alerts: list[Alert]

    @property
    def is_green(self) -> bool:
        """Whether every monitor of the incident is green again."""
        return bool(self.alerts) and all(alert.closed_at is not None for alert in self.alerts)

    @property
    def has_suppressed(self) -> bool:
        """Whether an alert is explained by another node's."""
        return any(alert.suppressed_by_id for alert in self.alerts)

    @property
    def last_paged(self) -> User | None:
        """The person who was paged last."""
        return next((page.person for page in reversed(self.paged) if page.person), None)

    @property
    def lasted_seconds(self) -> float:
        """How long customers were hit, until now while they are."""
        end = self.incident.impact_ended_at or self.at
        return (end - self.incident.impact_started_at).total_seconds()

    @property
    def ready(self) -> list[NextStep]:
        """The procedures that could be started now."""
        return [step for step in self.steps if step.is_ready] if not self.incident.is_over else []


def situation_of(incident: Incident, at: datetime) -> Situation:
    """How an incident stands at `at`."""
    return Situation(
        incident=incident,
        at=at,
        functions=functions_of(incident),
        per_minute=revenue_per_minute_of(incident, at),
        so_far=revenue_so_far(incident, at),
        currency=business.currency(),
        clock=clock_of(incident, at),
        steps=next_steps(incident),
        paged=list(pages_of(incident)),
        alerts=list(alerts_of(incident)),
    )
