"""Reads for the figures of many incidents, and for the noise report."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from stormproof.business import selectors as business
from stormproof.business.rules import Profile, revenue_of, share_stopped
from stormproof.core.actor import Actor
from stormproof.respond.choices import LinkKind
from stormproof.respond.models import Alert, Incident, IncidentLink, IncidentRun, Page, TimelineEntry
from stormproof.respond.rules import Measured, Noise, is_night
from stormproof.respond.selectors.incidents import incidents_for
from stormproof.watch.models import Monitor

SHORT = timedelta(minutes=5)
MOST_MEASURED = 5_000


def real_incidents(actor: Actor, *, since: datetime, until: datetime) -> QuerySet[Incident]:
    """The incidents detected in a time that count: no drills, none that became part of another, no duplicates."""
    duplicates = IncidentLink.objects.filter(incident=OuterRef("pk"), kind=LinkKind.DUPLICATE_OF)
    found = incidents_for(actor).filter(opened_at__gte=since, opened_at__lt=until)
    return found.filter(~Exists(duplicates), is_drill=False, merged_into__isnull=True)


def measured_incidents(actor: Actor, *, since: datetime, until: datetime) -> list[Measured]:
    """The measures of the incidents that count, oldest first, of very many the newest.

    The money is what was expected of the functions hit.
    """
    rows = list(
        real_incidents(actor, since=since, until=until)
        .select_related(None)
        .select_related("root_node__team")
        .prefetch_related("functions__function")
        .annotate(first_paged_at=Min("pages__posted_at", filter=Q(pages__person__isnull=False)))
        .order_by("-opened_at", "-pk")[:MOST_MEASURED]
    )
    profile = business.profile_now()
    return [_measured(one, profile=profile) for one in reversed(rows)]


def _measured(incident: Incident, *, profile: Profile) -> Measured:
    functions = list(incident.functions.all())
    revenue = Decimal(0)
    start, end = incident.impact_started_at, incident.impact_ended_at
    if functions and end is not None and end > start:
        share = share_stopped([node.function.revenue_share for node in functions])
        revenue = revenue_of(profile, start=start, end=end) * share
    root = incident.root_node
    return Measured(
        number=incident.number,
        severity=incident.severity,
        functions=tuple(sorted(node.slug for node in functions)),
        team=root.team.slug if root and root.team else "",
        impact_started_at=incident.impact_started_at,
        opened_at=incident.opened_at,
        first_paged_at=getattr(incident, "first_paged_at"),  # noqa: B009  (an annotation)
        acknowledged_at=incident.acknowledged_at,
        mitigated_at=incident.impact_ended_at,
        resolved_at=incident.resolved_at,
        revenue=revenue,
    )


def noise_report(actor: Actor, *, since: datetime, until: datetime) -> list[Noise]:
    """What each monitor did, the noisiest first; drills are left out.

    An alert was acted on when a person wrote or did something in its incident, or a procedure ran for it.
    """
    people = TimelineEntry.objects.filter(incident=OuterRef("incident_id"), author__isnull=False)
    runs = IncidentRun.objects.filter(incident=OuterRef("incident_id"), run__isnull=False)
    visible = incidents_for(actor).filter(is_drill=False).order_by().values("pk")
    raised = (
        Alert.objects.filter(opened_at__gte=since, opened_at__lt=until, incident__in=visible, monitor__isnull=False)
        .annotate(is_acted_on=Exists(people), has_run=Exists(runs))
        .select_related("monitor", "node__team")
    )
    nights = _pages_at_night(since=since, until=until)
    found: dict[int, list[Alert]] = {}
    for alert in raised:
        if alert.monitor is not None:
            found.setdefault(alert.monitor.pk, []).append(alert)
    rows = [_noise(alerts[0].monitor, alerts, nights) for alerts in found.values() if alerts[0].monitor is not None]
    return sorted(rows, key=lambda one: (-one.ignored, -one.alerts, one.slug))


def _noise(monitor: Monitor, alerts: list[Alert], nights: Counter[int]) -> Noise:
    node = alerts[0].node
    incidents = {alert.incident_id for alert in alerts if alert.incident_id is not None}
    acted = sum(getattr(alert, "is_acted_on") or getattr(alert, "has_run") for alert in alerts)  # noqa: B009
    short = sum(alert.closed_at is not None and alert.closed_at - alert.opened_at < SHORT for alert in alerts)
    return Noise(
        name=monitor.name,
        slug=monitor.slug,
        node=node.name,
        team=node.team.name if node.team else "",
        alerts=len(alerts),
        ignored=len(alerts) - acted,
        short=short,
        incidents=len(incidents),
        night_pages=sum(nights[incident] for incident in incidents),
    )


def _pages_at_night(*, since: datetime, until: datetime) -> Counter[int]:
    """How many pages of each incident came at night where their person lives."""
    pages = Page.objects.filter(posted_at__gte=since, posted_at__lt=until, person__isnull=False)
    rows = pages.values_list("incident_id", "posted_at", "person__time_zone")
    return Counter(incident for incident, at, zone in rows if is_night(at.astimezone(_zone(zone)).time()))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
