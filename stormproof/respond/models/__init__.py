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
from stormproof.respond.models.legal import (
    LegalClock,
    LegalDuty,
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
from stormproof.respond.models.orders import (
    AffectedOrder,
    OrderSnapshot,
    OrderSource,
    RestorePoint,
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
from stormproof.respond.models.relations import (
    DeclareRule,
    IncidentLink,
    Merge,
)
from stormproof.respond.models.roles import (
    Qualification,
    RoleAssignment,
)
from stormproof.respond.models.severity import (
    SeverityLevel,
)
from stormproof.respond.models.stakeholders import (
    Audience,
    IncidentSettings,
    StakeholderUpdate,
)

__all__ = [
    "NUMBER_SEQUENCE",
    "Absence",
    "AckLink",
    "Acknowledgement",
    "AffectedOrder",
    "Alert",
    "AlertDelivery",
    "AlertGroup",
    "AlertRoute",
    "Audience",
    "AuditFault",
    "CalendarAddress",
    "CalendarImport",
    "CoverageGap",
    "DeclareRule",
    "DrillWindow",
    "Duty",
    "EntryVersion",
    "Escalation",
    "ExternalAlert",
    "HandOffNote",
    "Incident",
    "IncidentLink",
    "IncidentRun",
    "IncidentSettings",
    "InhibitionRule",
    "Integration",
    "LayerMember",
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
    "Schedule",
    "ScheduleLayer",
    "ScheduleOverride",
    "SeverityLevel",
    "Silence",
    "StakeholderUpdate",
    "Swap",
    "Task",
    "TemporarySchedule",
    "TemporaryShift",
    "TimelineEntry",
]
