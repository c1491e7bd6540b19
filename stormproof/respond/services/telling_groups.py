"""Tells people of groups of external alerts: one that is due opens or joins an incident, and is told again later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from stormproof.core.actor import SYSTEM
from stormproof.respond.choices import EntryKind, IncidentState
from stormproof.respond.models import AlertGroup, ExternalAlert
from stormproof.respond.rules.routing import GROUP_REPEAT
from stormproof.respond.services.alerts import open_external
from stormproof.respond.services.locking import lock_alerts
from stormproof.respond.services.paging import page_again
from stormproof.respond.services.settling import close_alerts
from stormproof.respond.services.timeline import write_timeline

MOST_GROUPS = 5000
NAMED = 3


@transaction.atomic
def tell_due_groups(*, at: datetime) -> int:
    """Open or join the incidents of the groups that are due; returns how many groups. One indexed query when none is.

    All groups of a node are one alert of the incident, so that a burst of a thousand names is a handful of pages.
    """
    if not AlertGroup.objects.filter(due_at__lte=at, closed_at__isnull=True).exists():
        return 0
    lock_alerts()
    due = list(
        AlertGroup.objects.select_related("alert")
        .filter(due_at__lte=at, closed_at__isnull=True)
        .order_by("severity", "id")[:MOST_GROUPS]
    )
    speaking = ExternalAlert.objects.filter(
        group__in=due, closed_at__isnull=True, action="page", state="open", silence=None, inhibited_by=None
    )
    loud = set(speaking.order_by().values_list("group_id", flat=True).distinct())
    AlertGroup.objects.filter(pk__in=[one.pk for one in due if one.pk not in loud]).update(due_at=None)
    by_node: dict[int, list[AlertGroup]] = {}
    for group in due:
        if group.pk in loud:
            by_node.setdefault(group.node_id, []).append(group)
    for node_id, groups in by_node.items():
        _tell(node_id, groups, at=at)
    return len(due)


def _tell(node_id: int, groups: list[AlertGroup], *, at: datetime) -> None:
    began = min(group.opened_at for group in groups)
    alert, is_new = open_external(node_id=node_id, reason=_reason(groups), failed_since=began, at=at)
    incident = alert.incident
    if incident is not None and not is_new:
        text = f"More alerts: {_reason(groups)}"
        key = f"groups:{alert.pk}:{at.timestamp()}"
        write_timeline(incident, kind=EntryKind.DETECTED, text=text, actor=SYSTEM, at=at, key=key)
        is_repeated = any(group.told_at and at - group.told_at >= GROUP_REPEAT for group in groups)
        if is_repeated and incident.state == IncidentState.OPEN:
            page_again(incident, at=at)
    ids = [group.pk for group in groups]
    AlertGroup.objects.filter(pk__in=ids).update(alert=alert, told_at=at, due_at=at + GROUP_REPEAT)


def _reason(groups: Iterable[AlertGroup]) -> str:
    names = list(dict.fromkeys(str(group) for group in groups))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"[:500]


@transaction.atomic
def end_what_was_not_sent_again(*, at: datetime) -> int:
    """End the alerts of senders that repeat themselves when they have not; how many."""
    late = ExternalAlert.objects.filter(expires_at__lte=at, closed_at__isnull=True)
    if not late.exists():
        return 0
    lock_alerts()
    ids = list(late.order_by("expires_at").values_list("pk", flat=True)[:MOST_GROUPS])
    return close_alerts("id = ANY(%s)", ids, because="It was not sent again", at=at)
