"""Waits for what security tools report, and goes down or degraded when it is too much."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stormproof.core.document import Duration
from stormproof.watch.kinds.kind import FormField, Kind, MonitorShape
from stormproof.watch.rules.security import Threshold

Severity = Literal["info", "low", "medium", "high", "critical"]


class ThresholdShape(BaseModel):
    """So many events within a time make this state."""

    model_config = ConfigDict(extra="forbid")

    rule: str = Field("*", min_length=1, max_length=100, description="Which rules, with * for anything.")
    at_least: Severity = Field("low", description="Only events at least as grave.")
    count: int = Field(ge=1, le=1_000_000, description="How many.")
    within: Duration = Field(600, ge=60, le=86400, description="Within how long; they calm down after that.")
    state: Literal["degraded", "down"] = "degraded"


USUAL = (
    {"at_least": "critical", "count": 1, "within": "30m", "state": "down"},
    {"at_least": "high", "count": 1, "within": "30m"},
    {"at_least": "medium", "count": 10, "within": "10m"},
    {"at_least": "low", "count": 200, "within": "10m"},
)


class SecurityShape(MonitorShape):
    """What security tools report of a node."""

    kind: Literal["security"]
    thresholds: list[ThresholdShape] = Field(
        default_factory=lambda: [ThresholdShape.model_validate(each) for each in USUAL],
        min_length=1,
        max_length=20,
        description="What is too much; by default 1 critical is down, 1 high, 10 medium or 200 low are degraded.",
    )
    silent_for: Duration | None = Field(
        None, ge=60, le=30 * 86400, description="Unknown when nothing at all was sent for so long; never when left out."
    )

    @property
    def interval_seconds(self) -> int:
        """How often something is expected."""
        return self.silent_for or 86400

    @property
    def limits(self) -> list[Threshold]:
        """The thresholds as the rules take them."""
        return [
            Threshold(
                rule=each.rule,
                at_least=each.at_least,
                count=each.count,
                within=timedelta(seconds=each.within),
                state=each.state,
            )
            for each in self.thresholds
        ]


def security_of(config: Mapping[str, Any]) -> SecurityShape:
    """The settings from what is stored."""
    return SecurityShape.model_validate({"kind": "security", "on": "-", **config})


KIND = Kind(
    name="security",
    title="Security events",
    purpose="Takes in what fail2ban, CrowdSec, Suricata and auth logs report; degraded or down when it is too much.",
    icon="shield",
    shape=SecurityShape,
    target=lambda shape: f"{len(shape.thresholds)} thresholds",
    hosts=lambda _shape: [],
    fields=(
        FormField(
            path="silent_for",
            label="Unknown when silent for",
            placeholder="1d",
            help="Empty: silence is good news. Thresholds are set in continuity.yaml.",
        ),
    ),
)
