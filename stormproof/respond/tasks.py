"""What respond does later or again and again."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.clock import now
from stormproof.core.jobs import every, task
from stormproof.respond import services
from stormproof.respond.models import Incident


@every(seconds=1)
def page_the_next_person(at: datetime) -> None:
    """Page the next person wherever nobody answered in time."""
    services.page_the_next(at=at)


@every(seconds=1)
def resolve_settled_incidents(at: datetime) -> None:
    """Resolve the incidents whose monitors have stayed green."""
    services.resolve_what_has_settled(at=at)


@every(seconds=15)
def remind_of_incident_tasks(at: datetime) -> None:
    """Mail whoever has a task that is due."""
    services.remind_of_tasks(at=at)


@task()
def start_procedures_of_root(incident_id: int) -> None:
    """Start the automatic procedures, once a deeper cause had time to show."""
    services.start_automatic_procedures(Incident.objects.get(pk=incident_id), at=now())
