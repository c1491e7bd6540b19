"""The one idea of thresholds: a value is down when..., degraded when... Shared by every kind that measures a value."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stormproof.engine.probe.conditions import LONGEST_CONDITION, Condition, read_condition
from stormproof.engine.probe.thresholds import Missing, Thresholds
from stormproof.watch.kinds.kind import FormField, TimedShape
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, TIMEOUT_FIELD, FasterThan


def _condition(text: str) -> str:
    read_condition(text)
    return text


ConditionText = Annotated[str, Field(max_length=LONGEST_CONDITION), AfterValidator(_condition)]


class ExpectValue(BaseModel):
    """What the value must be."""

    model_config = ConfigDict(extra="forbid")

    equals: str | int | float | bool | None = Field(None, description="Anything else is down.")


class ValueShape(TimedShape):
    """A monitor that measures one value."""

    expect: ExpectValue = Field(default_factory=ExpectValue)
    down_when: ConditionText | None = Field(
        None, description="Down when the value is so: `> 100`, `!= ok`, `< 5 or > 100`, `~ pattern`."
    )
    degraded_when: ConditionText | None = Field(None, description="Degraded when the value is so, and not down.")
    when_missing: Missing = Field("down", description="What it means that there is no value.")
    faster_than: FasterThan = None


def thresholds_of(shape: Any) -> Thresholds:
    """What the engine compares with, from the settings of a `ValueShape`."""
    return Thresholds(
        equals=shape.expect.equals,
        down_when=_read(shape.down_when),
        degraded_when=_read(shape.degraded_when),
        when_missing=shape.when_missing,
        faster_than_s=shape.faster_than,
    )


def _read(text: str | None) -> Condition | None:
    return None if text is None else read_condition(text)


VALUE_FIELDS = (
    FormField(
        path="expect.equals", label="The value is", widget="scalar", placeholder="true", help="Anything else is down."
    ),
    FormField(
        path="down_when",
        label="Down when the value is",
        placeholder="> 100",
        help="A sign and a value: > 100, <= 2.5, != ok, ~ pattern, contains word; several with or: < 5 or > 100.",
    ),
    FormField(
        path="degraded_when",
        label="Degraded when the value is",
        placeholder="> 50",
        help="Works, but breaks a promise: shown in yellow, and nobody is woken by it as by down.",
    ),
    FormField(
        path="when_missing",
        label="No value at all means",
        widget="choice",
        choices=("down", "degraded", "up"),
        help="Such as a query without a row.",
    ),
    FASTER_THAN_FIELD,
    TIMEOUT_FIELD,
)
