"""Notices to customers and the status page for programs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from ninja import Router, Schema
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.inform import selectors, services
from stormproof.inform.choices import Phase
from stormproof.inform.models import Notice, Subscriber, Version

router = Router(tags=["inform"])


class VersionOut(Schema):
    """One thing said about an incident; not published while `published_at` is empty."""

    number: int
    phase: str
    text: str
    affected: list[str]
    estimate_from: datetime | None
    estimate_until: datetime | None
    estimate_reason: str
    author_name: str
    written_at: datetime
    published_at: datetime | None


class NoticeOut(Schema):
    """What customers are told about one incident."""

    id: int
    title: str
    state: str
    is_public: bool
    incident_id: int
    drafted_at: datetime
    publish_at: datetime | None
    published_at: datetime | None
    next_update_at: datetime | None
    ended_at: datetime | None
    versions: list[VersionOut]

    @staticmethod
    def resolve_versions(notice: Notice) -> list[Version]:
        """Newest first."""
        return list(notice.versions.all())


class WriteIn(Schema):
    """The next version of a notice."""

    text: str
    phase: Phase = Phase.INVESTIGATING
    affected: list[str] = []
    estimate_from: datetime | None = None
    estimate_until: datetime | None = None


class PublishIn(Schema):
    """When the next update is promised; left out: as the status page's settings say."""

    next_update_at: datetime | None = None


class WithdrawIn(Schema):
    """Why a notice is taken back."""

    reason: str


class SubscriberOut(Schema):
    """Somebody who asked for mails."""

    id: int
    email: str
    state: str
    asked_at: datetime
    confirmed_at: datetime | None


@router.get("/notices", response=list[NoticeOut], summary="List notices")
@paginate
def list_notices(request: Request, state: str = "") -> QuerySet[Notice]:
    """All notices, newest first; `state`: draft, published, resolved or withdrawn."""
    request.actor.require("inform.read")
    found = selectors.notices_for(request.actor)
    return found.filter(state=state) if state else found


@router.get("/notices/{id}", response=NoticeOut, summary="One notice")
def get_notice(request: Request, id: int) -> Notice:
    """One notice with its versions."""
    return selectors.notice_for(request.actor, id)


@router.post("/notices/{id}/versions", response={201: VersionOut}, summary="Write the next version")
def write_version(request: Request, id: int, body: WriteIn) -> tuple[int, Version]:
    """Save the next version as a draft; nobody outside sees it."""
    notice = selectors.notice_for(request.actor, id)
    version = services.write_version(notice, **body.dict(), actor=request.actor, at=now())
    return 201, version


@router.post("/notices/{id}/publish", response=NoticeOut, summary="Publish the draft")
def publish_notice(request: Request, id: int, body: PublishIn) -> Notice:
    """Let the draft out: status page, feed and mails."""
    notice = selectors.notice_for(request.actor, id)
    services.publish_notice(notice, next_update_at=body.next_update_at, actor=request.actor, at=now())
    return selectors.notice_for(request.actor, id)


@router.post("/notices/{id}/withdraw", response=NoticeOut, summary="Withdraw a notice")
def withdraw_notice(request: Request, id: int, body: WithdrawIn) -> Notice:
    """Take a notice back."""
    notice = selectors.notice_for(request.actor, id)
    services.withdraw_notice(notice, reason=body.reason, actor=request.actor, at=now())
    return selectors.notice_for(request.actor, id)


@router.get("/subscribers", response=list[SubscriberOut], summary="List subscribers")
@paginate
def list_subscribers(request: Request) -> QuerySet[Subscriber]:
    """Who asked for mails, newest first."""
    request.actor.require("inform.read")
    return selectors.subscribers_for(request.actor)
