"""Makes and withdraws the public addresses of badges."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.watch.facts import BadgeMade, BadgeWithdrawn
from stormproof.watch.models import Badge, Monitor


@transaction.atomic
def make_badge(monitor: Monitor, *, whole_node: bool, actor: Actor, at: datetime) -> Badge:
    """The badge of a monitor, or of the node it looks at; the one there is, or a new one."""
    actor.require("watch.write")
    of = {"node_id": monitor.node_id} if whole_node else {"monitor_id": monitor.pk}
    badge, is_new = Badge.objects.get_or_create(**of, defaults={"made_at": at})
    if is_new:
        tell(BadgeMade(badge_id=badge.pk, monitor_id=monitor.pk, node_id=monitor.node_id), at=at, actor=actor)
    return badge


@transaction.atomic
def withdraw_badge(monitor: Monitor, *, whole_node: bool, actor: Actor, at: datetime) -> None:
    """Make the address of a badge show nothing; a new badge gets another one."""
    actor.require("watch.write")
    of = {"node_id": monitor.node_id} if whole_node else {"monitor_id": monitor.pk}
    for badge in Badge.objects.select_for_update().filter(**of):
        badge_id = badge.pk
        badge.delete()
        tell(BadgeWithdrawn(badge_id=badge_id, monitor_id=monitor.pk, node_id=monitor.node_id), at=at, actor=actor)
