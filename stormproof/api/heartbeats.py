"""Heartbeats for programs: what jobs reported, pings that come as mail, and the keys that open heartbeats by name."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate
from pydantic import Field

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.watch import selectors
from stormproof.watch.models import Ping, PingKey
from stormproof.watch.rules import Taken
from stormproof.watch.services.mail_pings import take_mail_ping
from stormproof.watch.services.ping_keys import make_ping_key, revoke_ping_key

router = Router(tags=["watch"])


class PingOut(Schema):
    """One report of a job, without what it wrote."""

    number: int
    at: datetime
    kind: str
    exit_status: int | None
    run_id: UUID | None
    took_ms: float | None
    body_size: int
    is_cut: bool
    method: str
    transport: str
    address: str
    agent: str


class PingWithBody(PingOut):
    """One report of a job with what it wrote."""

    body: str


class MailPingIn(Schema):
    """A mail: who it was for (`<ping address>@...`) and the message as it came (RFC 5322)."""

    recipient: str = Field(max_length=320)
    message: str = Field(max_length=1_000_000)


class TakenOut(Schema):
    """What became of a ping: ok, or too many."""

    taken: str


class PingKeyIn(Schema):
    """A new ping key: its name and the node on which it sets up heartbeats."""

    name: str = Field(max_length=100)
    on: str = Field(max_length=80)


class PingKeyOut(Schema):
    """A ping key without its value."""

    id: int
    name: str
    on: str
    made_at: datetime
    made_by: str
    provisioned: int

    @staticmethod
    def resolve_on(key: PingKey) -> str:
        """The node on which it sets up heartbeats."""
        return str(key.node.slug)


class NewPingKeyOut(Schema):
    """A new ping key and its value."""

    id: int
    key: str


@router.get("/monitors/{slug}/pings", response=list[PingOut], summary="Pings of a heartbeat")
@paginate
def list_pings(request: Request, slug: str, kind: str = "") -> QuerySet[Ping]:
    """The pings that are kept, newest first. `kind` is done, start, fail, log or ignored."""
    return selectors.pings_of(request.actor, selectors.monitor_for(request.actor, slug), kind=kind)


@router.get("/monitors/{slug}/pings/{number}", response=PingWithBody, summary="One ping")
def show_ping(request: Request, slug: str, number: int) -> Ping:
    """One ping with what the job wrote."""
    return selectors.ping_for(request.actor, selectors.monitor_for(request.actor, slug), number)


@router.post("/heartbeats/mail", response=TakenOut, summary="Take a ping that came as mail")
def take_mail(request: Request, body: MailPingIn) -> dict[str, str]:
    """For a mail server of your own: hand over each mail for a heartbeat's address."""
    request.actor.require("watch.write")
    taken = take_mail_ping(body.recipient, body.message.encode(), at=now())
    if taken == Taken.UNKNOWN:
        raise NotFound("no heartbeat has this address")
    return {"taken": taken}


@router.get("/ping-keys", response=list[PingKeyOut], summary="Ping keys")
@paginate
def list_ping_keys(request: Request) -> QuerySet[PingKey]:
    """The ping keys in use, by name."""
    return selectors.ping_keys(request.actor)


@router.post("/ping-keys", response={201: NewPingKeyOut}, summary="Make a ping key")
def add_ping_key(request: Request, body: PingKeyIn) -> Status[dict[str, object]]:
    """A key that opens every heartbeat by its name."""
    key, raw = make_ping_key(name=body.name, on=body.on, actor=request.actor, at=now())
    return Status(201, {"id": key.pk, "key": raw})


@router.delete("/ping-keys/{key_id}", response={204: None}, summary="Revoke a ping key")
def remove_ping_key(request: Request, key_id: int) -> Status[None]:
    """Make a ping key open nothing from now on."""
    request.actor.require("watch.write")
    revoke_ping_key(selectors.ping_key_for(request.actor, key_id), actor=request.actor, at=now())
    return Status(204, None)
