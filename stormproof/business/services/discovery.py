"""A shop of one's own: looks at it as a visitor would and proposes a continuity.yaml; nothing is saved here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from stormproof.business.document.starter import Wishes, starter_document
from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.refusals import Refused
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.visit import CannotVisit, Findings, visit_shop

WRITE = "business.write"


class CannotLookAtShop(Refused):
    """The shop did not open, or lies where this installation may not connect."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What was found, and the document that would put it under care."""

    findings: Findings
    text: str


def propose_from_shop(
    address: str,
    *,
    wishes: Wishes,
    obey_robots: bool = True,
    seconds: float = 60,
    say: Callable[[str], None] = lambda _: None,
    actor: Actor,
    at: datetime,
) -> Proposal:
    """Look at the shop at `address` within `seconds` and propose a continuity.yaml that applies as it is."""
    actor.require(WRITE)
    try:
        found = visit_shop(
            address, guard=Guard(allowed=env.allowed_networks), at=at, obey_robots=obey_robots, seconds=seconds, say=say
        )
    except CannotVisit as error:
        raise CannotLookAtShop(str(error), field="address") from error
    return Proposal(findings=found, text=starter_document(found, wishes=wishes, at=at))
