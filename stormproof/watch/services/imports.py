"""Takes monitors over from the files of other products: a preview of each row, then the same again for real."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from stormproof.business.document.reading import Unreadable, read_tree
from stormproof.business.document.writing import write_text
from stormproof.business.selectors import node_by_slug
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch.facts import MonitorsImported
from stormproof.watch.kinds import KINDS, WrongSettings, read_settings
from stormproof.watch.models import ImportedMonitor, Monitor
from stormproof.watch.rules.imports import SOURCES, FoundMonitor, LeftOut, Reading, UnreadableImport
from stormproof.watch.services.monitors import (
    change_monitor,
    create_monitor,
    describe_settings,
    require_allowed_targets,
)

LARGEST_BYTES = 2_000_000
MOST_MONITORS = 2_000
CREATED, CHANGED, SAME, REFUSED, RETIRED = "create", "change", "same", "refused", "retired"


class CannotImport(Refused):
    """The file is too large, cannot be read, or is of another product."""


@dataclass(kw_only=True)
class ImportRow:
    """What becomes of one monitor of the file. `outcome` is create, change, same, retired (left alone) or refused."""

    source_id: str
    name: str
    slug: str = ""
    kind: str = ""
    outcome: str = REFUSED
    fields: list[str] = field(default_factory=list)  # what a change changes
    notes: list[str] = field(default_factory=list)  # what of it is not taken over
    problem: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    ping_key: str = ""


@dataclass(kw_only=True)
class ImportReport:
    """What was, or would be, taken over from a file, and what not and why."""

    source: str
    on: str
    rows: list[ImportRow]
    left_out: list[LeftOut]
    is_applied: bool = False

    def count(self, *outcomes: str) -> int:
        """How many rows have one of `outcomes`."""
        return sum(row.outcome in outcomes for row in self.rows)


def preview_import(source: str, text: str | bytes, *, on: str, actor: Actor) -> ImportReport:
    """What an import would do; changes nothing. Raises `CannotImport`."""
    actor.require("watch.write")
    _require_node(on)
    reading = read_import(source, text)
    known = _known(source, reading.monitors)
    taken = set(Monitor.objects.filter(retired_at__isnull=True).values_list("slug", flat=True))
    rows = [_plan(found, known.get(_id_of(found)), on=on, taken=taken) for found in reading.monitors]
    return ImportReport(source=source, on=on, rows=rows, left_out=reading.left_out)


@transaction.atomic
def apply_import(source: str, text: str | bytes, *, on: str, actor: Actor, at: datetime) -> ImportReport:
    """Take the monitors of a file over on the node `on`; a row that cannot be is refused alone.

    Done again with the same file nothing changes; with a newer one what it says changes. A monitor that was paused,
    moved to another node or retired here stays so.
    """
    report = preview_import(source, text, on=on, actor=actor)
    known = _known(source, [FoundMonitor(source_id=row.source_id, name=row.name) for row in report.rows])
    for row in report.rows:
        if row.outcome not in (CREATED, CHANGED):
            continue
        try:
            with transaction.atomic():
                _apply(source, row, known.get(row.source_id), actor=actor, at=at)
        except Refused as refused:
            row.outcome, row.problem = REFUSED, refused.message
    report.is_applied = True
    fact = MonitorsImported(
        node_id=_require_node(on),
        source=source,
        created=report.count(CREATED),
        changed=report.count(CHANGED),
        refused=report.count(REFUSED),
    )
    tell(fact, at=at, actor=actor)
    return report


def import_as_document(source: str, text: str | bytes, *, on: str, actor: Actor) -> str:
    """The `monitors` section of a continuity.yaml with what can be taken over; raises `CannotImport`."""
    report = preview_import(source, text, on=on, actor=actor)
    monitors = {row.slug: row.settings for row in report.rows if row.outcome != REFUSED}
    return write_text({"monitors": monitors}) if monitors else ""


def read_import(source: str, text: str | bytes) -> Reading:
    """What a file holds; raises `CannotImport` for one that is too large, too deep, or of another product."""
    if source not in SOURCES:
        raise CannotImport(f"{source!r} cannot be read; choose one of {', '.join(SOURCES)}", field="source")
    if len(text) > LARGEST_BYTES:
        raise CannotImport(f"the file has more than {LARGEST_BYTES:,} bytes", field="text")
    about = SOURCES[source]
    try:
        reading = about.read(read_tree(text).data if about.is_yaml else json.loads(text))
    except Unreadable as error:
        line = f"line {error.line}: " if error.line else ""
        raise CannotImport(f"{line}{error.message}", field="text", hint=error.hint) from error
    except UnreadableImport as error:
        raise CannotImport(error.message, field="text", hint=error.hint) from error
    except RecursionError as error:
        raise CannotImport("the file is nested too deeply", field="text") from error
    except ValueError as error:
        raise CannotImport(f"this is not JSON: {str(error)[:200]}", field="text") from error
    if len(reading.monitors) > MOST_MONITORS:
        raise CannotImport(f"more than {MOST_MONITORS:,} monitors in one file", field="text", hint="cut it in parts")
    return reading


def _id_of(found: FoundMonitor) -> str:
    return found.source_id.replace("\x00", "")[:300] or found.name[:300]


def _known(source: str, monitors: Iterable[FoundMonitor]) -> dict[str, Monitor]:
    ids = [_id_of(found) for found in monitors]
    rows = ImportedMonitor.objects.filter(source=source, source_id__in=ids).select_related("monitor__node")
    return {row.source_id: row.monitor for row in rows}


def _require_node(on: str) -> int:
    try:
        return node_by_slug(on).pk
    except NotFound as error:
        raise CannotImport(f"there is nothing named {on!r} in the business", field="on") from error


def _plan(found: FoundMonitor, monitor: Monitor | None, *, on: str, taken: set[str]) -> ImportRow:
    row = ImportRow(
        source_id=_id_of(found),
        name=found.name.replace("\x00", "")[:200],
        kind=str(found.settings.get("kind", "")),
        notes=list(found.notes),
        problem=found.problem,
        ping_key=found.ping_key,
    )
    if row.problem:
        return row
    if row.kind not in KINDS:
        row.problem = f"there is no kind of monitor {row.kind!r} here"
        return row
    node = monitor.node.slug if monitor is not None else on
    said = {**found.settings, "on": node}
    if monitor is not None:
        said["paused"] = not monitor.enabled
    try:
        shape = read_settings(said)
        require_allowed_targets(shape)
    except WrongSettings as wrong:
        row.problem = "; ".join(f"{place}: {message}" if place else message for place, message in wrong.problems)
        return row
    row.settings = shape.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    row.slug = monitor.slug if monitor is not None else _free_slug(row.name, taken)
    row.outcome, row.fields = _outcome(monitor, row.settings)
    return row


def _outcome(monitor: Monitor | None, settings: dict[str, Any]) -> tuple[str, list[str]]:
    if monitor is None:
        return CREATED, []
    if monitor.retired_at is not None:
        return RETIRED, []
    before = describe_settings(monitor)
    fields = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
    return (CHANGED, fields) if fields else (SAME, [])


def _free_slug(name: str, taken: set[str]) -> str:
    stem = slugify(name).replace("_", "-")[:50].strip("-") or "monitor"
    slug = next(slug for slug in (stem, *(f"{stem}-{number}" for number in range(2, 100_000))) if slug not in taken)
    taken.add(slug)
    return slug


def _apply(source: str, row: ImportRow, monitor: Monitor | None, *, actor: Actor, at: datetime) -> None:
    settings = read_settings(row.settings)
    if monitor is not None:
        change_monitor(monitor, settings=settings, actor=actor, at=at)
        return
    monitor = create_monitor(row.slug, settings=settings, actor=actor, at=at)
    ImportedMonitor.objects.update_or_create(
        source=source, source_id=row.source_id, defaults={"monitor": monitor, "imported_at": at}
    )
    if row.ping_key:
        _keep_address(monitor, row)


def _keep_address(monitor: Monitor, row: ImportRow) -> None:
    """The job goes on pinging the address it knows, at this host, unless something here has it."""
    try:
        key = UUID(row.ping_key)
    except ValueError:
        return
    if Monitor.objects.filter(ping_key=key).exists():
        row.notes.append("its address belongs to another heartbeat here: the job must ping the new one")
    else:
        Monitor.objects.filter(pk=monitor.pk).update(ping_key=key)
