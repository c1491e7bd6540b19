"""The severity matrix that holds now."""

from __future__ import annotations

from stormproof.respond.models import SeverityLevel
from stormproof.respond.rules import DEFAULT_MATRIX, Criteria


def severity_matrix() -> tuple[Criteria, ...]:
    """The matrix of the installation, the built-in one while none is set; the gravest level first."""
    rows = [
        Criteria(
            level=row.level,
            name=row.name,
            colour=row.colour,
            revenue_share=row.revenue_share,
            rto_seconds=row.rto_seconds,
            functions=frozenset(row.functions),
            any_function=row.any_function,
        )
        for row in SeverityLevel.objects.order_by("level")
    ]
    return tuple(rows) or DEFAULT_MATRIX


def is_matrix_built_in() -> bool:
    """Whether nobody has set a matrix of their own."""
    return not SeverityLevel.objects.exists()
