"""Reads of inform: what customers see, notices, history, subscribers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from stormproof.business import selectors as business
from stormproof.core.actor import Actor
from stormproof.core.facts import history_of
from stormproof.core.models import FactRecord
from stormproof.core.refusals import NotFound
from stormproof.core.ticks import signs_of_life
from stormproof.inform.choices import NoticeState
from stormproof.inform.models import Component, NodeDay, Notice, PublicDrill, StatusPage, Subscriber, Version
from stormproof.inform.rules import (
    STALE_AFTER,
    Stretch,
    line_of_truth,
    shown_state,
    states_over_time,
    uptime_of,
    worst_shown,
)
from stormproof.recover.models import Run
from stormproof.respond.models import Incident
from stormproof.watch import selectors as watch
from stormproof.watch.models import Monitor, StateChange

HISTORY_DAYS = 90
SHOWN_RESOLVED_DAYS = 14
NEEDED = ("worker", "prober")  # without these nobody looks, and the last states say nothing


def status_page() -> StatusPage:
    """The settings of the status page; the defaults until they were set."""
    return StatusPage.objects.first() or StatusPage()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A component before its state is known: the function and what customers call it."""

    node_id: int
    slug: str
    name: str
    description: str = ""


def components() -> list[Line]:
    """The lines of the status page: as the document names them, else every function by its public name."""
    rows = list(Component.objects.filter(node__retired_at__isnull=True).select_related("node"))
    if rows:
        return [Line(node_id=c.node_id, slug=c.node.slug, name=c.name, description=c.description) for c in rows]
    return [
        Line(node_id=node.pk, slug=node.slug, name=node.function.public_name or node.name)
        for node in business.functions_in_use()
    ]


def component_names(node_ids: Iterable[int]) -> list[str]:
    """What customers call these functions, in the order of the page; functions that are not on it are left out."""
    wanted = set(node_ids)
    return [line.name for line in components() if line.node_id in wanted]


# --- states over time -----------------------------------------------------------------------------------------------


def stretches_of(node_ids: Iterable[int], *, start: datetime, end: datetime) -> dict[int, list[Stretch]]:
    """How the state of each node went between `start` and `end`, along the graph as it is now. Four queries."""
    graph = business.graph_now()
    node_of = dict(Monitor.objects.filter(retired_at__isnull=True, enabled=True).values_list("pk", "node_id"))
    changes = StateChange.objects.filter(monitor__in=list(node_of))
    earlier = changes.filter(at__lte=start).order_by("monitor_id", "-at", "-id").distinct("monitor_id")
    before = dict.fromkeys(node_of, "unknown") | dict(earlier.values_list("monitor_id", "to_state"))
    within = changes.filter(at__gt=start, at__lt=end).order_by("at", "id").values_list("at", "monitor_id", "to_state")
    return states_over_time(
        list(within),
        before=before,
        node_of=node_of,
        needs=graph.needs,
        nodes=list(graph.nodes),
        wanted=list(node_ids),
        start=start,
        end=end,
    )


@dataclass(frozen=True, kw_only=True)
class Day:
    """One bar of the history: the worst that was seen on that day, and the share of time it worked."""

    on: date
    state: str
    uptime: float | None


def history_of_components(node_ids: Iterable[int], *, today: date) -> dict[int, list[Day]]:
    """The last 90 days of each node, oldest first; a day nobody looked at is unknown. One query."""
    wanted = list(node_ids)
    first = today - timedelta(days=HISTORY_DAYS - 1)
    rows = {(row.node_id, row.on): row for row in NodeDay.objects.filter(node_id__in=wanted, on__gte=first)}
    days = [first + timedelta(days=number) for number in range(HISTORY_DAYS)]
    return {node: [_day(rows.get((node, on)), on) for on in days] for node in wanted}


def _day(row: NodeDay | None, on: date) -> Day:
    spent = seconds_of(row)
    for state, least in (("down", 1.0), ("degraded", 60.0), ("maintenance", 60.0), ("up", 0.001)):
        if spent[state] >= least:
            return Day(on=on, state=state, uptime=uptime_of(spent))
    return Day(on=on, state="unknown", uptime=None)


def seconds_of(row: NodeDay | None) -> dict[str, float]:
    """The seconds a day's row holds for each state."""
    states = ("up", "degraded", "down", "maintenance", "unknown")
    return {state: getattr(row, f"{state}_seconds") if row else 0.0 for state in states}


def days_of(node_ids: Iterable[int], *, since: date) -> QuerySet[NodeDay]:
    """The days of these functions from `since` on."""
    return NodeDay.objects.filter(node_id__in=list(node_ids), on__gte=since).order_by()


# --- what the public sees -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ShownComponent:
    """One line of the page with the state it shows, its history and its uptime."""

    line: Line
    state: str
    days: list[Day] = field(default_factory=list)
    uptime: float | None = None


@dataclass(frozen=True, kw_only=True)
class PublicStatus:
    """Everything the status page, its feed and its JSON say, as of one moment."""

    name: str
    contact: str
    as_of: datetime
    is_stale: bool
    state: str
    truth: str
    components: list[ShownComponent]
    current: list[Notice]
    past: list[Notice]


def public_status(*, at: datetime, with_history: bool = True) -> PublicStatus:
    """What customers may see at `at`. States are unknown while nobody looks; drills are shown only when they may be."""
    page = status_page()
    lines = components()
    seen = watch.node_states()
    is_stale = not _somebody_looks(at)
    current = list(_public_notices().filter(state=NoticeState.PUBLISHED))
    named = {name for notice in current for version in shown_versions(notice)[:1] for name in version.affected}
    days = history_of_components([line.node_id for line in lines], today=at.date()) if with_history else {}
    shown = [
        ShownComponent(
            line=line,
            state=shown_state(seen.get(line.node_id, "unknown"), has_notice=line.name in named, is_stale=is_stale),
            days=days.get(line.node_id, []),
            uptime=_uptime_of_days(days.get(line.node_id, [])),
        )
        for line in lines
    ]
    since = at - timedelta(days=SHOWN_RESOLVED_DAYS)
    return PublicStatus(
        name=page.name or business.business_now().name,
        contact=page.contact,
        as_of=at,
        is_stale=is_stale,
        state=worst_shown(component.state for component in shown),
        truth=line_of_truth([(component.line.name, component.state) for component in shown]),
        components=shown,
        current=current,
        past=list(_public_notices().filter(state=NoticeState.RESOLVED, ended_at__gte=since)),
    )


def _uptime_of_days(days: list[Day]) -> float | None:
    known = [day.uptime for day in days if day.uptime is not None]
    return sum(known) / len(known) if known else None


def _somebody_looks(at: datetime) -> bool:
    lives = {life.process: life for life in signs_of_life(at=at)}
    ages = [lives[name].age_s for name in NEEDED if name in lives]
    return len(ages) == len(NEEDED) and all(age is not None and age <= STALE_AFTER.total_seconds() for age in ages)


def _public_notices() -> QuerySet[Notice]:
    published = Version.objects.filter(published_at__isnull=False).order_by("-number")
    return (
        Notice.objects.filter(is_public=True)
        .select_related("incident")
        .prefetch_related(Prefetch("versions", queryset=published, to_attr="published_versions"))
        .order_by("-published_at", "-pk")
    )


def shown_versions(notice: Notice) -> list[Version]:
    """The published versions of a public notice, newest first."""
    found: list[Version] = getattr(notice, "published_versions", [])
    return found


def public_notice(id: int) -> Notice:
    """One notice that the public may read; raises `NotFound`."""
    found = _public_notices().filter(pk=id, state__in=[NoticeState.PUBLISHED, NoticeState.RESOLVED]).first()
    if found is None:
        raise NotFound("There is no such notice")
    return found


def feed_versions(*, most: int = 30) -> list[Version]:
    """The published versions for the feed, newest first."""
    found = Version.objects.filter(
        published_at__isnull=False,
        notice__is_public=True,
        notice__state__in=[NoticeState.PUBLISHED, NoticeState.RESOLVED],
    )
    return list(found.select_related("notice").order_by("-published_at", "-pk")[:most])


# --- the console ----------------------------------------------------------------------------------------------------


def notices_for(actor: Actor) -> QuerySet[Notice]:
    """All notices, newest first; those of private incidents only for those who act on incidents."""
    if not actor.may("inform.read"):
        return Notice.objects.none()
    found = Notice.objects.select_related("incident").prefetch_related("versions")
    return found if actor.may("respond.act") else found.filter(incident__is_private=False)


def notice_for(actor: Actor, id: int) -> Notice:
    """One notice; raises `NotFound`."""
    found = notices_for(actor).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no notice {id}")
    return found


def notice_of_incident(actor: Actor, incident_id: int) -> Notice | None:
    """The notice about one incident, if there is one the actor may see."""
    return notices_for(actor).filter(incident_id=incident_id).first()


def draft_of(notice: Notice) -> Version | None:
    """The version nobody outside has seen yet."""
    return notice.versions.filter(published_at__isnull=True).first()


def latest_published(notice: Notice) -> Version | None:
    """What customers read now."""
    return notice.versions.filter(published_at__isnull=False).first()


def history_of_notice(notice: Notice) -> QuerySet[FactRecord]:
    """What happened to a notice, newest first."""
    return history_of(f"notice:{notice.pk}")


def waiting_notices(actor: Actor) -> int:
    """How many drafts wait for a person."""
    return notices_for(actor).filter(state=NoticeState.DRAFT, publish_at__isnull=True).count()


def overdue_notices(*, at: datetime) -> QuerySet[Notice]:
    """Published notices whose promised update has not come."""
    return Notice.objects.filter(state=NoticeState.PUBLISHED, next_update_at__lt=at)


def subscribers_for(actor: Actor) -> QuerySet[Subscriber]:
    """All subscribers, newest first."""
    return Subscriber.objects.all() if actor.may("inform.read") else Subscriber.objects.none()


def confirmed_subscribers() -> QuerySet[Subscriber]:
    """Those who get mails."""
    return Subscriber.objects.filter(confirmed_at__isnull=False, left_at__isnull=True)


def is_public_drill(incident: Incident) -> bool:
    """Whether the exercise behind a drill wants its notices to be public."""
    window = incident.drill_window
    return window is not None and PublicDrill.objects.filter(reference=window.reference).exists()


def earlier_repairs(node_ids: Iterable[int], *, most: int = 20) -> list[float]:
    """How many seconds the last successful runs of procedures for these nodes took, newest first."""
    runs = Run.objects.filter(Q(node_id__in=list(node_ids)), state="done", finished_at__isnull=False)
    rows = runs.order_by("-finished_at").values_list("started_at", "finished_at")[:most]
    return [(finished - started).total_seconds() for started, finished in rows if finished is not None]
