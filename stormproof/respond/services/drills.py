"""Windows in which trouble is expected, because an exercise makes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from stormproof.core.refusals import Refused
from stormproof.respond.models import DrillWindow


class CannotExpectDrill(Refused):
    """The window is empty or names no node."""


@transaction.atomic
def expect_drill(node_ids: Iterable[int], *, reference: str, starts_at: datetime, ends_at: datetime) -> DrillWindow:
    """Mark incidents at these nodes, or at what leans on them, as drills from `starts_at` until `ends_at`.

    Called again with the same `reference` it moves the window. Raises `CannotExpectDrill`.
    """
    nodes = list(node_ids)
    if not nodes:
        raise CannotExpectDrill("A drill window needs at least one node", field="node_ids")
    if ends_at <= starts_at:
        raise CannotExpectDrill("A drill window must end after it starts", field="ends_at")
    window, _ = DrillWindow.objects.update_or_create(
        reference=reference, defaults={"starts_at": starts_at, "ends_at": ends_at}
    )
    window.nodes.set(nodes)
    return window


@transaction.atomic
def end_drill(reference: str, *, at: datetime) -> None:
    """Close a drill window early: what goes down from now on is real."""
    DrillWindow.objects.filter(reference=reference, starts_at__lt=at, ends_at__gt=at).update(ends_at=at)
