"""What review does with facts from below."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.facts import on
from stormproof.respond.facts import IncidentResolved
from stormproof.respond.models import Incident
from stormproof.review import services


@on(IncidentResolved)
def open_the_review_when_an_incident_is_resolved(fact: IncidentResolved, *, at: datetime) -> None:
    """The review opens by itself, while everybody still remembers."""
    incident = Incident.objects.select_related("root_node", "commander").get(pk=fact.incident_id)
    if incident.is_over:
        services.open_review(incident, at=at)
