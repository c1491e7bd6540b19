"""Keeps the error budget of a promise, and notices when it burns too fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from stormproof.watch.kinds.kind import FormField, Kind, MonitorShape

JUDGED_EVERY_S = 60


class SloShape(MonitorShape):
    """A promise over a period: so much of the time, or of the orders, is good."""

    kind: Literal["slo"]
    objective: float = Field(99.9, ge=50, lt=100, description="Percent that must be good, such as 99.9.")
    period: Literal["7d", "28d", "30d", "90d"] = Field("30d", description="Over which time: 7d, 28d, 30d or 90d.")
    measures: Literal["time", "events"] = Field(
        "time", description="time: minutes in which no monitor of the function was down; events: good ones of a signal."
    )
    signal: str | None = Field(None, max_length=80, description="For events: the monitor of kind signal that counts.")

    @model_validator(mode="after")
    def _events_need_a_signal(self) -> SloShape:
        if self.measures == "events" and not self.signal:
            raise ValueError("events are counted by a signal: name one as `signal`, or measure time")
        return self

    @property
    def interval_seconds(self) -> int:
        """How often it is judged."""
        return JUDGED_EVERY_S

    @property
    def days(self) -> int:
        """The length of the period."""
        return int(self.period.removesuffix("d"))


def promise_of(config: Mapping[str, Any]) -> SloShape:
    """The promise from what is stored."""
    return SloShape.model_validate({"kind": "slo", "on": "-", **config})


KIND = Kind(
    name="slo",
    title="Service level (SLO)",
    purpose="A promise such as 99.9 % over 30 days, on time or on orders. Pages when its error budget burns too fast "
    "to last; it never makes the function itself look down.",
    icon="gauge",
    shape=SloShape,
    target=lambda shape: (
        f"{shape.objective:g} % of {'the time' if shape.measures == 'time' else shape.signal} in {shape.period}"
    ),
    hosts=lambda _shape: [],
    tells_of_node=False,
    fields=(
        FormField(
            path="objective", label="Objective", widget="number", placeholder="99.9", help="Percent that must be good."
        ),
        FormField(path="period", label="Period", widget="choice", choices=("30d", "7d", "28d", "90d")),
        FormField(
            path="measures",
            label="Measures",
            widget="choice",
            choices=("time", "events"),
            help="time: minutes in which no monitor of the function was down. events: good attempts of a signal.",
        ),
        FormField(path="signal", label="Signal", placeholder="payment-approvals", help="For events: who counts them."),
    ),
)
