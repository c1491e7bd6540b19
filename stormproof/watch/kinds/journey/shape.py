"""What every journey has, over HTTP or in a browser: where it begins, its values, its secrets, its time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from stormproof.core.document import Duration
from stormproof.engine.probe.journey import names_in
from stormproof.watch.kinds.http import web_address
from stormproof.watch.kinds.kind import ActiveShape, Path, require_foreign_variable

MOST_STEPS = 40
LONGEST_S = 120
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")
GIVEN = frozenset({"run"})


def names(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """`values`, when each key can be used as {{key}}; ValueError otherwise."""
    for name in values:
        if not _NAME.match(name):
            raise ValueError(f"{name!r} is not a name: use letters, digits and _, such as order_number")
        if name in GIVEN:
            raise ValueError(f"{name!r} is given by Stormproof itself; choose another name")
    return values


def _secrets(values: dict[str, str]) -> dict[str, str]:
    for text in names(values).values():
        require_foreign_variable(text)
    return values


class WalkShape(ActiveShape):
    """Several steps of one visitor."""

    every: Duration = Field(60, ge=10, le=86400, description="How often it is walked, such as 1m.")
    start: Annotated[str, AfterValidator(web_address)] = Field(
        max_length=2000, description="The shop's address; the steps may name only paths."
    )
    within: Duration = Field(
        30, ge=1, le=LONGEST_S, description="The whole journey must be done in this time; slower is down."
    )
    values: Annotated[dict[str, str], AfterValidator(names)] = Field(
        default_factory=dict, description="Texts that the steps use as {{name}}."
    )
    secrets: Annotated[dict[str, str], AfterValidator(_secrets)] = Field(
        default_factory=dict, description="As values, but sealed and never shown; env:NAME takes one from the prober."
    )

    @model_validator(mode="after")
    def _ends_before_it_begins_again(self) -> WalkShape:
        if self.within > self.every:
            raise ValueError(f"within: a journey of {self.within} s cannot begin again every {self.every} s")
        missing = sorted(names_in(self.values) - {*self.secrets, *GIVEN})
        if missing:
            raise ValueError(f"values: {{{{{missing[0]}}}}} is not known there; only secrets and {{{{run}}}} are")
        return self


def require_known_names(steps: Iterable[tuple[Any, Iterable[str]]], given: Iterable[str]) -> None:
    """ValueError when a step asks for a {{name}} that nothing before it gives; each step comes with what it gives."""
    known = {*given, *GIVEN}
    for number, (texts, gives) in enumerate(steps):
        missing = sorted(names_in(texts) - known)
        if missing:
            there = ", ".join(sorted(known))
            raise ValueError(f"steps.{number}: nothing gives {{{{{missing[0]}}}}} before it is used; known are {there}")
        known |= set(gives)


def secret_values(config: Mapping[str, Any]) -> list[Path]:
    """Where the named secrets of a journey stand in its settings."""
    return [("secrets", name) for name in config.get("secrets", {})]
