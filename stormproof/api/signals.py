"""Business signals for programs: what they say, their counts, and the door for a shop that sends its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from ninja import Router, Schema
from ninja.pagination import paginate
from pydantic import Field

from stormproof.api.base import Request
from stormproof.core.clock import now
from stormproof.watch import selectors
from stormproof.watch.kinds.signal.sources import SourceFailed, rows_of
from stormproof.watch.models import Signal
from stormproof.watch.rules import learning_words
from stormproof.watch.services.signals.counting import MOST_PUSHED, CannotTakeCounts, push_counts

router = Router(tags=["watch"])
LONGEST = timedelta(days=8)


class SignalOut(Schema):
    """A signal, how far it is read and learned, and what the tests said last."""

    slug: str
    name: str
    on: str
    state: str
    reason: str
    cursor_at: datetime | None
    fault: str
    learning: str
    verdict: dict[str, Any]

    @staticmethod
    def resolve_slug(signal: Signal) -> str:
        """Its identifier."""
        return signal.monitor.slug

    @staticmethod
    def resolve_name(signal: Signal) -> str:
        """What people call it."""
        return signal.monitor.name

    @staticmethod
    def resolve_on(signal: Signal) -> str:
        """The identifier of what it looks at."""
        return str(signal.monitor.node.slug)

    @staticmethod
    def resolve_state(signal: Signal) -> str:
        """The monitor's state."""
        return signal.monitor.state

    @staticmethod
    def resolve_reason(signal: Signal) -> str:
        """The monitor's reason."""
        return signal.monitor.reason

    @staticmethod
    def resolve_learning(signal: Signal) -> str:
        """How far the baseline is, "" once it is whole."""
        return learning_words(signal.history_from, signal.cursor_at)


class CountIn(Schema):
    """What one minute held; `total` is 1 and `good` all of them unless said otherwise."""

    at: datetime
    total: int = Field(1, ge=0)
    good: int | None = Field(None, ge=0)
    value: float = 0
    provider: str = ""
    method: str = ""
    device: str = ""
    country: str = ""


class CountsIn(Schema):
    """Counts by minute and slice. `until`: everything before it is complete."""

    rows: list[CountIn] = Field(default_factory=list, max_length=MOST_PUSHED)
    until: datetime | None = None


class KeptOut(Schema):
    """How many different minutes and slices were kept."""

    kept: int


class MinuteOut(Schema):
    """One minute of all slices."""

    at: datetime
    total: int
    good: int


@router.get("/signals", response=list[SignalOut], summary="Business signals")
@paginate
def list_signals(request: Request) -> QuerySet[Signal]:
    """Every signal, by name."""
    return selectors.signals(request.actor)


@router.get("/signals/{slug}", response=SignalOut, summary="One signal")
def show_signal(request: Request, slug: str) -> Signal:
    """One signal: p-values by test and window, slices with the worst first, what is missing."""
    return selectors.signal_for(request.actor, slug)


@router.get("/signals/{slug}/counts", response=list[MinuteOut], summary="Counts of a signal")
def show_counts(
    request: Request, slug: str, start: datetime | None = None, end: datetime | None = None
) -> list[dict[str, Any]]:
    """Minutes in order; the last 3 hours unless said otherwise, 8 days at most."""
    signal = selectors.signal_for(request.actor, slug)
    to = (end or now()).replace(second=0, microsecond=0)
    since = (start or to - timedelta(hours=3)).replace(second=0, microsecond=0)
    if not timedelta(0) < to - since <= LONGEST:
        raise CannotTakeCounts("start must lie before end, by 8 days at most", field="start", hint="ask in parts")
    counted = selectors.minutes_of_signal(signal.monitor_id, start=since, end=to)
    return [
        {"at": since + timedelta(minutes=place), "total": int(total), "good": int(good)}
        for place, (total, good) in enumerate(zip(counted.total, counted.good, strict=True))
    ]


@router.post("/signals/{slug}/counts", response=KeptOut, summary="Send counts")
def send_counts(request: Request, slug: str, body: CountsIn) -> dict[str, int]:
    """Take the counts of a signal with the source `push`.

    A row replaces what its minute and slice held, so a batch may be sent again; a later batch corrects the past.
    """
    records = [row.dict(exclude_none=True) for row in body.rows]
    try:
        rows = rows_of(records)
    except SourceFailed as failed:
        raise CannotTakeCounts(str(failed), field="rows") from failed
    until = body.until if body.until is None or body.until.tzinfo else None
    if body.until is not None and until is None:
        raise CannotTakeCounts("until has no zone", field="until", hint="write it as 2026-11-24T12:00:00Z")
    return {"kept": push_counts(slug, rows, until=until, actor=request.actor, at=now())}
