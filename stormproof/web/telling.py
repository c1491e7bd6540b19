"""Facts as sentences: what happened, in words, with a tone and an icon. Used wherever a history is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from stormproof.business import selectors as business
from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.models import FactRecord
from stormproof.recover.models import Procedure
from stormproof.respond.models import Incident
from stormproof.respond.selectors import incidents_for
from stormproof.web.shell import reverse_or_none


class Wording(NamedTuple):
    """How one kind of fact is told: a sentence with {node}, {incident}, {procedure} and fields of the payload."""

    text: str
    tone: str
    icon: str


WORDINGS: dict[str, Wording] = {
    "MonitorWentDown": Wording("{node} went down", "down", icon="alert-octagon"),
    "MonitorRecovered": Wording("{node} is back", "up", icon="circle-check"),
    "MonitorDegraded": Wording("{node} breaks a promise", "degraded", icon="alert-triangle"),
    "MonitorWentUnknown": Wording("Nobody can see {node}", "unknown", icon="help-circle"),
    "MonitorStartedFlapping": Wording("{node} flaps", "degraded", icon="wave-square"),
    "MonitorStoppedFlapping": Wording("{node} is steady again", "up", icon="circle-check"),
    "LocationWentBlind": Wording("The place {name} cannot see its own network", "unknown", icon="eye-off"),
    "LocationSeesAgain": Wording("The place {name} sees again", "up", icon="eye"),
    "MaintenanceBegan": Wording("Planned work began: {name}", "maintenance", icon="tool"),
    "MaintenanceEnded": Wording("Planned work is over: {name}", "maintenance", icon="tool"),
    "IncidentOpened": Wording("{incident} opened, severity {severity}", "down", icon="urgent"),
    "RootCauseMoved": Wording("{incident}: a deeper cause was found", "degraded", icon="git-branch"),
    "IncidentAcknowledged": Wording("{incident} was acknowledged", "maintenance", icon="eye-check"),
    "IncidentResolved": Wording("{incident} is over", "up", icon="circle-check"),
    "IncidentReopened": Wording("{incident} came back", "down", icon="rotate"),
    "NobodyAnswered": Wording("Nobody answered the pages of {incident}", "down", icon="phone-off"),
    "RunStarted": Wording("{procedure} started", "maintenance", icon="player-play"),
    "RunFinished": Wording("{procedure} ended: {state}", "up", icon="flag-check"),
    "RunNeedsPerson": Wording("{procedure} waits for a person", "degraded", icon="user-question"),
    "StepOutcomeUnknown": Wording("A step was interrupted; nobody knows its outcome", "down", icon="help-octagon"),
    "NoticeDrafted": Wording("A notice to customers was drafted", "unknown", icon="pencil"),
    "NoticePublished": Wording("Customers were told, version {version}", "maintenance", icon="speakerphone"),
    "NoticeResolved": Wording("Customers were told that it is over", "up", icon="speakerphone"),
    "NoticeUpdateOverdue": Wording("An update to customers is overdue", "degraded", icon="clock-exclamation"),
    "ExerciseStarted": Wording("An exercise started", "maintenance", icon="flame"),
    "ExerciseFinished": Wording("An exercise ended", "up", icon="flame"),
    "DocumentApplied": Wording("continuity.yaml was applied", "maintenance", icon="file-check"),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One fact as it is shown."""

    at: datetime
    text: str
    detail: str
    url: str
    tone: str
    icon: str


def told(records: Iterable[FactRecord], actor: Actor = SYSTEM) -> list[Told]:
    """The facts as sentences, in the order given; incidents that `actor` may not know of are not named.

    Three queries whatever the number.
    """
    rows = list(records)
    nodes = business.nodes_by_id(_ids(rows, "node_id", "root_node_id"))
    incidents = {one.pk: one for one in incidents_for(actor).filter(pk__in=_ids(rows, "incident_id"))}
    procedures = dict(Procedure.objects.filter(pk__in=_ids(rows, "procedure_id")).values_list("pk", "name"))
    return [_sentence(row, {pk: node.name for pk, node in nodes.items()}, incidents, procedures) for row in rows]


def _ids(rows: Iterable[FactRecord], *fields: str) -> set[int]:
    return {row.payload[field] for row in rows for field in fields if isinstance(row.payload.get(field), int)}


def _sentence(
    row: FactRecord, nodes: Mapping[int, str], incidents: Mapping[int, Incident], procedures: Mapping[int, str]
) -> Told:
    wording = WORDINGS.get(row.name) or Wording(_words_of(row.name), "unknown", icon="point")
    incident = incidents.get(row.payload.get("incident_id", 0))
    known = {
        **row.payload,
        "node": nodes.get(row.payload.get("node_id") or row.payload.get("root_node_id") or 0, "Something"),
        "incident": str(incident) if incident else "An incident",
        "procedure": f"“{procedures.get(row.payload.get('procedure_id', 0), 'A procedure')}”",
    }
    return Told(
        at=row.happened_at,
        text=wording.text.format_map(known),
        detail=str(row.payload.get("reason", ""))[:200],
        url=_address(row, incident),
        tone=_tone(row, wording),
        icon=wording.icon,
    )


def _tone(row: FactRecord, wording: Wording) -> str:
    if row.payload.get("state") in ("failed", "aborted") or row.payload.get("passed") is False:
        return "down"
    return wording.tone


def _address(row: FactRecord, incident: Incident | None) -> str:
    if incident is not None:
        return reverse_or_none("incident", incident.number) or ""
    if "run_id" in row.payload:
        return reverse_or_none("run", row.payload["run_id"]) or ""
    return ""


def _words_of(name: str) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
    return words.capitalize()
