"""What respond keeps: alerts, incidents and their timeline, pages and the policies behind them."""

from stormproof.respond.models.alerts import (
    Alert,
)
from stormproof.respond.models.incidents import (
    DrillWindow,
    EntryVersion,
    Incident,
    IncidentRun,
    NUMBER_SEQUENCE,
    Task,
    TimelineEntry,
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
    "Absence",
    "AckLink",
    "Acknowledgement",
    "Alert",
    "AuditFault",
    "CalendarAddress",
    "CalendarImport",
    "CoverageGap",
    "DrillWindow",
    "Duty",
    "EntryVersion",
    "Escalation",
    "HandOffNote",
    "Incident",
    "IncidentRun",
    "LayerMember",
    "NUMBER_SEQUENCE",
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
    "Swap",
    "Task",
    "TemporarySchedule",
    "TemporaryShift",
    "TimelineEntry",
]
