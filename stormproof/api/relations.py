"""What an incident has to do with others, and updates to those who must know, for programs."""

from __future__ import annotations

from datetime import datetime

from ninja import Router, Schema, Status

from stormproof.api.base import Request
from stormproof.api.respond import IncidentOut, incident_of
from stormproof.core.clock import now
from stormproof.respond import selectors, services
from stormproof.respond.models import Incident, Merge, StakeholderUpdate

router = Router(tags=["respond"])


class LinkIn(Schema):
    """The number of another incident, and what this one has to do with it."""

    other: int
    kind: str


class RelatedOut(Schema):
    """Another incident, and what it has to do with this one."""

    id: int
    words: str
    number: int
    title: str


class MergeIn(Schema):
    """The number of the incident that this one becomes part of."""

    into: int


class MergeOut(Schema):
    """A merge that can be undone for an hour."""

    id: int
    source: int
    target: int
    at: datetime

    @staticmethod
    def resolve_source(merge: Merge) -> int:
        """The number of what became part."""
        return merge.source.number

    @staticmethod
    def resolve_target(merge: Merge) -> int:
        """The number of what it became part of."""
        return merge.target.number


class SplitIn(Schema):
    """Alerts by their ids, and why they are an incident of their own."""

    alerts: list[int]
    reason: str


class AttachIn(Schema):
    """An alert by its id, and why it belongs here."""

    alert: int
    reason: str


class PrivacyIn(Schema):
    """Whether only responders may know of it, and why."""

    is_private: bool
    reason: str


class UpdateIn(Schema):
    """An update to an audience; what is left out comes from its template."""

    audience: str
    subject: str = ""
    text: str = ""
    next_in_seconds: float | None = None


class UpdateOut(Schema):
    """An update that was sent."""

    audience: str
    number: int
    subject: str
    text: str
    recipients: int
    sent_at: datetime
    sent_by: str
    next_due_at: datetime | None


class AlertOut(Schema):
    """One alert of an incident."""

    id: int
    node: str
    reason: str
    suppressed_by: str | None
    opened_at: datetime
    closed_at: datetime | None


@router.get("/incidents/{int:number}/alerts", response=list[AlertOut], summary="Alerts of an incident")
def list_alerts_of_incident(request: Request, number: int) -> list[dict[str, object]]:
    """The alerts of an incident, open ones first."""
    return [
        {
            "id": alert.pk,
            "node": alert.node.slug,
            "reason": alert.reason,
            "suppressed_by": alert.suppressed_by.slug if alert.suppressed_by else None,
            "opened_at": alert.opened_at,
            "closed_at": alert.closed_at,
        }
        for alert in selectors.alerts_of(incident_of(request, number))
    ]


@router.get("/incidents/{int:number}/links", response=list[RelatedOut], summary="Linked incidents")
def list_links(request: Request, number: int) -> list[dict[str, object]]:
    """The incidents it is linked with."""
    return [
        {"id": one.link.pk, "words": one.words, "number": one.incident.number, "title": one.incident.title}
        for one in selectors.related_to(request.actor, incident_of(request, number))
    ]


@router.post("/incidents/{int:number}/links", response={204: None}, summary="Link incidents")
def link_incidents(request: Request, number: int, new: LinkIn) -> Status[None]:
    """Say what it has to do with another."""
    other = incident_of(request, new.other)
    services.link_incidents(incident_of(request, number), other=other, kind=new.kind, actor=request.actor, at=now())
    return Status(204, None)


@router.delete("/incidents/{int:number}/links/{int:id}", response={204: None}, summary="Unlink incidents")
def unlink_incidents(request: Request, number: int, id: int) -> Status[None]:
    """Take a link away."""
    link = selectors.link_for(request.actor, incident_of(request, number), id)
    services.unlink_incidents(link, actor=request.actor, at=now())
    return Status(204, None)


@router.post("/incidents/{int:number}/merge", response={201: MergeOut}, summary="Merge incidents")
def merge_incidents(request: Request, number: int, new: MergeIn) -> Status[Merge]:
    """Make it part of another."""
    into = incident_of(request, new.into)
    return Status(201, services.merge_incidents(incident_of(request, number), into=into, actor=request.actor, at=now()))


@router.post("/incidents/{int:number}/merges/{int:id}/undo", response=IncidentOut, summary="Undo a merge")
def undo_merge(request: Request, number: int, id: int) -> Incident:
    """Take a merge into this incident apart again."""
    row = selectors.merge_for(request.actor, incident_of(request, number), id)
    return services.undo_merge(row, actor=request.actor, at=now())


@router.post("/incidents/{int:number}/split", response={201: IncidentOut}, summary="Split an incident")
def split_incident(request: Request, number: int, new: SplitIn) -> Status[Incident]:
    """Make an incident of its own of some alerts."""
    alerts = [selectors.alert_for(request.actor, id) for id in new.alerts]
    found = services.split_incident(
        incident_of(request, number), alerts=alerts, reason=new.reason, actor=request.actor, at=now()
    )
    return Status(201, found)


@router.post("/incidents/{int:number}/alerts", response={204: None}, summary="Attach an alert")
def attach_alert(request: Request, number: int, new: AttachIn) -> Status[None]:
    """Move an alert here."""
    alert = selectors.alert_for(request.actor, new.alert)
    services.attach_alert(alert, to=incident_of(request, number), reason=new.reason, actor=request.actor, at=now())
    return Status(204, None)


@router.put("/incidents/{int:number}/privacy", response={204: None}, summary="Private or not")
def set_privacy(request: Request, number: int, new: PrivacyIn) -> Status[None]:
    """Make it private, or known to all who may read incidents."""
    services.set_privacy(
        incident_of(request, number), is_private=new.is_private, reason=new.reason, actor=request.actor, at=now()
    )
    return Status(204, None)


@router.get("/incidents/{int:number}/updates", response=list[UpdateOut], summary="Stakeholder updates")
def list_updates(request: Request, number: int) -> list[StakeholderUpdate]:
    """What the audiences were sent, the newest first."""
    return list(selectors.updates_of(incident_of(request, number)))


@router.post("/incidents/{int:number}/updates", response={201: UpdateOut}, summary="Send an update")
def send_update(request: Request, number: int, new: UpdateIn) -> Status[StakeholderUpdate]:
    """Mail an update to an audience."""
    incident = incident_of(request, number)
    request.actor.require("respond.act")
    audience = selectors.audience_named(new.audience)
    subject, text = selectors.draft_update(incident, audience, now())
    found = services.send_update(
        incident,
        audience,
        subject=new.subject or subject,
        text=new.text or text,
        next_in_seconds=new.next_in_seconds,
        actor=request.actor,
        at=now(),
    )
    return Status(201, found)
