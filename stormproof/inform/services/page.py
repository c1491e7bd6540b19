"""What the status page shows and who lets notices out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.inform.choices import Release
from stormproof.inform.facts import StatusPageChanged
from stormproof.inform.models import Component, PublicDrill, StatusPage

SETTABLE = ("name", "contact", "publish", "publish_after_seconds", "up_to_severity", "update_every_seconds")


class CannotSetStatusPage(Refused):
    """A value does not exist or is out of range."""


@transaction.atomic
def set_status_page(*, actor: Actor, at: datetime, **values: object) -> StatusPage:
    """Set some of the page's settings (`SETTABLE`); raises `CannotSetStatusPage`."""
    actor.require("inform.write")
    page = StatusPage.objects.select_for_update().filter(pk=1).first() or StatusPage()
    unknown = set(values) - {*SETTABLE, "is_described"}
    if unknown:
        raise CannotSetStatusPage(f"The status page has no setting {sorted(unknown)[0]!r}")
    if values.get("publish", page.publish) not in Release.values:
        raise CannotSetStatusPage("Notices are published by_person or by_rule", field="publish")
    changed = sorted(name for name, value in values.items() if getattr(page, name) != value)
    for name in changed:
        setattr(page, name, values[name])
    if changed or page._state.adding:
        page.save()
        tell(StatusPageChanged(fields=changed), at=at, actor=actor)
    return page


@transaction.atomic
def set_components(lines: Sequence[tuple[int, str, str]], *, actor: Actor, at: datetime) -> None:
    """The lines of the page from top to bottom: (node id, name, description). None at all: every function."""
    actor.require("inform.write")
    before = list(Component.objects.values_list("node_id", "name", "description"))
    if before == list(lines):
        return
    Component.objects.all().delete()
    Component.objects.bulk_create(
        Component(node_id=node, name=name, description=description, position=position)
        for position, (node, name, description) in enumerate(lines)
    )
    tell(StatusPageChanged(fields=["components"]), at=at, actor=actor)


@transaction.atomic
def show_drill_publicly(reference: str) -> None:
    """Notices of incidents in the drill window `reference` go out as in a real outage. Call it before the drill."""
    PublicDrill.objects.get_or_create(reference=reference)
