"""What respond keeps: alerts, incidents and their timeline, pages and the policies behind them."""

from stormproof.respond.models.alerts import Alert
from stormproof.respond.models.incidents import (
    NUMBER_SEQUENCE,
    DrillWindow,
    EntryVersion,
    Incident,
    IncidentRun,
    Task,
    TimelineEntry,
)
from stormproof.respond.models.paging import AckLink, Escalation, Page, PagingPolicy, PagingWebhook, PolicyStep
from stormproof.respond.models.roles import Qualification, RoleAssignment
from stormproof.respond.models.severity import SeverityLevel

__all__ = [
    "NUMBER_SEQUENCE",
    "AckLink",
    "Alert",
    "DrillWindow",
    "EntryVersion",
    "Escalation",
    "Incident",
    "IncidentRun",
    "Page",
    "PagingPolicy",
    "PagingWebhook",
    "PolicyStep",
    "Qualification",
    "RoleAssignment",
    "SeverityLevel",
    "Task",
    "TimelineEntry",
]
