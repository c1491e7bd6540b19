"""What inform does with facts from below."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.facts import on
from stormproof.inform import services
from stormproof.respond.facts import (
    ImpactWidened,
    IncidentMerged,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    SeverityChanged,
)
from stormproof.respond.models import Incident


@on(IncidentOpened)
def draft_a_notice_when_an_incident_opens(fact: IncidentOpened, *, at: datetime) -> None:
    """The first words to customers are there before anybody has to find them; the rule may let them out at once."""
    services.draft_notice(Incident.objects.get(pk=fact.incident_id), at=at)
    services.publish_due_notices(at=at)


@on(ImpactWidened)
def say_more_when_more_is_hit(fact: ImpactWidened, *, at: datetime) -> None:
    """The draft, or the published notice, names what is hit now."""
    services.widen_notice(Incident.objects.get(pk=fact.incident_id), at=at)
    services.publish_due_notices(at=at)


@on(SeverityChanged)
def look_at_the_draft_again_when_the_severity_changes(fact: SeverityChanged, *, at: datetime) -> None:
    """A graver incident may be one that the rule lets out."""
    services.widen_notice(Incident.objects.get(pk=fact.incident_id), at=at)
    services.publish_due_notices(at=at)


@on(IncidentResolved)
def tell_customers_when_an_incident_is_over(fact: IncidentResolved, *, at: datetime) -> None:
    """Nobody should read of an outage that is over."""
    services.resolve_notice(Incident.objects.get(pk=fact.incident_id), at=at)


@on(IncidentMerged)
def tell_customers_of_one_thing_when_incidents_merge(fact: IncidentMerged, *, at: datetime) -> None:
    """Nobody outside should read of one outage twice."""
    services.resolve_notice(Incident.objects.get(pk=fact.source_incident_id), at=at)


@on(IncidentReopened)
def tell_customers_when_an_incident_comes_back(fact: IncidentReopened, *, at: datetime) -> None:
    """The notice goes on where it ended."""
    services.reopen_notice(Incident.objects.get(pk=fact.incident_id), at=at)
    services.publish_due_notices(at=at)
