"""The words of incidents: states, kinds of timeline entries and where pages stand."""

from __future__ import annotations

from django.db import models


class IncidentState(models.TextChoices):
    """Where an incident stands."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"


class IncidentStage(models.TextChoices):
    """How far an incident has come; each stage has a moment of its own."""

    DETECTED = "detected", "Detected"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    MITIGATED = "mitigated", "Stable"
    RESOLVED = "resolved", "Resolved"


class IncidentRole(models.TextChoices):
    """What a person does in an incident."""

    COMMANDER = "commander", "Commander"
    COMMUNICATIONS = "communications", "Communications"
    OPERATIONS = "operations", "Operations"
    SCRIBE = "scribe", "Scribe"


class LinkKind(models.TextChoices):
    """What one incident has to do with another."""

    DUPLICATE_OF = "duplicate_of", "A duplicate of"
    CAUSED_BY = "caused_by", "Caused by"
    RELATED = "related", "Related to"


class LegalState(models.TextChoices):
    """How far a legal duty of an incident is."""

    RUNNING = "running", "Running"
    REPORTED = "reported", "Reported"
    NOT_APPLICABLE = "not_applicable", "Does not apply"


class SeverityColour(models.TextChoices):
    """The colour of a severity: one of the tones that mean something in the console."""

    DOWN = "down", "Red"
    DEGRADED = "degraded", "Amber"
    MAINTENANCE = "maintenance", "Blue"
    UNKNOWN = "unknown", "Grey"


class PageState(models.TextChoices):
    """Where one page to one person stands."""

    PENDING = "pending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Could not be delivered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"


class EntryKind(models.TextChoices):
    """What a line of the timeline tells."""

    DETECTED = "detected", "Detected"
    OPENED = "opened", "Opened"
    ROOT_CAUSE = "root_cause", "Root cause"
    SEVERITY = "severity", "Severity"
    PAGED = "paged", "Paged"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    HANDED_OVER = "handed_over", "Handed over"
    ROLE = "role", "Role"
    NOTE = "note", "Note"
    DECISION = "decision", "Decision"
    OBSERVATION = "observation", "Observation"
    TASK = "task", "Task"
    RUN = "run", "Procedure"
    CUSTOMERS = "customers", "Customers"
    UPDATE = "update", "Update"
    LEGAL = "legal", "Legal clock"
    ORDERS = "orders", "Orders"
    LINKED = "linked", "Linked"
    MERGED = "merged", "Merged"
    MITIGATED = "mitigated", "Stable"
    RECOVERED = "recovered", "Recovered"
    RESOLVED = "resolved", "Resolved"
    REOPENED = "reopened", "Re-opened"


class EntryGroup(models.TextChoices):
    """What the timeline may be narrowed to."""

    DECISIONS = "decisions", "Decisions"
    MACHINE = "machine", "Machine"
    CUSTOMERS = "customers", "Customers"


GROUP_OF_KIND: dict[str, str] = {
    EntryKind.DETECTED: EntryGroup.MACHINE,
    EntryKind.OPENED: EntryGroup.MACHINE,
    EntryKind.ROOT_CAUSE: EntryGroup.MACHINE,
    EntryKind.SEVERITY: EntryGroup.DECISIONS,
    EntryKind.PAGED: EntryGroup.MACHINE,
    EntryKind.ACKNOWLEDGED: EntryGroup.DECISIONS,
    EntryKind.HANDED_OVER: EntryGroup.DECISIONS,
    EntryKind.ROLE: EntryGroup.DECISIONS,
    EntryKind.NOTE: EntryGroup.DECISIONS,
    EntryKind.DECISION: EntryGroup.DECISIONS,
    EntryKind.OBSERVATION: EntryGroup.DECISIONS,
    EntryKind.TASK: EntryGroup.DECISIONS,
    EntryKind.RUN: EntryGroup.MACHINE,
    EntryKind.CUSTOMERS: EntryGroup.CUSTOMERS,
    EntryKind.UPDATE: EntryGroup.CUSTOMERS,
    EntryKind.LEGAL: EntryGroup.DECISIONS,
    EntryKind.ORDERS: EntryGroup.MACHINE,
    EntryKind.LINKED: EntryGroup.DECISIONS,
    EntryKind.MERGED: EntryGroup.DECISIONS,
    EntryKind.MITIGATED: EntryGroup.DECISIONS,
    EntryKind.RECOVERED: EntryGroup.MACHINE,
    EntryKind.RESOLVED: EntryGroup.DECISIONS,
    EntryKind.REOPENED: EntryGroup.MACHINE,
}


class TurnUnit(models.TextChoices):
    """What the length of a turn is counted in."""

    HOURS = "hours", "Hours"
    DAYS = "days", "Days"
    WEEKS = "weeks", "Weeks"
    MONTHS = "months", "Months"


class HolidayMode(models.TextChoices):
    """What a layer does on the holidays of its schedule."""

    COUNT = "count", "Counts as on any day"
    OFF = "off", "Is off"
    ONLY = "only", "Counts on holidays only"


class SwapState(models.TextChoices):
    """Where a swap of shifts stands."""

    ASKED = "asked", "Asked"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class AlertState(models.TextChoices):
    """Where an external alert stands."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CLOSED = "closed", "Closed"


class DeliveryState(models.TextChoices):
    """What became of one delivery of an integration."""

    WAITING = "waiting", "Waiting"
    HANDLED = "handled", "Handled"
    UNREADABLE = "unreadable", "Could not be read"


class RouteAction(models.TextChoices):
    """What becomes of an external alert."""

    PAGE = "page", "Page: an incident opens"
    TICKET = "ticket", "Ticket: it waits in the list"
    LOG = "log", "Log only"


ALERT_SEVERITIES = [(1, "Critical"), (2, "Error"), (3, "Warning"), (4, "Info")]
WRITTEN_BY_PEOPLE = (EntryKind.NOTE, EntryKind.DECISION, EntryKind.OBSERVATION)  # what a person may write by hand
