"""Writing what happened: timeline entries by people, by the machine and by the stages above."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.respond.choices import WRITTEN_BY_PEOPLE, EntryKind
from stormproof.respond.facts import TimelineEntryEdited
from stormproof.respond.models import EntryVersion, Incident, TimelineEntry


class CannotAddNote(Refused):
    """The note is empty or too long, or of a kind that people do not write."""


class CannotEditEntry(Refused):
    """The line was written by the machine, or the new text is empty, too long or the same."""


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
def add_note(
    incident: Incident,
    *,
    text: str,
    actor: Actor,
    at: datetime,
    is_pinned: bool = False,
    kind: str = EntryKind.NOTE,
) -> None:
    """Write what a person saw (observation) or decided (decision); raises `CannotAddNote`."""
    actor.require("respond.act")
    if kind not in WRITTEN_BY_PEOPLE:
        choices = ", ".join(WRITTEN_BY_PEOPLE)
        raise CannotAddNote(f"People do not write {kind!r}", field="kind", hint=f"Choose one of {choices}.")
    text = text.strip()
    if not text:
        raise CannotAddNote("The note is empty", field="text", hint="Write what you saw or decided.")
    if len(text) > 5000:
        raise CannotAddNote(
            f"The note has {len(text)} characters; 5000 is the most", field="text", hint="Split it in two."
        )
    write_timeline(incident, kind=kind, text=text, actor=actor, at=at, is_pinned=is_pinned)


@transaction.atomic
def edit_entry(entry: TimelineEntry, *, text: str, actor: Actor, at: datetime) -> TimelineEntry:
    """Rewrite a line that a person wrote; what it said before is kept. Raises `CannotEditEntry`."""
    actor.require("respond.act")
    entry = TimelineEntry.objects.select_for_update().get(pk=entry.pk)
    if not entry.is_editable:
        raise CannotEditEntry("What the machine wrote stays as it is", field="text", hint="Add a note instead.")
    text = text.strip()
    if not text or len(text) > 5000:
        raise CannotEditEntry("A line has 1 to 5000 characters", field="text")
    if text == entry.text:
        raise CannotEditEntry("That is what it says already", field="text")
    number = entry.versions.count() + 1
    EntryVersion.objects.create(
        entry=entry, number=number, text=entry.text, replaced_at=at, replaced_by=actor.name[:120]
    )
    entry.text, entry.edited_at = text, at
    entry.save(update_fields=["text", "edited_at"])
    fact = TimelineEntryEdited(incident_id=entry.incident_id, entry_id=entry.pk, version=number + 1)
    tell(fact, at=at, actor=actor)
    return entry


@transaction.atomic
def pin_entry(entry: TimelineEntry, *, is_pinned: bool, actor: Actor) -> None:
    """Keep a line at the top of the timeline, or let it go."""
    actor.require("respond.act")
    TimelineEntry.objects.filter(pk=entry.pk).update(is_pinned=is_pinned)
    announce(f"incident:{entry.incident_id}")
