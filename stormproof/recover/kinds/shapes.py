"""How a procedure is written: the shapes of `procedures:` in continuity.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.core.document import SLUG, Duration, FineDuration

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160)]


class Shape(BaseModel):
    """What every shape keeps to: unknown keys are refused, a value is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ActionShape(Shape):
    """Something to do: a kind and what it needs."""

    kind: str
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")


class VerifyShape(ActionShape):
    """How to see that a step took effect; asked again until it says yes or `within` is over."""

    within: Duration = 10


class StepShape(ActionShape):
    """One step of a procedure."""

    id: Slug
    name: str = Field(default="", max_length=160)
    needs: list[Slug] | None = None  # None: the step before; the steps run one after the other for now
    timeout: Duration = Field(default=60, ge=1, le=24 * 3600)
    retries: int = Field(default=0, ge=0, le=20)
    retry_delay: FineDuration = Field(default=1.0, ge=0, le=3600)
    safe_to_repeat: bool | None = None  # None: as the kind says
    verify: VerifyShape | None = None
    undo: ActionShape | None = None
    on_failure: Literal["stop", "ask", "undo"] = "stop"
    only_in: list[Literal["real", "drill"]] = Field(default=["real", "drill"], min_length=1)
    takes: Duration | None = None  # how long it usually takes, for the preview

    @property
    def title(self) -> str:
        """What people call the step."""
        return self.name or self.id.replace("-", " ").capitalize()


class ParameterShape(Shape):
    """A value that is given at the start and stands in the steps as `${name}`."""

    description: str = ""
    default: str | None = None


class ProcedureShape(Shape):
    """The steps that bring one function, asset, supplier or site back."""

    name: Text
    description: str = ""
    recovers: Slug
    start: Literal["automatic", "by_hand"] = "by_hand"
    parameters: dict[ParameterName, ParameterShape] = Field(default_factory=dict)
    steps: list[StepShape] = Field(min_length=1, max_length=200)

    def step(self, id: str) -> StepShape:
        """The step of that id; raises KeyError."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)
