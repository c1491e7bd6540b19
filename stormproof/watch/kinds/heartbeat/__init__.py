"""Waits for the pings of a job, and notices when they stay away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from stormproof.core.document import Duration
from stormproof.watch.kinds.kind import FormField, Kind, MonitorShape


class HeartbeatShape(MonitorShape):
    """A job that reports when it is done."""

    kind: Literal["heartbeat"]
    period: Duration = Field(86400, ge=1, le=366 * 86400, description="How often the job runs.")
    grace: Duration = Field(300, ge=0, le=30 * 86400, description="How late it may be, and how long a run may take.")

    @property
    def interval_seconds(self) -> int:
        """How often a ping is expected."""
        return self.period


def times_of(config: Mapping[str, Any]) -> HeartbeatShape:
    """Period and grace of a heartbeat from its stored settings."""
    return HeartbeatShape.model_validate({"kind": "heartbeat", "on": "-", **config})


KIND = Kind(
    name="heartbeat",
    title="Heartbeat",
    purpose="Waits for a job to report that it is done: backups, imports, invoices. Down when no ping comes in time.",
    icon="heartbeat",
    shape=HeartbeatShape,
    target=lambda shape: "pings",
    hosts=lambda _shape: [],
    fields=(
        FormField(path="period", label="Runs every", placeholder="1d", help="How often the job runs.", required=True),
        FormField(path="grace", label="Grace", placeholder="5m", help="How late it may be before it counts as down."),
    ),
)
