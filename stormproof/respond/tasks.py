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


@every(seconds=1)
def handle_external_alerts(at: datetime) -> None:
    """Handle what integrations sent, end what was not sent again, tell of the groups that are due."""
    while services.handle_deliveries(at=now()):
        services.tell_due_groups(at=now())
    services.end_what_was_not_sent_again(at=at)
    services.end_silences(at=at)
    services.tell_due_groups(at=at)


@every(seconds=3600)
def forget_old_deliveries(at: datetime) -> None:
    """Drop what integrations sent and was handled long ago."""
    services.forget_old_deliveries(at=at)


@task()
def handle_what_was_delivered() -> None:
    """Handle what an integration sent through the web process."""
    while services.handle_deliveries(at=now()):
        services.tell_due_groups(at=now())


@every(seconds=15)
def remind_of_incident_tasks(at: datetime) -> None:
    """Mail whoever has a task that is due."""
    services.remind_of_tasks(at=at)


@every(seconds=30)
def remind_of_legal_deadlines(at: datetime) -> None:
    """Mail the owners of legal duties at 50 %, 90 % and the end of their time."""
    services.remind_of_legal_duties(at=at)


@every(seconds=30)
def remind_of_stakeholder_updates(at: datetime) -> None:
    """Mail who communicates that an audience expects an update."""
    services.remind_of_updates(at=at)


@task()
def freeze_orders_of_incident(incident_id: int, version: int, asked_by: str) -> None:
    """Read the shop's orders and keep them as one version."""
    services.freeze_orders(Incident.objects.get(pk=incident_id), version=version, asked_by=asked_by, at=now())


@task()
def start_procedures_of_root(incident_id: int) -> None:
    """Start the automatic procedures, once a deeper cause had time to show."""
    services.start_automatic_procedures(Incident.objects.get(pk=incident_id), at=now())


@every(seconds=60)
def record_who_is_on_call(at: datetime) -> None:
    """Write the history of every schedule on, and ask who leaves soon for a hand-off note."""
    services.record_all_duties(at=at)


@every(seconds=900)
def warn_of_coverage_gaps(at: datetime) -> None:
    """Find where nobody will be on call within 30 days."""
    services.warn_of_gaps(at=at)


@every(seconds=60)
def read_calendars_elsewhere(at: datetime) -> None:
    """Read the calendars that are due: absences and overrides."""
    services.read_due_calendars(at=at)


@every(seconds=5)
def let_acknowledgements_run_out(at: datetime) -> None:
    """Ask who is still on it, and page on where nobody says so."""
    services.let_acknowledgements_run_out(at=at)


@every(seconds=30)
def audit_the_paging(at: datetime) -> None:
    """Look at every incident that is not over: is the next step set and on time, did every due page leave?"""
    services.audit_escalations(at=at)
