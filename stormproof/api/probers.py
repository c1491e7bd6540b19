"""What remote probers speak: leases, plans, sightings. Their token is bound to one location and opens nothing else."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate
from ninja.security import HttpBearer
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.choices import Sight
from stormproof.watch.models import ProberToken
from stormproof.watch.rules import Sighting
from stormproof.watch.services.probers import Lease, end_lease, renew_lease
from stormproof.watch.services.remote import (
    issue_prober_token,
    plans_digest,
    plans_for,
    revoke_prober_token,
    take_batch,
    take_prober_token,
)

LARGEST_BODY = 8 * 1024 * 1024
router = Router(tags=["probers"])


class ByProberToken(HttpBearer):
    """`Authorization: Bearer spp_...`: a token of one location."""

    def authenticate(self, request: HttpRequest, token: str) -> tuple[ProberToken, str] | None:
        """The token and its value, if it is good."""
        found = take_prober_token(token.strip(), at=now())
        return None if found is None else (found, token.strip())


class Bearing(Request):
    """A request of a remote prober."""

    auth: tuple[ProberToken, str]


class LeaseIn(Schema):
    """What a prober says of itself."""

    instance: str = Field(min_length=1, max_length=120, pattern=r"^[\w.:-]+$")
    monitors: int = Field(0, ge=0)
    late_ms: float = Field(0, ge=0)
    sight: Sight = Sight.OFF


class LeaseOut(Schema):
    """Who is alive at the location; `plans` changes when the plans do; `at` is the server's clock."""

    prober_id: int
    location: str
    alive: list[str]
    is_proven: bool
    plans: str
    at: datetime


class PlanOut(Schema):
    """What to look at and how; `sealed` holds the settings, for the bearer of the token."""

    monitor_id: int
    version: int
    kind: str
    interval_seconds: int
    state: str
    last_at: datetime | None
    sealed: str


class TakenOut(Schema):
    """How many sightings counted; none of a batch that was taken before."""

    counted: int
    was_known: bool


class SightingIn(BaseModel):
    """One look."""

    model_config = ConfigDict(extra="ignore")

    monitor_id: int = Field(ge=1, le=2**31 - 1)
    version: int = Field(ge=1, le=2**31 - 1)
    at: datetime
    since: datetime
    ok: bool
    confirmed: bool
    degraded: bool = False
    refused: bool = False
    reason: str = Field("", max_length=2000)
    total_ms: float | None = Field(None, ge=0, allow_inf_nan=False)
    phases: list[float | None] | None = Field(None, max_length=10)
    steps: list[dict[str, Any]] | None = Field(None, max_length=200)
    about: dict[str, Any] | None = None

    @field_validator("at", "since")
    @classmethod
    def _with_a_zone(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("a moment needs its offset, such as +00:00")
        return value.astimezone(UTC)

    def sighting(self) -> Sighting:
        """The same as `watch` knows it."""
        said = self.model_dump(exclude={"phases"})
        return Sighting(**said, phases=tuple(self.phases) if self.phases is not None else None)


class BatchIn(BaseModel):
    """Sightings in the order in which they were seen; `batch` makes that they count once."""

    batch: UUID
    instance: str = Field("", max_length=120)
    sightings: list[SightingIn] = Field(max_length=2000)


class TokenIn(Schema):
    """A token for probers of one location."""

    name: str
    location: str


class TokenOut(Schema):
    """A token without its value."""

    id: int
    name: str
    location: str
    prefix: str
    issued_at: datetime
    last_used_at: datetime | None


class NewTokenOut(TokenOut):
    """A new token with its value, which is not shown again."""

    token: str


@router.post("/probers/lease", auth=ByProberToken(), response=LeaseOut, summary="Renew a lease")
def renew(request: Bearing, body: LeaseIn) -> dict[str, Any]:
    """Say that a prober is alive; learn who shares its work, and whether its plans changed."""
    token, _ = request.auth
    at = now()
    lease = Lease(
        instance=f"{body.instance}@{token.location}"[:120], location=token.location, monitors=body.monitors,
        late_ms=body.late_ms, sight=body.sight, is_remote=True,
    )  # fmt: skip
    member = renew_lease(lease, at=at)
    suffix = f"@{token.location}"
    return {
        "prober_id": member.prober_id,
        "location": token.location,
        "alive": [name.removesuffix(suffix) for name in member.alive],
        "is_proven": member.is_proven,
        "plans": plans_digest(token.location),
        "at": at,
    }


@router.delete("/probers/lease/{instance}", auth=ByProberToken(), response={204: None}, summary="End a lease")
def end(request: Bearing, instance: str) -> Status[None]:
    """The prober stops: its fellows take its monitors at once."""
    token, _ = request.auth
    end_lease(f"{instance}@{token.location}"[:120])
    return Status(204, None)


@router.get("/probers/plans", auth=ByProberToken(), response=list[PlanOut], summary="Plans of a location")
def plans(request: Bearing) -> list[dict[str, Any]]:
    """What the probers of the location look at, and nothing else."""
    token, raw = request.auth
    return plans_for(token.location, raw=raw)


@router.post("/probers/sightings", auth=ByProberToken(), response=TakenOut, summary="Bring sightings")
def bring(request: Bearing, response: HttpResponse) -> dict[str, Any]:
    """Record a batch; stored for good before the answer, and once however often it comes. The body may be gzip."""
    token, _ = request.auth
    try:
        body = BatchIn.model_validate_json(_body_of(request))
    except ValidationError as error:
        first = error.errors()[0]
        raise HttpError(422, f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}") from error
    sightings = [one.sighting() for one in body.sightings]
    instance = f"{body.instance}@{token.location}"[:120]
    try:
        counted = take_batch(body.batch, sightings, location=token.location, instance=instance, at=now())
    except OperationalError as error:
        raise HttpError(503, "The database is away; bring it again") from error
    return {"counted": counted or 0, "was_known": counted is None}


def _body_of(request: HttpRequest) -> bytes:
    body = request.body
    if request.headers.get("Content-Encoding", "").lower() != "gzip":
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise HttpError(422, "The body is not gzip") from error
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise HttpError(413, f"The body is cut short or unpacks to more than {LARGEST_BODY} bytes")
    return plain


@router.get("/prober-tokens", response=list[TokenOut], summary="Tokens of remote probers")
@paginate
def list_tokens(request: Request) -> Any:
    """The tokens that are good, by location."""
    return selectors.prober_tokens(request.actor)


@router.post("/prober-tokens", response={201: NewTokenOut}, summary="Issue a token for a remote prober")
def add_token(request: Request, body: TokenIn) -> Status[dict[str, Any]]:
    """A token bound to one location; its value is shown once."""
    token, raw = issue_prober_token(name=body.name, location=body.location, actor=request.actor, at=now())
    return Status(201, {**TokenOut.from_orm(token).dict(), "token": raw})


@router.delete("/prober-tokens/{id}", response={204: None}, summary="Revoke a token")
def delete_token(request: Request, id: int) -> Status[None]:
    """The token opens nothing from now on."""
    revoke_prober_token(selectors.prober_token_for(request.actor, id), actor=request.actor, at=now())
    return Status(204, None)
