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
from stormproof.respond.models.legal import LegalClock, LegalDuty
from stormproof.respond.models.orders import AffectedOrder, OrderSnapshot, OrderSource, RestorePoint
from stormproof.respond.models.paging import AckLink, Escalation, Page, PagingPolicy, PagingWebhook, PolicyStep
from stormproof.respond.models.relations import DeclareRule, IncidentLink, Merge
from stormproof.respond.models.roles import Qualification, RoleAssignment
from stormproof.respond.models.severity import SeverityLevel
from stormproof.respond.models.stakeholders import Audience, IncidentSettings, StakeholderUpdate

__all__ = [
    "NUMBER_SEQUENCE",
    "AckLink",
    "AffectedOrder",
    "Alert",
    "Audience",
    "DeclareRule",
    "DrillWindow",
    "EntryVersion",
    "Escalation",
    "Incident",
    "IncidentLink",
    "IncidentRun",
    "IncidentSettings",
    "LegalClock",
    "LegalDuty",
    "Merge",
    "OrderSnapshot",
    "OrderSource",
    "Page",
    "PagingPolicy",
    "PagingWebhook",
    "PolicyStep",
    "Qualification",
    "RestorePoint",
    "RoleAssignment",
    "SeverityLevel",
    "StakeholderUpdate",
    "Task",
    "TimelineEntry",
]
