"""Where host agents report."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.security import HttpBearer
from pydantic import AfterValidator, AwareDatetime

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.watch import selectors
from stormproof.watch.models import HostAgent
from stormproof.watch.services.hosts import Measured, issue_agent_token, record_reports

MOST_REPORTS = 500
MOST_METRICS = 300

router = Router(tags=["agent"])


class ByAgentToken(HttpBearer):
    """`Authorization: Bearer spa_...`: the token of one host's agent, good for nothing else."""

    def authenticate(self, request: HttpRequest, token: str) -> HostAgent | None:
        """The agent of the token."""
        return selectors.agent_for_token(token) if token.startswith("spa_") else None


def _metrics(values: dict[str, float]) -> dict[str, float]:
    if len(values) > MOST_METRICS:
        raise ValueError(f"a report may have {MOST_METRICS} figures, this has {len(values)}")
    for name, value in values.items():
        if not 0 < len(name) <= 200 or "\x00" in name:
            raise ValueError(f"{name[:50]!r} is not a name of a figure")
        if not math.isfinite(value) or abs(value) > 1e15:
            raise ValueError(f"{name[:50]} is {value}, which is no figure")
    return values


class ReportIn(Schema):
    """What a host did at one moment of its own clock."""

    at: AwareDatetime
    metrics: Annotated[dict[str, float], AfterValidator(_metrics)]


class HostIn(Schema):
    """What the host calls itself."""

    name: str = Field("", max_length=200, pattern=r"^[^\x00]*$")
    system: str = Field("", max_length=200, pattern=r"^[^\x00]*$")


class ReportsIn(Schema):
    """Reports in order of time; `sent_at` by the host's clock, so that ours can be compared with it."""

    version: str = Field("1", max_length=20)
    host: HostIn = Field(default_factory=lambda: HostIn(name="", system=""))
    sent_at: AwareDatetime
    reports: list[ReportIn] = Field(min_length=1, max_length=MOST_REPORTS)


class ReportsOut(Schema):
    """How many reports came and how many of them were new. They are on the disk by now."""

    received: int
    new: int
    clock_skew_s: float


class TokenOut(Schema):
    """The token of a host's agent; it is shown this once."""

    token: str


class _Far(Refused):
    """A moment that no calculation can be done with."""


@router.post("/agent/reports", response=ReportsOut, auth=ByAgentToken(), summary="Report as a host's agent")
def take_reports(request: HttpRequest, body: ReportsIn) -> dict[str, object]:
    """Keep the reports of a host. Sending them again changes nothing."""
    agent: HostAgent = request.auth  # type: ignore[attr-defined]
    at = now()
    for moment in (body.sent_at, *(report.at for report in body.reports)):
        _require_near(moment, at)
    reports = [Measured(measured_at=report.at, metrics=report.metrics) for report in body.reports]
    new = record_reports(agent, reports, sent_at=body.sent_at, name=body.host.name, system=body.host.system, at=at)
    return {"received": len(reports), "new": new, "clock_skew_s": (at - body.sent_at).total_seconds()}


def _require_near(moment: datetime, at: datetime) -> None:
    if abs((moment - at).days) > 3660:
        raise _Far(f"{moment:%Y-%m-%d} is more than ten years from now", field="at", hint="set the host's clock")


@router.post("/monitors/{slug}/agent-token", response=TokenOut, summary="Make the token of a host's agent")
def make_agent_token(request: Request, slug: str) -> dict[str, str]:
    """A new token for the agent of this host; the one before opens nothing any more."""
    monitor = selectors.monitor_for(request.actor, slug)
    return {"token": issue_agent_token(monitor, actor=request.actor, at=now())}
