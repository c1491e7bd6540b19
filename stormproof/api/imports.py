"""Imports for programs: what a file of another product would bring, and the import itself."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema
from pydantic import Field

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.watch.services.imports import ImportReport, apply_import, preview_import

router = Router(tags=["watch"])


class ImportIn(Schema):
    """A file as text, the node its monitors stand on, and whether to do it or only to say what would be done."""

    text: str = Field(max_length=2_000_000)
    on: str = Field(max_length=80)
    apply: bool = False


class ImportRowOut(Schema):
    """What becomes of one monitor: create, change, same, retired (left alone) or refused, with the reason."""

    source_id: str
    name: str
    slug: str
    kind: str
    outcome: str
    fields: list[str]
    notes: list[str]
    problem: str


class LeftOutOut(Schema):
    """Something else in the file that is not taken over."""

    what: str
    name: str
    why: str


class ImportOut(Schema):
    """The report of an import."""

    source: str
    on: str
    is_applied: bool
    rows: list[ImportRowOut]
    left_out: list[LeftOutOut]


@router.post("/imports/{source}", response=ImportOut, summary="Take monitors over from another product")
def import_monitors(request: Request, source: str, body: ImportIn) -> ImportReport | dict[str, Any]:
    """`source` is uptime-kuma, gatus, blackbox or healthchecks. Without `apply` nothing changes."""
    if body.apply:
        return apply_import(source, body.text, on=body.on, actor=request.actor, at=now())
    return preview_import(source, body.text, on=body.on, actor=request.actor)
