"""Reads of what badges show."""

from __future__ import annotations

from uuid import UUID

from stormproof.core.refusals import NotFound
from stormproof.watch.choices import State
from stormproof.watch.models import Badge, Monitor
from stormproof.watch.selectors.monitors import node_states


def badges_of(monitor: Monitor) -> dict[str, Badge]:
    """The badges of a monitor and of the node it looks at: "monitor" and "node", where there is one."""
    found = {"monitor": Badge.objects.filter(monitor=monitor).first()}
    found["node"] = Badge.objects.filter(node_id=monitor.node_id).first()
    return {kind: badge for kind, badge in found.items() if badge is not None}


def badge_shown(token: UUID) -> tuple[str, str]:
    """Name and state of what a badge is of, for anybody; raises `NotFound`. What nobody watches is unknown."""
    badge = Badge.objects.filter(token=token).select_related("monitor", "node").first()
    if badge is not None and badge.node is not None:
        return badge.node.name, node_states().get(badge.node.pk, State.UNKNOWN.value)
    monitor = badge.monitor if badge is not None else None
    if monitor is None or monitor.retired_at is not None:
        raise NotFound("there is no such badge")
    return monitor.name, monitor.state if monitor.enabled else State.UNKNOWN.value
