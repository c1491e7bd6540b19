"""The section `incidents` of continuity.yaml: what makes an incident how grave."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Duration, Known, Problem, write_duration
from stormproof.respond import selectors, services
from stormproof.respond.rules import Criteria

Slug = Annotated[str, StringConstraints(pattern=SLUG)]


class SeverityShape(BaseModel):
    """One level of the severity matrix; any one of its readings is enough."""

    model_config = ConfigDict(extra="forbid")

    level: int = Field(ge=1, le=4, description="1 is the gravest")
    name: str = Field(min_length=1, max_length=40)
    colour: Literal["down", "degraded", "maintenance", "unknown"] = "maintenance"
    revenue_share: float | None = Field(None, gt=0, le=1, description="From this part of revenue on")
    rto: Annotated[Duration, Field(ge=1)] | None = Field(None, description="A promise this tight or tighter is hit")
    functions: list[Slug] = Field(default_factory=list, description="Hitting one of these is enough")
    any_function: bool = Field(False, description="Hitting any business function is enough")


class IncidentsShape(BaseModel):
    """How incidents are run here."""

    model_config = ConfigDict(extra="forbid")

    severities: list[SeverityShape] = Field(default_factory=list, description="Left out: the built-in matrix")


class IncidentsSection:
    """The severity matrix."""

    key = "incidents"
    rank = 310
    shape: Any = IncidentsShape

    def names(self, value: IncidentsShape) -> set[str]:
        """It defines no names that others refer to."""
        return set()

    def check(self, value: IncidentsShape, known: Known) -> list[Problem]:
        """The matrix has each level once, and its functions exist."""
        found = []
        levels = [one.level for one in value.severities]
        if levels and sorted(levels) != [1, 2, 3, 4]:
            hint = "name each level from 1 to 4 once"
            found.append(Problem(("incidents", "severities"), f"the matrix has the levels {levels}", hint))
        for place, one in enumerate(value.severities):
            for slug in one.functions:
                if not known.has("node", slug):
                    path = ("incidents", "severities", place, "functions")
                    found.append(Problem(path, f"there is no function {slug!r}", "name a function of this document"))
        return found

    def read(self) -> dict[str, Any] | None:
        """The matrix as it is stored; None while the built-in one holds."""
        if selectors.is_matrix_built_in():
            return None
        return {"severities": [_severity_in_file_form(one) for one in selectors.severity_matrix()]}

    def apply(self, value: IncidentsShape | None, *, actor: Actor, at: datetime) -> None:
        """Make the matrix as the file says; without one the built-in holds."""
        wanted = value or IncidentsShape()
        services.set_severities([_criteria(one) for one in wanted.severities], actor=actor)


def _criteria(shape: SeverityShape) -> Criteria:
    return Criteria(
        level=shape.level,
        name=shape.name,
        colour=shape.colour,
        revenue_share=None if shape.revenue_share is None else Decimal(str(shape.revenue_share)),
        rto_seconds=shape.rto,
        functions=frozenset(shape.functions),
        any_function=shape.any_function,
    )


def _severity_in_file_form(one: Criteria) -> dict[str, Any]:
    form: dict[str, Any] = {"level": one.level, "name": one.name, "colour": one.colour}
    if one.revenue_share is not None:
        form["revenue_share"] = float(one.revenue_share)
    if one.rto_seconds is not None:
        form["rto"] = write_duration(one.rto_seconds)
    if one.functions:
        form["functions"] = sorted(one.functions)
    if one.any_function:
        form["any_function"] = True
    return form
