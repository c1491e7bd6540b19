"""Waits for the reports of a host's agent, and judges them by limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stormproof.core.document import Duration
from stormproof.watch.kinds.kind import FormField, Kind, MonitorShape
from stormproof.watch.rules.hosts import Limit

PERCENT = ("cpu", "memory", "swap", "disk", "inodes")
NAMES = (*PERCENT, "load", "net_errors", "process", "service")
LONGEST_FOR_S = 3600


class LimitShape(BaseModel):
    """What one figure may be."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    degraded: float | None = Field(None, ge=0, description="From this on the host is degraded.")
    down: float | None = Field(None, ge=0, description="From this on the host is down.")
    at_least: float | None = Field(None, ge=0, description="Less is down: processes of a name, an active service (1).")
    for_seconds: Duration = Field(0, alias="for", ge=0, le=LONGEST_FOR_S, description="It must be so for this long.")

    @model_validator(mode="after")
    def _says_something(self) -> LimitShape:
        if self.degraded is None and self.down is None and self.at_least is None:
            raise ValueError("say degraded, down or at_least")
        if self.degraded is not None and self.down is not None and self.down <= self.degraded:
            raise ValueError("down must lie above degraded")
        return self


def _known(limits: dict[str, LimitShape]) -> dict[str, LimitShape]:
    for name in limits:
        if name.partition(":")[0] not in NAMES or len(name) > 120:
            raise ValueError(
                f"there is no figure {name!r}; known are {', '.join(NAMES)}, also as disk:/var, process:nginx"
            )
    return limits


USUAL: dict[str, dict[str, Any]] = {
    "cpu": {"degraded": 95, "for": "10m"},
    "memory": {"degraded": 90, "down": 98, "for": "5m"},
    "load": {"degraded": 2, "for": "10m"},
    "disk": {"degraded": 85, "down": 95},
    "inodes": {"degraded": 85, "down": 95},
}


def _usual() -> dict[str, LimitShape]:
    return {name: LimitShape.model_validate(limit) for name, limit in USUAL.items()}


class HostShape(MonitorShape):
    """A machine whose agent reports."""

    kind: Literal["host"]
    period: Duration = Field(15, ge=1, le=3600, description="How often the agent reports.")
    grace: Duration = Field(120, ge=1, le=86400, description="Silent for so long is down; until then it is unknown.")
    limits: Annotated[dict[str, LimitShape], AfterValidator(_known)] = Field(
        default_factory=_usual, description="Per figure; disk holds for every mount, disk:/var for one."
    )

    @property
    def interval_seconds(self) -> int:
        """How often a report is expected."""
        return self.period


def shape_of(config: Mapping[str, Any]) -> HostShape:
    """The settings of a host from what is stored."""
    return HostShape.model_validate({"kind": "host", "on": "-", **config})


def limits_of(shape: HostShape) -> dict[str, Limit]:
    """The limits as the rules want them."""
    return {
        name: Limit(degraded=one.degraded, down=one.down, at_least=one.at_least, for_seconds=one.for_seconds)
        for name, one in shape.limits.items()
    }


KIND = Kind(
    name="host",
    title="Host",
    purpose="A machine whose agent reports its processor, memory, disks, processes and services. Silence is down.",
    icon="server-2",
    shape=HostShape,
    target=lambda shape: "reports of the agent",
    hosts=lambda _shape: [],
    fields=(
        FormField(
            path="limits",
            label="Limits",
            widget="yaml",
            placeholder="cpu: {degraded: 95, for: 10m}\ndisk: {degraded: 85, down: 95}\nprocess:nginx: {at_least: 1}",
            help="Left empty: the usual ones for processor, memory, load, disks and inodes.",
        ),
        FormField(path="grace", label="Grace", placeholder="2m", help="Silent for so long is down; before, unknown."),
        FormField(path="period", label="Reports every", placeholder="15s", help="As the agent's --every says."),
    ),
)
