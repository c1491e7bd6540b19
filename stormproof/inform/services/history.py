"""The days of the status page's history, computed from the state changes of monitors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from stormproof.business import selectors as business
from stormproof.inform.models import NodeDay
from stormproof.inform.rules import Stretch, seconds_by_state
from stormproof.inform.selectors import HISTORY_DAYS, stretches_of

STATES = ("up", "degraded", "down", "maintenance", "unknown")


@transaction.atomic
def refresh_history(*, at: datetime) -> int:
    """Compute today and yesterday anew for every function, and 90 days for one that has no day yet; rows written."""
    nodes = list(business.functions_in_use().values_list("pk", flat=True))
    known = set(NodeDay.objects.filter(node_id__in=nodes).values_list("node_id", flat=True))
    fresh = [node for node in nodes if node not in known]
    rows = _days_of([node for node in nodes if node in known], first=at.date() - timedelta(days=1), at=at)
    rows += _days_of(fresh, first=at.date() - timedelta(days=HISTORY_DAYS - 1), at=at)
    NodeDay.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["node", "on"],
        update_fields=[f"{state}_seconds" for state in STATES],
    )
    NodeDay.objects.filter(on__lt=at.date() - timedelta(days=2 * HISTORY_DAYS)).delete()
    return len(rows)


def _days_of(nodes: list[int], *, first: date, at: datetime) -> list[NodeDay]:
    if not nodes:
        return []
    stretches = stretches_of(nodes, start=datetime.combine(first, time(), UTC), end=at)
    days = [first + timedelta(days=number) for number in range((at.date() - first).days + 1)]
    return [_day(node, on, stretches[node]) for node in nodes for on in days]


def _day(node: int, on: date, stretches: Iterable[Stretch]) -> NodeDay:
    start = datetime.combine(on, time(), UTC)
    end = start + timedelta(days=1)
    within = [
        Stretch(start=max(one.start, start), end=min(one.end, end), state=one.state)
        for one in stretches
        if one.start < end and one.end > start
    ]
    spent = seconds_by_state(within)
    return NodeDay(node_id=node, on=on, **{f"{state}_seconds": spent[state] for state in STATES})
