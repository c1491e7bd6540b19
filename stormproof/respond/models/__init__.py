"""What respond keeps: alerts, incidents and their timeline, pages and the policies behind them."""

from stormproof.respond.models.alerts import (
    Alert,
)
from stormproof.respond.models.incidents import (
    NUMBER_SEQUENCE,
    DrillWindow,
    EntryVersion,
    Incident,
    IncidentRun,
    Task,
    TimelineEntry,
)
from stormproof.respond.models.intake import (
    AlertDelivery,
    AlertGroup,
    AlertRoute,
    ExternalAlert,
    InhibitionRule,
    Integration,
    Silence,
)
from stormproof.respond.models.oncall import (
    Absence,
    CalendarAddress,
    CalendarImport,
    CoverageGap,
    Duty,
    HandOffNote,
    LayerMember,
    Schedule,
    ScheduleLayer,
    ScheduleOverride,
    Swap,
    TemporarySchedule,
    TemporaryShift,
)
from stormproof.respond.models.paging import (
    AckLink,
    Acknowledgement,
    AuditFault,
    Escalation,
    Page,
    PagingPolicy,
    PagingWebhook,
    PolicyStep,
)
from stormproof.respond.models.roles import (
    Qualification,
    RoleAssignment,
)
from stormproof.respond.models.severity import (
    SeverityLevel,
)

__all__ = [
    "NUMBER_SEQUENCE",
    "Absence",
    "AckLink",
    "Acknowledgement",
    "Alert",
    "AlertDelivery",
    "AlertGroup",
    "AlertRoute",
    "AuditFault",
    "CalendarAddress",
    "CalendarImport",
    "CoverageGap",
    "DrillWindow",
    "Duty",
    "EntryVersion",
    "Escalation",
    "ExternalAlert",
    "HandOffNote",
    "Incident",
    "IncidentRun",
    "InhibitionRule",
    "Integration",
    "LayerMember",
    "Page",
    "PagingPolicy",
    "PagingWebhook",
    "PolicyStep",
    "Qualification",
    "RoleAssignment",
    "Schedule",
    "ScheduleLayer",
    "ScheduleOverride",
    "SeverityLevel",
    "Silence",
    "Swap",
    "Task",
    "TemporarySchedule",
    "TemporaryShift",
    "TimelineEntry",
]
