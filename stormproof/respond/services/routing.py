"""Sets what becomes of external alerts: the routes in order, and what inhibits what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.respond.choices import RouteAction
from stormproof.respond.facts import AlertRoutingChanged
from stormproof.respond.models import AlertRoute, InhibitionRule
from stormproof.respond.rules.routing import Matcher
from stormproof.respond.services.external_alerts import CannotSilence, check_matchers

MOST_ROUTES = 200


class CannotSetRouting(Refused):
    """A route or an inhibition names something that does not exist, or makes no sense."""


class MatcherShape(BaseModel):
    """A condition on a label."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=100)
    op: str = "="
    value: str = Field(default="", max_length=300)


class RouteShape(BaseModel):
    """A route: what must hold, and what becomes of the alert then."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    matchers: list[MatcherShape] = []
    severity_at_least: int | None = Field(default=None, ge=1, le=4)
    days: list[int] = []
    from_time: time | None = None
    until_time: time | None = None
    action: RouteAction
    severity: int | None = Field(default=None, ge=1, le=4)
    node: str | None = None


class InhibitionShape(BaseModel):
    """While an alert matches `source`, those that match `target` with equal labels tell nobody."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    source: list[MatcherShape] = Field(min_length=1)
    target: list[MatcherShape] = Field(min_length=1)
    equal: list[str] = []


class RoutingShape(BaseModel):
    """The whole routing."""

    model_config = ConfigDict(extra="forbid")

    routes: list[RouteShape] = Field(default=[], max_length=MOST_ROUTES)
    inhibitions: list[InhibitionShape] = Field(default=[], max_length=MOST_ROUTES)


def read_routing(data: Any) -> RoutingShape:
    """`data` as a routing; raises `CannotSetRouting` naming the place and the fault of the first wrong part."""
    try:
        return RoutingShape.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CannotSetRouting(f"{place}: {first['msg']}", field="routing", hint="See the example.") from error


@transaction.atomic
def set_routing(wanted: RoutingShape, *, actor: Actor, at: datetime) -> None:
    """Replace the routes and inhibitions; alerts that are open keep what was decided. Raises `CannotSetRouting`."""
    actor.require("respond.write")
    slugs = {route.node for route in wanted.routes if route.node}
    nodes = {node.slug: node for node in Node.objects.filter(slug__in=slugs)}
    if unknown := sorted(slugs - set(nodes)):
        raise CannotSetRouting(f"There is no node {unknown[0]}", field="routing", hint="Use its short name.")
    _check(wanted)
    AlertRoute.objects.all().delete()
    AlertRoute.objects.bulk_create(
        AlertRoute(
            position=position,
            matchers=[one.model_dump() for one in route.matchers],
            node=nodes[route.node] if route.node else None,
            **route.model_dump(exclude={"matchers", "node"}),
        )
        for position, route in enumerate(wanted.routes)
    )
    InhibitionRule.objects.all().delete()
    InhibitionRule.objects.bulk_create(InhibitionRule(**rule.model_dump()) for rule in wanted.inhibitions)
    fact = AlertRoutingChanged(routes=len(wanted.routes), inhibitions=len(wanted.inhibitions))
    tell(fact, at=at, actor=actor)


def _check(wanted: RoutingShape) -> None:
    groups: list[tuple[str, Sequence[MatcherShape]]] = [(route.name, route.matchers) for route in wanted.routes]
    groups += [(rule.name, [*rule.source, *rule.target]) for rule in wanted.inhibitions]
    for name, shapes in groups:
        try:
            check_matchers([Matcher(**one.model_dump()) for one in shapes], field="routing")
        except CannotSilence as refused:
            raise CannotSetRouting(f"{name}: {refused.message}", field="routing", hint=refused.hint) from refused
    for route in wanted.routes:
        if any(day not in range(7) for day in route.days):
            raise CannotSetRouting(f"{route.name}: a day is 0 (Monday) to 6", field="routing")
