"""What pages and webhooks say."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stormproof.business import selectors as business
from stormproof.core.env import env
from stormproof.people.models import User
from stormproof.respond import selectors
from stormproof.respond.models import Incident


def mail_of(incident: Incident, *, link: str, person: User, at: datetime) -> dict[str, Any]:
    """The page as a mail: what is broken, since when, what it costs, what to press; times in the person's zone."""
    zone = _zone(person)
    since = incident.impact_started_at.astimezone(zone)
    lines = [
        f"{incident.title} since {since:%H:%M} ({zone.key}).",
        f"Severity {incident.severity}: {incident.severity_reason}.",
    ]
    if incident.root_node is not None:
        lines.append(f"Cause: {incident.root_node.name}.")
    rate = selectors.revenue_per_minute_of(incident, at)
    if rate:
        lines.append(f"About {rate:,.0f} {business.currency()} a minute.")
    promise = selectors.rto_of(incident)
    if promise is not None:
        lines.append(f"{promise[1].name} must be back by {promise[0].astimezone(zone):%H:%M}.")
    opening = "This is a drill: please act as if it were real.\n\n" if incident.is_drill else ""
    text = f"""{opening}{chr(10).join(lines)}

I am on it (works without signing in, for 24 hours):
{link}

The incident:
{page_of(incident)}
"""
    prefix = "DRILL " if incident.is_drill else ""
    return {"subject": f"{prefix}SEV{incident.severity} {incident.label} {incident.title}", "text": text}


def question_of(incident: Incident, *, link: str, minutes: int) -> dict[str, Any]:
    """Whether somebody is still on it, as a mail."""
    text = f"""You said that you are on {incident.label} ({incident.title}). Are you still?

Yes, I am (works without signing in):
{link}

Without an answer within {minutes} minutes the paging goes on where it stopped.
The incident: {page_of(incident)}
"""
    return {"subject": f"Still on {incident.label} {incident.title}?", "text": text}


def news_of(incident: Incident, *, event: str, at: datetime) -> dict[str, Any]:
    """What became of an incident, for a webhook."""
    rate = selectors.revenue_per_minute_of(incident, at)
    return {
        "event": f"incident {event}",
        "at": at.isoformat(),
        "incident": incident.label,
        "title": incident.title,
        "severity": incident.severity,
        "state": incident.state,
        "is_drill": incident.is_drill,
        "root_cause": incident.root_node.slug if incident.root_node else None,
        "functions": list(incident.functions.order_by("position", "pk").values_list("slug", flat=True)),
        "revenue_per_minute": round(float(rate), 2),
        "currency": business.currency(),
        "url": page_of(incident),
    }


def page_of(incident: Incident) -> str:
    """The address of the incident's page."""
    return f"{env.public_url}/incidents/{incident.number}/"


def _zone(person: User) -> ZoneInfo:
    try:
        return ZoneInfo(person.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
