"""The severity matrix of the installation, as continuity.yaml says."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.refusals import Refused
from stormproof.respond.models import SeverityLevel
from stormproof.respond.rules import Criteria


class CannotSetSeverities(Refused):
    """The matrix does not have exactly the levels 1 to 4."""


@transaction.atomic
def set_severities(matrix: Sequence[Criteria], *, actor: Actor) -> None:
    """Make this the matrix; an empty one brings the built-in back. Raises `CannotSetSeverities`."""
    actor.require("respond.write")
    levels = sorted(one.level for one in matrix)
    if levels not in ([], [1, 2, 3, 4]):
        raise CannotSetSeverities(
            f"The matrix has the levels {levels}", field="severities", hint="Name each level from 1 to 4 once."
        )
    SeverityLevel.objects.all().delete()
    SeverityLevel.objects.bulk_create(
        SeverityLevel(
            level=one.level,
            name=one.name,
            colour=one.colour,
            revenue_share=one.revenue_share,
            rto_seconds=one.rto_seconds,
            functions=sorted(one.functions),
            any_function=one.any_function,
        )
        for one in matrix
    )
