"""Reads of external alerts: the list at any length by keyset, its counts in one statement, integrations, silences."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, Q, QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound, Refused
from stormproof.respond.choices import AlertState
from stormproof.respond.models import AlertDelivery, AlertRoute, ExternalAlert, InhibitionRule, Integration, Silence

READ = "respond.read"
PAGE_SIZE = 50
MOST_BY_INDEX = 2000  # a rare word is looked up in the index of words alone, not along the order of the list
STATES = ("", "open", "acknowledged", "closed")
QUIET = ("", "silenced", "inhibited", "loud")
_CURSOR = re.compile(r"([1-4])-([0-9]{1,18})")


class CannotFindAlerts(Refused):
    """A filter has a value that is none of its own."""


@dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """What is asked of the list: everything empty means all that is not closed, the gravest and newest first."""

    state: str = ""
    severity: int | None = None
    source: str = ""  # the short name of an integration
    node: str = ""  # the short name of a node
    label: str = ""  # name=value
    quiet: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertPage:
    """A page of the list, and where the next begins ("" when there is none)."""

    rows: list[ExternalAlert]
    after: str


@dataclass(frozen=True, kw_only=True)
class AlertCounts:
    """How many alerts are not closed, and how they divide."""

    total: int = 0
    waiting: int = 0  # open, acknowledged by nobody, and loud
    quiet: int = 0
    by_severity: dict[int, int] = field(default_factory=dict)


def external_alerts(actor: Actor, asked: AlertFilter | None = None) -> QuerySet[ExternalAlert]:
    """The alerts the actor may know of that fit what is asked; raises `CannotFindAlerts` naming the filter."""
    if not actor.may(READ):
        return ExternalAlert.objects.none()
    asked = asked or AlertFilter()
    _check(asked)
    found = ExternalAlert.objects.filter(closed_at__isnull=asked.state != AlertState.CLOSED)
    if asked.state in ("open", "acknowledged"):
        found = found.filter(state=asked.state)
    if asked.severity is not None:
        found = found.filter(severity=asked.severity)
    if asked.source:
        found = found.filter(integration__slug=asked.source)
    if asked.node:
        found = found.filter(node__slug=asked.node)
    if asked.label:
        name, _, value = asked.label.partition("=")
        found = found.filter(labels__contains={name.strip(): value.strip()})
    return _spoken_for(_quiet(found, asked.quiet), asked.words)


def alert_page(actor: Actor, asked: AlertFilter, *, after: str = "", size: int = PAGE_SIZE) -> AlertPage:
    """One page, by keyset: as quick at the end of 100,000 rows as at the start. One statement, a second for words."""
    found = external_alerts(actor, asked)
    if match := _CURSOR.fullmatch(after):
        severity, id = int(match[1]), int(match[2])
        found = found.filter(Q(severity__gt=severity) | Q(severity=severity, pk__lt=id), severity__gte=severity)
    elif after:
        raise CannotFindAlerts(f"{after!r} is no place in the list", field="after", hint="Start at the first page.")
    rows = list(
        found.select_related("integration", "node", "silence", "inhibited_by").order_by("severity", "-pk")[: size + 1]
    )
    more = len(rows) > size
    rows = rows[:size]
    return AlertPage(rows=rows, after=f"{rows[-1].severity}-{rows[-1].pk}" if more else "")


def alert_counts(actor: Actor) -> AlertCounts:
    """The counts of what is not closed, from the index alone, in one statement."""
    if not actor.may(READ):
        return AlertCounts()
    is_quiet = Q(silence__isnull=False) | Q(inhibited_by__isnull=False)
    found = ExternalAlert.objects.filter(closed_at__isnull=True).aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=Q(state=AlertState.OPEN) & ~is_quiet),
        quiet=Count("pk", filter=is_quiet),
        **{f"severity_{level}": Count("pk", filter=Q(severity=level)) for level in range(1, 5)},
    )
    severities = {level: found[f"severity_{level}"] for level in range(1, 5) if found[f"severity_{level}"]}
    return AlertCounts(total=found["total"], waiting=found["waiting"], quiet=found["quiet"], by_severity=severities)


def external_alert_for(actor: Actor, id: int) -> ExternalAlert:
    """One external alert; raises `NotFound`."""
    rows = ExternalAlert.objects.select_related(
        "integration", "node", "group__alert__incident", "silence", "inhibited_by"
    )
    found = rows.filter(pk=id).first() if actor.may(READ) else None
    if found is None:
        raise NotFound(f"There is no alert {id}")
    return found


def integrations(actor: Actor) -> QuerySet[Integration]:
    """All integrations, by name."""
    if not actor.may(READ):
        return Integration.objects.none()
    return Integration.objects.select_related("node").order_by("name", "pk")


def integration_for(actor: Actor, slug: str) -> Integration:
    """One integration; raises `NotFound`."""
    found = integrations(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no integration {slug}")
    return found


def deliveries_of(integration: Integration, *, most: int = 20) -> list[AlertDelivery]:
    """The newest deliveries of an integration."""
    return list(integration.deliveries.order_by("-pk")[:most])


def unreadable_of(integration: Integration) -> int:
    """How many of its deliveries could not be read."""
    return integration.deliveries.filter(state="unreadable").count()


def silences(actor: Actor) -> QuerySet[Silence]:
    """The silences that count or will, the first to end first."""
    if not actor.may(READ):
        return Silence.objects.none()
    return Silence.objects.select_related("author").filter(ended_at__isnull=True).order_by("ends_at", "pk")


def silence_for(actor: Actor, id: int) -> Silence:
    """One silence; raises `NotFound`."""
    found = Silence.objects.filter(pk=id).first() if actor.may(READ) else None
    if found is None:
        raise NotFound(f"There is no silence {id}")
    return found


def alert_routes() -> QuerySet[AlertRoute]:
    """The routes in order."""
    return AlertRoute.objects.select_related("node").order_by("position", "pk")


def inhibition_rules() -> QuerySet[InhibitionRule]:
    """What inhibits what."""
    return InhibitionRule.objects.order_by("pk")


def routing_data() -> dict[str, Any]:
    """The whole routing as plain data, as `set_routing` takes it."""
    names = ("name", "matchers", "severity_at_least", "days", "from_time", "until_time", "action", "severity")
    routes = [
        {**{name: getattr(row, name) for name in names}, "node": row.node.slug if row.node else None}
        for row in alert_routes()
    ]
    rules = ("name", "source", "target", "equal")
    return {
        "routes": routes,
        "inhibitions": [{name: getattr(row, name) for name in rules} for row in inhibition_rules()],
    }


def _check(asked: AlertFilter) -> None:
    for name, choices in (("state", STATES), ("quiet", QUIET)):
        value = getattr(asked, name)
        if value not in choices:
            hint = f"Choose one of {', '.join(filter(None, choices))}."
            raise CannotFindAlerts(f"{value!r} is no {name}", field=name, hint=hint)
    if asked.severity is not None and asked.severity not in range(1, 5):
        raise CannotFindAlerts(f"Severity {asked.severity} does not exist", field="severity", hint="Choose 1 to 4.")
    if asked.label and "=" not in asked.label:
        raise CannotFindAlerts(f"{asked.label!r} is no label", field="label", hint="Write name=value.")
    if "\x00" in f"{asked.source}{asked.node}{asked.label}{asked.words}":
        raise CannotFindAlerts("A filter holds a NUL character", field="q")


def _quiet(found: QuerySet[ExternalAlert], quiet: str) -> QuerySet[ExternalAlert]:
    conditions: dict[str, dict[str, Any]] = {
        "silenced": {"silence__isnull": False},
        "inhibited": {"inhibited_by__isnull": False},
        "loud": {"silence__isnull": True, "inhibited_by__isnull": True},
    }
    return found.filter(**conditions[quiet]) if quiet else found


def _spoken_for(found: QuerySet[ExternalAlert], words: str) -> QuerySet[ExternalAlert]:
    """Those whose name, service or summary has a word that begins as each of `words`."""
    beginnings = re.findall(r"\w+", words)[:10]
    if not beginnings:
        return found
    query = SearchQuery(" & ".join(f"{word}:*" for word in beginnings), config="simple", search_type="raw")
    vector = SearchVector("name", "service", "summary", config="simple")
    spoken = found.annotate(spoken=vector).filter(spoken=query)
    ids = list(spoken.order_by().values_list("pk", flat=True)[:MOST_BY_INDEX])
    if len(ids) == MOST_BY_INDEX:  # words so common that the first page is found soon in the order of the list
        return spoken
    return ExternalAlert.objects.filter(pk__in=ids)
