"""Applies a continuity.yaml: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from stormproof.business.document.checking import Finding, check_document
from stormproof.business.document.planning import ConnectedSection, Plan, export_document, plan_document
from stormproof.business.facts import DocumentApplied
from stormproof.business.models import Revision
from stormproof.business.services.nodes import refuse_a_circle
from stormproof.core.actor import Actor
from stormproof.core.document import Section, sections
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused

WRITE = "business.write"
_LOCK = 5_022_001  # of pg_advisory_xact_lock: one document is applied at a time


class CannotApplyDocument(Refused):
    """The document has faults, or the business changed since its plan was shown. Nothing was changed."""

    def __init__(self, message: str, *, findings: Sequence[Finding] = (), hint: str = "") -> None:
        super().__init__(message, field="document", hint=hint)
        self.findings = list(findings)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was done; `revision` is None when there was nothing to do."""

    plan: Plan
    revision: Revision | None


def plan_of(source: bytes | str) -> Plan:
    """What applying this document would do; raises `CannotApplyDocument` with every fault."""
    return plan_document(_checked(source))


@transaction.atomic
def apply_document(source: bytes | str, *, door: str, expecting: str = "", actor: Actor, at: datetime) -> Applied:
    """Make the business what the document says and keep it as a revision.

    `expecting` is the fingerprint of the plan that was shown: refused when another plan results by now.
    """
    actor.require(WRITE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    values = _checked(source)
    plan = plan_document(values)
    if expecting and plan.fingerprint != expecting:
        raise CannotApplyDocument(
            "the business changed since this plan was shown", hint="look at the new plan, then apply again"
        )
    if not plan.entries:
        return Applied(plan=plan, revision=None)
    _apply_sections([section for section in sections() if section.key in plan.sections], values, actor=actor, at=at)
    revision = Revision.objects.create(
        number=(Revision.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1,
        text=export_document(),
        changes=plan.as_data()["entries"],
        door=door,
        applied_by=actor.name,
        applied_at=at,
    )
    fact = DocumentApplied(
        revision_id=revision.pk,
        number=revision.number,
        added=plan.count("add"),
        changed=plan.count("change"),
        removed=plan.count("remove"),
    )
    tell(fact, at=at, actor=actor)
    return Applied(plan=plan, revision=revision)


def _checked(source: bytes | str) -> dict[str, Any]:
    checked = check_document(source)
    if checked.findings:
        first = checked.findings[0]
        more = f" and {len(checked.findings) - 1} more" if len(checked.findings) > 1 else ""
        raise CannotApplyDocument(f"{first}{more}", findings=checked.findings)
    return checked.values


def _apply_sections(changing: Sequence[Section], values: Mapping[str, Any], *, actor: Actor, at: datetime) -> None:
    """Apply in order; nodes are all put before they are connected, and retired once nothing needs them any more."""
    connected = [section for section in changing if isinstance(section, ConnectedSection)]
    for section in changing:
        section.apply(values[section.key], actor=actor, at=at)
        if connected and section is connected[-1]:
            for one in connected:
                one.connect(values[one.key], actor=actor, at=at)
            for one in reversed(connected):
                one.retire(values[one.key], actor=actor, at=at)
            refuse_a_circle()
