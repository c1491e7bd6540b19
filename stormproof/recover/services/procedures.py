"""Writing procedures: each change is a version, and runs that are on keep theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.recover.facts import ProcedureChanged, ProcedureRetired
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.models import Procedure, ProcedureVersion


@transaction.atomic
def write_procedure(
    slug: str, shape: ProcedureShape, *, node: Node, position: int = 0, actor: Actor, at: datetime
) -> Procedure:
    """Create the procedure or change it; a definition that differs becomes a new version, an equal one nothing."""
    actor.require("recover.write")
    definition = plain(shape)
    procedure = Procedure.objects.select_for_update().filter(slug=slug).first()
    if procedure is None:
        procedure = Procedure(slug=slug, version=0)
    is_same = procedure.version and (procedure.definition, procedure.node_id) == (definition, node.pk)
    if is_same and procedure.retired_at is None:
        if procedure.position != position:
            Procedure.objects.filter(pk=procedure.pk).update(position=position)
        return procedure
    procedure.name, procedure.description, procedure.node = shape.name, shape.description, node
    procedure.start, procedure.definition, procedure.position = shape.start, definition, position
    procedure.version, procedure.changed_at, procedure.retired_at = procedure.version + 1, at, None
    procedure.save()
    ProcedureVersion.objects.create(
        procedure=procedure,
        version=procedure.version,
        name=shape.name,
        definition=definition,
        written_at=at,
        written_by=actor.name,
    )
    fact = ProcedureChanged(procedure_id=procedure.pk, node_id=node.pk, version=procedure.version)
    tell(fact, at=at, actor=actor)
    return procedure


@transaction.atomic
def retire_procedure(procedure: Procedure, *, actor: Actor, at: datetime) -> None:
    """Keep the procedure from being started again; its runs and versions stay."""
    actor.require("recover.write")
    if Procedure.objects.filter(pk=procedure.pk, retired_at__isnull=True).update(retired_at=at):
        tell(ProcedureRetired(procedure_id=procedure.pk, node_id=procedure.node_id), at=at, actor=actor)


def plain(shape: ProcedureShape) -> dict[str, Any]:
    """A procedure as plain data, as the file would say it: defaults left out, durations with their unit."""
    return shape.model_dump(mode="json", by_alias=True, exclude_defaults=True)
