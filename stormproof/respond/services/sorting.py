"""Sorts external alerts: which node each is about, what the routing says, what silences or inhibits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.respond.kinds import Report
from stormproof.respond.models import AlertRoute, InhibitionRule, Integration, Silence
from stormproof.respond.rules.routing import (
    SEVERITY_WORDS,
    Decision,
    Matcher,
    Route,
    alert_key,
    all_hold,
    decide,
    group_key,
    inhibition_mark,
    matchers_of,
    node_of,
)


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """One report with all that was decided about it."""

    key: str
    group_key: str
    integration_id: int
    report: Report
    labels: dict[str, str]
    decision: Decision
    silence_id: int | None = None
    inhibits: list[str] = field(default_factory=list)
    inhibitable: list[str] = field(default_factory=list)

    @property
    def is_loud(self) -> bool:
        """Whether people are told, unless another alert inhibits it."""
        return self.decision.action == "page" and self.silence_id is None


class Sorter:
    """The routing, silences, inhibition rules and nodes as they are at one moment, read once for a set of reports."""

    def __init__(self, *, at: datetime) -> None:
        self.local = at.astimezone(business.shop_zone())
        self.routes = [route_of(row) for row in AlertRoute.objects.all()]
        active = Silence.objects.filter(starts_at__lte=at, ends_at__gt=at, ended_at__isnull=True).order_by("pk")
        self.silences = [(row.pk, matchers_of(row.matchers)) for row in active]
        self.rules = [
            (row.pk, matchers_of(row.source), matchers_of(row.target), list(row.equal))
            for row in InhibitionRule.objects.all()
        ]
        self.nodes: dict[str, int] = dict(Node.objects.filter(retired_at__isnull=True).values_list("slug", "pk"))
        self.slugs = {id: slug for slug, id in self.nodes.items()}

    def sort(self, integration: Integration, report: Report) -> Sorted:
        """Everything that is decided about `report`."""
        plain = {"alertname": report.name, "service": report.service, "source": integration.slug}
        labels = {**{name: value for name, value in plain.items() if value}, **report.labels}
        seen = {**labels, "severity": SEVERITY_WORDS[report.severity]}
        node_id = node_of(integration.nodes, seen, self.nodes, integration.node_id)
        seen["node"] = self.slugs.get(node_id, "")
        decision = decide(self.routes, labels=seen, severity=report.severity, node_id=node_id, local=self.local)
        key = alert_key(integration_id=integration.pk, key=report.key, name=report.name, labels=report.labels)
        return Sorted(
            key=key,
            group_key=group_key(name=report.name, service=report.service, node_id=decision.node_id),
            integration_id=integration.pk,
            report=report,
            labels={**labels, "node": self.slugs.get(decision.node_id, "")},
            decision=decision,
            silence_id=next((id for id, matchers in self.silences if all_hold(matchers, seen)), None),
            inhibits=self._marks(seen, 0),
            inhibitable=self._marks(seen, 1),
        )

    def _marks(self, labels: dict[str, str], side: int) -> list[str]:
        """The marks of the rules in which an alert is the source (side 0) or the target (side 1), but not both."""
        found = []
        for id, source, target, equal in self.rules:
            sides: tuple[tuple[Matcher, ...], ...] = (source, target)
            if all_hold(sides[side], labels) and not all_hold(sides[1 - side], labels):
                found.append(inhibition_mark(id, equal, labels))
        return found


def route_of(row: AlertRoute) -> Route:
    """A route as the decision needs it."""
    shared: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("name", "severity_at_least", "from_time", "until_time", "severity", "node_id")
    }
    return Route(matchers=matchers_of(row.matchers), action=row.action, days=frozenset(row.days), **shared)
