"""What would happen: a sample through reading, mapping, routing, silences and grouping; nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from stormproof.business.models import Node
from stormproof.respond.kinds import KINDS, Delivery, Report
from stormproof.respond.models import AlertGroup, ExternalAlert, Integration
from stormproof.respond.rules.routing import SEVERITY_WORDS, group_wait
from stormproof.respond.services.sorting import Sorted, Sorter

MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What would become of one alert of a sample, with the sentence that says it."""

    report: Report
    node: str
    severity: str
    action: str
    because: str
    sentence: str
    labels: Mapping[str, str]


def outlook_of(
    integration: Integration, body: bytes, *, fields: Mapping[str, str] | None = None, at: datetime
) -> list[Outlook]:
    """What would happen to each alert of `body`, if it came now; raises `CannotRead` as a delivery would.

    `fields` tries another mapping than the one that is kept. At most twenty alerts are told of.
    """
    used = integration.fields if fields is None else fields
    headers = {"content-type": "application/json"}
    delivery = Delivery(body=body, headers=headers, received_at=at, fields=used, reference="sample")
    reports = KINDS[integration.kind].read(delivery)[:MOST_SHOWN]
    sorter = Sorter(at=at)
    sorted_ones = [sorter.sort(integration, report) for report in reports]
    names = dict(Node.objects.filter(pk__in={one.decision.node_id for one in sorted_ones}).values_list("pk", "name"))
    return [
        Outlook(
            report=one.report,
            node=names[one.decision.node_id],
            severity=SEVERITY_WORDS[one.decision.severity],
            action=one.decision.action,
            because=one.decision.because,
            sentence=_sentence(one, names[one.decision.node_id]),
            labels=one.labels,
        )
        for one in sorted_ones
    ]


def _sentence(one: Sorted, node: str) -> str:
    known = ExternalAlert.objects.filter(key=one.key, closed_at__isnull=True).first()
    if not one.report.is_firing:
        return f"It would end the alert {known.name}." if known else "It tells the end of an alert that is not open."
    if known:
        return f"It is open already and would be counted: {known.count + 1} times."
    if not one.is_loud:
        why = {"log": "and tell nobody", "ticket": "wait in the list, and page nobody"}.get(
            one.decision.action, f"and be silent, because of silence {one.silence_id}"
        )
        return f"It would be kept at {node} {why}."
    return _of_a_loud_one(one, node)


def _of_a_loud_one(one: Sorted, node: str) -> str:
    groups = AlertGroup.objects.filter(key=one.group_key, closed_at__isnull=True)
    group = groups.select_related("alert__incident").first()
    incident = group.alert.incident if group and group.alert else None
    if incident is not None and not incident.is_over:
        return f"It would join a group that is part of {incident.label}."
    wait = group_wait(one.decision.severity).total_seconds()
    when = "at once" if not wait else f"after {wait:.0f} seconds, with what else comes for its group"
    return f"It would open or join an incident at {node} {when}, and its team would be paged."
