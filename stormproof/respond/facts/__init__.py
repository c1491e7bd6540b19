"""What respond tells the stages above. Facts hold ids, never secrets."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.facts import Fact
from stormproof.respond.facts.on_call import (
    AcknowledgementRanOut,
    CalendarAddressRotated,
    CoverageGapFound,
    EscalationFaultFound,
    ScheduleChanged,
    ScheduleRetired,
    ShiftBegan,
    SwapAnswered,
    SwapAsked,
)

__all__ = [
    "AcknowledgementRanOut",
    "AlertAttached",
    "AlertRoutingChanged",
    "AlertsHandled",
    "CalendarAddressRotated",
    "CoverageGapFound",
    "DeliveriesReprocessed",
    "EscalationFaultFound",
    "ImpactWidened",
    "IncidentAcknowledged",
    "IncidentHandedOver",
    "IncidentMergeUndone",
    "IncidentMerged",
    "IncidentMitigated",
    "IncidentOpened",
    "IncidentPrivacyChanged",
    "IncidentReopened",
    "IncidentResolved",
    "IncidentRoleEnded",
    "IncidentRoleTaken",
    "IncidentSplit",
    "IncidentsLinked",
    "IncidentsUnlinked",
    "IntegrationChanged",
    "IntegrationCreated",
    "IntegrationKeyRotated",
    "LegalClockReminded",
    "LegalClockSetAside",
    "LegalClocksStarted",
    "LegalDutyReported",
    "NobodyAnswered",
    "OrdersFrozen",
    "PersonPaged",
    "QualificationDropped",
    "QualificationRecorded",
    "RootCauseMoved",
    "ScheduleChanged",
    "ScheduleRetired",
    "SeverityChanged",
    "ShiftBegan",
    "SilenceCreated",
    "SilenceEnded",
    "StakeholdersReminded",
    "StakeholdersUpdated",
    "SwapAnswered",
    "SwapAsked",
    "TaskReminded",
    "TimelineEntryEdited",
]


@dataclass(frozen=True, kw_only=True)
class IncidentOpened(Fact):
    """An incident began: by an alert, or declared by a person."""

    incident_id: int
    root_node_id: int | None
    severity: int
    function_ids: list[int]
    is_drill: bool


@dataclass(frozen=True, kw_only=True)
class RootCauseMoved(Fact):
    """A deeper cause of an open incident was found."""

    incident_id: int
    from_node_id: int | None
    to_node_id: int


@dataclass(frozen=True, kw_only=True)
class ImpactWidened(Fact):
    """An open incident hits more functions than before; `function_ids` are all it hits now."""

    incident_id: int
    function_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class SeverityChanged(Fact):
    """The severity of an incident changed: 1 is the gravest, 4 the mildest."""

    incident_id: int
    before: int
    severity: int


@dataclass(frozen=True, kw_only=True)
class IncidentAcknowledged(Fact):
    """The first person acknowledged an incident and commands it."""

    incident_id: int
    user_id: int | None


@dataclass(frozen=True, kw_only=True)
class IncidentHandedOver(Fact):
    """The command of an incident went to another person."""

    incident_id: int
    from_user_id: int | None
    user_id: int


@dataclass(frozen=True, kw_only=True)
class IncidentRoleTaken(Fact):
    """A person took a role in an incident, or was given it; a deputy stands in for the holder."""

    incident_id: int
    user_id: int
    role: str
    is_deputy: bool


@dataclass(frozen=True, kw_only=True)
class IncidentRoleEnded(Fact):
    """A person no longer holds a role in an incident."""

    incident_id: int
    user_id: int
    role: str
    is_deputy: bool


@dataclass(frozen=True, kw_only=True)
class IncidentMitigated(Fact):
    """A person said that customers are no longer hit."""

    incident_id: int


@dataclass(frozen=True, kw_only=True)
class TimelineEntryEdited(Fact):
    """A line of a timeline was rewritten; the earlier wording is kept."""

    incident_id: int
    entry_id: int
    version: int


@dataclass(frozen=True, kw_only=True)
class TaskReminded(Fact):
    """Somebody was reminded of a task of an incident that is due."""

    incident_id: int
    task_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class QualificationRecorded(Fact):
    """A person is trained for a role in incidents, until a day or for good."""

    user_id: int
    role: str
    expires_on: str | None


@dataclass(frozen=True, kw_only=True)
class QualificationDropped(Fact):
    """A person no longer counts as trained for a role."""

    user_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class LegalClocksStarted(Fact):
    """Legal duties of an incident run from the moment the shop became aware."""

    incident_id: int
    duties: list[str]


@dataclass(frozen=True, kw_only=True)
class LegalDutyReported(Fact):
    """A legal duty was met: the authority was told."""

    incident_id: int
    duty: str
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class LegalClockSetAside(Fact):
    """A person said, with a reason, that a legal duty does not apply."""

    incident_id: int
    duty: str


@dataclass(frozen=True, kw_only=True)
class LegalClockReminded(Fact):
    """The owner of a legal duty was reminded of its deadline."""

    incident_id: int
    duty: str


@dataclass(frozen=True, kw_only=True)
class OrdersFrozen(Fact):
    """The orders an incident hit were kept as one more version."""

    incident_id: int
    version: int
    count: int


@dataclass(frozen=True, kw_only=True)
class IncidentMerged(Fact):
    """One incident became part of another: `incident_id` goes on, `source_incident_id` is over."""

    incident_id: int
    source_incident_id: int


@dataclass(frozen=True, kw_only=True)
class IncidentMergeUndone(Fact):
    """A merge was taken apart again; both incidents go on."""

    incident_id: int
    source_incident_id: int


@dataclass(frozen=True, kw_only=True)
class IncidentSplit(Fact):
    """Some alerts of an incident became one of their own."""

    incident_id: int
    new_incident_id: int


@dataclass(frozen=True, kw_only=True)
class AlertAttached(Fact):
    """A person moved an alert to the incident where it belongs."""

    incident_id: int
    from_incident_id: int | None
    alert_id: int


@dataclass(frozen=True, kw_only=True)
class IncidentsLinked(Fact):
    """A person said what one incident has to do with another."""

    incident_id: int
    other_incident_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class IncidentsUnlinked(Fact):
    """A link between two incidents was taken away."""

    incident_id: int
    other_incident_id: int


@dataclass(frozen=True, kw_only=True)
class IncidentPrivacyChanged(Fact):
    """An incident was made private, or is no longer."""

    incident_id: int
    is_private: bool


@dataclass(frozen=True, kw_only=True)
class StakeholdersUpdated(Fact):
    """An audience was sent an update of an incident."""

    incident_id: int
    audience: str
    number: int
    recipients: int


@dataclass(frozen=True, kw_only=True)
class StakeholdersReminded(Fact):
    """Who communicates was reminded that an audience expects an update."""

    incident_id: int
    audience: str


@dataclass(frozen=True, kw_only=True)
class IncidentResolved(Fact):
    """An incident is over."""

    incident_id: int


@dataclass(frozen=True, kw_only=True)
class IncidentReopened(Fact):
    """A resolved incident came back within half an hour."""

    incident_id: int


@dataclass(frozen=True, kw_only=True)
class PersonPaged(Fact):
    """A page to a person was put into the outbox."""

    incident_id: int
    user_id: int
    page_id: int


@dataclass(frozen=True, kw_only=True)
class IntegrationCreated(Fact):
    """Another system may deliver alerts."""

    integration_id: int
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class IntegrationChanged(Fact):
    """What an integration is called, what its alerts are about, or whether it may deliver was changed."""

    integration_id: int
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class IntegrationKeyRotated(Fact):
    """An integration got a new address; the old one stopped working."""

    integration_id: int


@dataclass(frozen=True, kw_only=True)
class DeliveriesReprocessed(Fact):
    """What an integration sent and could not be read is handled once more."""

    integration_id: int
    deliveries: int


@dataclass(frozen=True, kw_only=True)
class AlertsHandled(Fact):
    """A person acknowledged or ended external alerts, one or many at once."""

    act: str
    alerts: int
    alert_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class SilenceCreated(Fact):
    """Alerts that match tell nobody for a time."""

    silence_id: int
    ends_at: str  # ISO 8601


@dataclass(frozen=True, kw_only=True)
class SilenceEnded(Fact):
    """A silence is over, by time or by a person; what it kept quiet and still is open is told now."""

    silence_id: int


@dataclass(frozen=True, kw_only=True)
class AlertRoutingChanged(Fact):
    """What becomes of external alerts was changed: the routes, or what inhibits what."""

    routes: int
    inhibitions: int


@dataclass(frozen=True, kw_only=True)
class NobodyAnswered(Fact):
    """Everyone of a paging policy was paged as often as it says, and nobody acknowledged."""

    incident_id: int
