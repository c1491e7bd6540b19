"""The section `incidents` of continuity.yaml: severities, legal duties, the source of orders, restore points."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Duration, Known, Problem, write_duration
from stormproof.respond import selectors, services
from stormproof.respond.document.relations import (
    AudienceShape,
    RuleShape,
    audience_in_file_form,
    audience_of,
    check_audiences,
    check_rules,
    rule_in_file_form,
    rule_of,
)
from stormproof.respond.rules import Criteria, Duty

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


class DutyShape(BaseModel):
    """A legal duty: whom to tell, on which basis, within which time."""

    model_config = ConfigDict(extra="forbid")

    law: Slug
    name: str = Field(min_length=1, max_length=200)
    basis: str = Field(min_length=1, max_length=500)
    within: Annotated[Duration, Field(ge=60)] | None = Field(None, description="Such as 72h")
    months: int | None = Field(None, ge=1, le=24, description="By the calendar, instead of within")
    after: Slug | None = Field(None, description="Counts from when that duty was reported")


class OrdersShape(BaseModel):
    """Where the shop's orders are read from when an incident opens."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["sql", "http"]
    url: str = Field(min_length=1, max_length=2000, description="An address, or env:NAME")
    query: str = Field(
        "", max_length=10000, description="sql: number, placed at, state, amount, customer; {start} {end}"
    )
    lookback: Annotated[Duration, Field(ge=0)] = Field(900, description="How long before the impact orders count")


class IncidentsShape(BaseModel):
    """How incidents are run here."""

    model_config = ConfigDict(extra="forbid")

    severities: list[SeverityShape] = Field(default_factory=list, description="Left out: the built-in matrix")
    legal: dict[Slug, DutyShape] = Field(default_factory=dict, description="Left out: GDPR, NIS2, card schemes")
    orders: OrdersShape | None = None
    war_room: Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)] | None = Field(
        None, description="Where people meet, with {number} or {label}"
    )
    rules: dict[Slug, RuleShape] = Field(default_factory=dict, description="What declares an incident by itself")
    audiences: dict[Slug, AudienceShape] = Field(default_factory=dict, description="Who is kept informed")
    restore_points: dict[Slug, Slug] = Field(
        default_factory=dict, description="Node: the monitor whose last success is its newest restorable data"
    )


class IncidentsSection:
    """The severity matrix, the legal duties, where orders are read from, and what can be restored."""

    key = "incidents"
    rank = 310
    shape: Any = IncidentsShape

    def names(self, value: IncidentsShape) -> set[str]:
        """It defines no names that others refer to."""
        return set()

    def check(self, value: IncidentsShape, known: Known) -> list[Problem]:
        """The matrix has each level once, and what is named exists."""
        found = [*_check_duties(value), *_check_orders(value), *_check_restore_points(value, known)]
        found += [*check_rules(value.rules, known), *check_audiences(value.audiences, known)]
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
        """What is set; None while everything is built in. The address of orders is sealed and not written out."""
        section: dict[str, Any] = {}
        if not selectors.is_matrix_built_in():
            section["severities"] = [_severity_in_file_form(one) for one in selectors.severity_matrix()]
        if not selectors.are_duties_built_in():
            section["legal"] = {duty.key: _duty_in_file_form(duty) for duty in selectors.legal_duties()}
        if (source := selectors.order_source()) is not None:
            url = source.sealed_url if source.sealed_url.startswith("env:") else f"sealed:{source.sealed_url}"
            form = {"kind": source.kind, "url": url, "query": source.query}
            form["lookback"] = write_duration(source.lookback_seconds)
            section["orders"] = {key: text for key, text in form.items() if text}
        if points := {one.node.slug: one.monitor for one in selectors.restore_points()}:
            section["restore_points"] = points
        section["war_room"] = selectors.war_room_template()
        section["rules"] = {one.slug: rule_in_file_form(one) for one in selectors.declare_rules()}
        section["audiences"] = {one.slug: audience_in_file_form(one) for one in selectors.audiences()}
        return {key: part for key, part in section.items() if part} or None

    def apply(self, value: IncidentsShape | None, *, actor: Actor, at: datetime) -> None:
        """Make the matrix as the file says; without one the built-in holds."""
        wanted = value or IncidentsShape()
        services.set_severities([_criteria(one) for one in wanted.severities], actor=actor)
        services.set_legal_duties([_duty(key, one) for key, one in wanted.legal.items()], actor=actor)
        if wanted.orders is None:
            services.drop_order_source(actor=actor)
        else:
            services.set_order_source(
                kind=wanted.orders.kind,
                url=wanted.orders.url,
                query=wanted.orders.query,
                lookback_seconds=wanted.orders.lookback,
                actor=actor,
            )
        services.set_restore_points(wanted.restore_points, actor=actor)
        services.set_war_room(wanted.war_room or "", actor=actor)
        services.set_declare_rules([rule_of(slug, one) for slug, one in wanted.rules.items()], actor=actor)
        services.set_audiences([audience_of(slug, one) for slug, one in wanted.audiences.items()], actor=actor)


def _check_duties(value: IncidentsShape) -> list[Problem]:
    found = []
    for key, duty in value.legal.items():
        path = ("incidents", "legal", key)
        if (duty.within is None) == (duty.months is None):
            found.append(Problem(path, "a duty needs either within or months", "such as within: 72h"))
        if duty.after is not None and duty.after not in value.legal:
            found.append(Problem((*path, "after"), f"there is no duty {duty.after!r}", "name one of this section"))
    return found


def _check_orders(value: IncidentsShape) -> list[Problem]:
    if value.orders is None:
        return []
    fault = services.fault_of_order_source(kind=value.orders.kind, url=value.orders.url, query=value.orders.query)
    return [Problem(("incidents", "orders"), fault, "see the guide on legal clocks and orders")] if fault else []


def _check_restore_points(value: IncidentsShape, known: Known) -> list[Problem]:
    found = []
    for node, monitor in value.restore_points.items():
        path = ("incidents", "restore_points", node)
        if not known.has("node", node):
            found.append(Problem(path, f"there is no node {node!r}", "name one of this document"))
        if not known.has("monitor", monitor):
            found.append(Problem(path, f"there is no monitor {monitor!r}", "name one of this document"))
    return found


def _duty(key: str, shape: DutyShape) -> Duty:
    return Duty(
        key=key,
        law=shape.law,
        name=shape.name,
        basis=shape.basis,
        seconds=shape.within,
        months=shape.months,
        after=shape.after or "",
    )


def _duty_in_file_form(duty: Duty) -> dict[str, Any]:
    form: dict[str, Any] = {"law": duty.law, "name": duty.name, "basis": duty.basis}
    if duty.seconds is not None:
        form["within"] = write_duration(duty.seconds)
    if duty.months is not None:
        form["months"] = duty.months
    if duty.after:
        form["after"] = duty.after
    return form


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
