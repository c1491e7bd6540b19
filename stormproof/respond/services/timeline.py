"""Writing what happened: timeline entries by people, by the machine and by the stages above."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.respond.choices import EntryKind
from stormproof.respond.models import Incident, TimelineEntry


class CannotAddNote(Refused):
    """The note is empty or too long."""


@transaction.atomic(savepoint=False)
def write_timeline(
    incident: Incident, *, kind: str, text: str, actor: Actor, at: datetime, key: str = "", is_pinned: bool = False
) -> None:
    """Add a line to the timeline; with a `key` the same line is never added twice."""
    entry = TimelineEntry(
        incident=incident,
        at=at,
        kind=EntryKind(kind),
        text=text,
        author_id=actor.user_id,
        author_name=actor.name[:120],
        is_pinned=is_pinned,
        key=key,
    )
    TimelineEntry.objects.bulk_create([entry], ignore_conflicts=bool(key))
    announce(f"incident:{incident.pk}")


@transaction.atomic
def add_note(incident: Incident, *, text: str, actor: Actor, at: datetime, is_pinned: bool = False) -> None:
    """Write what a person saw or decided; raises `CannotAddNote` for an empty or overlong text."""
    actor.require("respond.act")
    text = text.strip()
    if not text:
        raise CannotAddNote("The note is empty", field="text", hint="Write what you saw or decided.")
    if len(text) > 5000:
        raise CannotAddNote(
            f"The note has {len(text)} characters; 5000 is the most", field="text", hint="Split it in two."
        )
    write_timeline(incident, kind=EntryKind.NOTE, text=text, actor=actor, at=at, is_pinned=is_pinned)


@transaction.atomic
def pin_entry(entry: TimelineEntry, *, is_pinned: bool, actor: Actor) -> None:
    """Keep a line at the top of the timeline, or let it go."""
    actor.require("respond.act")
    TimelineEntry.objects.filter(pk=entry.pk).update(is_pinned=is_pinned)
    announce(f"incident:{entry.incident_id}")
