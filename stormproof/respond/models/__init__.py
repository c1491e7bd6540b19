"""What respond keeps: alerts, incidents and their timeline, pages and the policies behind them."""

from stormproof.respond.models.alerts import Alert
from stormproof.respond.models.incidents import NUMBER_SEQUENCE, DrillWindow, Incident, IncidentRun, Task, TimelineEntry
from stormproof.respond.models.intake import (
    AlertDelivery,
    AlertGroup,
    AlertRoute,
    ExternalAlert,
    InhibitionRule,
    Integration,
    Silence,
)
from stormproof.respond.models.paging import AckLink, Escalation, Page, PagingPolicy, PagingWebhook, PolicyStep

__all__ = [
    "NUMBER_SEQUENCE",
    "AckLink",
    "Alert",
    "AlertDelivery",
    "AlertGroup",
    "AlertRoute",
    "DrillWindow",
    "Escalation",
    "ExternalAlert",
    "Incident",
    "IncidentRun",
    "InhibitionRule",
    "Integration",
    "Page",
    "PagingPolicy",
    "PagingWebhook",
    "PolicyStep",
    "Silence",
    "Task",
    "TimelineEntry",
]
