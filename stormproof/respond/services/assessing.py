"""What an incident means: the functions it hits, how grave that is, and its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from stormproof.business import selectors as business
from stormproof.business.models import Node
from stormproof.engine.graph import Graph
from stormproof.respond.rules import Severity, severity_of, title_of
from stormproof.respond.selectors.severities import severity_matrix


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The meaning of a set of down nodes at one moment; `functions` with the most revenue first."""

    functions: tuple[Node, ...]
    severity: Severity
    title: str


def functions_hit(down: Iterable[int], *, graph: Graph | None = None) -> list[int]:
    """The functions that stop while `down` is down."""
    return list(business.impact_of(down, graph=graph).functions)


def assess(function_ids: Iterable[int], *, root: Node | None, at: datetime) -> Assessment:
    """How grave it is that these functions stop, at `at`."""
    ids = list(function_ids)
    functions = [node for node in business.functions_in_use() if node.pk in ids] if ids else []
    functions.sort(key=lambda node: -node.function.revenue_share)
    tightest = business.tightest_rto(ids) if ids else None
    rto = tightest[0] if tightest else None
    share = business.share_of(ids) if ids else Decimal(0)
    return Assessment(
        functions=tuple(functions),
        severity=severity_of(
            share=share,
            functions=len(functions),
            tightest_rto_seconds=rto,
            hit=[node.slug for node in functions],
            matrix=severity_matrix(),
        ),
        title=title_of(functions=[node.name for node in functions], root=root.name if root else ""),
    )
