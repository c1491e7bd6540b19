"""Reads the status page of a vendor: what it says of itself, in its own words."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from stormproof.core.document import Duration
from stormproof.engine.probe.http import LONGEST_BODY, Answer, HttpCheck
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal
from stormproof.engine.probe.vendor import DEGRADED, DOWN, CannotRead, VendorState, read_vendor
from stormproof.watch.kinds.kind import ActiveShape, FormField, Kind, Tools
from stormproof.watch.kinds.vendor.catalogue import VENDORS

MOST_REMEMBERED = 100
FORMS = ("statuspage", "feed", "google")
_remembered: OrderedDict[str, Remembered] = OrderedDict()


def _known(vendor: str) -> str:
    if vendor and vendor not in VENDORS:
        raise ValueError(f"there is no vendor {vendor!r} in the catalogue: give the url and form of its feed")
    return vendor


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password):
        raise ValueError("this is not a web address: write http://... or https://...")
    return url


class VendorShape(ActiveShape):
    """The status page of a vendor."""

    kind: Literal["vendor"]
    every: Duration = Field(120, ge=30, le=86400, description="How often the feed is read.")
    vendor: Annotated[str, AfterValidator(_known)] = Field("", description="A vendor of the catalogue, such as stripe.")
    url: Annotated[str, AfterValidator(_web_address)] = Field(
        "", max_length=2000, description="The feed of a vendor that the catalogue does not have."
    )
    form: Literal["statuspage", "feed", "google"] = Field(
        "statuspage", description="The form of `url`: statuspage (summary.json), feed (RSS or Atom), google."
    )
    only: list[Annotated[str, StringConstraints(min_length=1, max_length=100)]] = Field(
        default_factory=list,
        max_length=50,
        description="Components of a Statuspage by name, or words one of which an entry of a feed must contain.",
    )

    @property
    def address(self) -> str:
        """Where the feed is."""
        return VENDORS[self.vendor].url if self.vendor else self.url

    @property
    def written_form(self) -> str:
        """In which form the feed is."""
        return VENDORS[self.vendor].form if self.vendor else self.form

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.vendor) == bool(self.url):
            raise ValueError("give either a vendor of the catalogue or the url of a feed")
        return self


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """The last answer of an address, and what to ask with next time."""

    body: bytes
    etag: str
    modified: str

    @property
    def conditions(self) -> dict[str, str]:
        """The headers of a conditional request."""
        said = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in said.items() if value}


async def _look(shape: VendorShape, tools: Tools) -> Outcome:
    """A page that cannot be read says nothing of the vendor: unknown, never down."""
    known = _remembered.get(shape.address)
    check = HttpCheck(url=shape.address, headers=known.conditions if known else {})

    def judge(answer: Answer, watch: Stopwatch) -> Outcome:
        if answer.status == 304 and known is not None:
            body = known.body
        elif answer.status != 200:
            raise CannotRead(f"it answered {answer.status}")
        elif len(answer.body) >= LONGEST_BODY:
            raise CannotRead("it has more than a MiB")
        else:
            body = answer.body
            _remember(shape.address, answer)
        return outcome_of(read_vendor(shape.written_form, body, only=shape.only, at=tools.at), total_ms=watch.total_ms)

    try:
        outcome = await tools.http.ask(check, deadline_s=tools.deadline_s, judge=judge)
    except CannotRead as error:
        return refusal(f"the status page cannot be read: {error}")
    return outcome if "state" in outcome.details else refusal(f"the status page cannot be read: {outcome.reason}")


def _remember(url: str, answer: Answer) -> None:
    etag, modified = answer.headers.get("ETag", "")[:200], answer.headers.get("Last-Modified", "")[:100]
    _remembered[url] = Remembered(body=answer.body, etag=etag, modified=modified)
    _remembered.move_to_end(url)
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)


def outcome_of(said: VendorState, *, total_ms: float | None) -> Outcome:
    """What a vendor's word means here; maintenance that it announced is a note, not a fault."""
    note = f"maintenance: {said.maintenance}" if said.maintenance else ""
    return Outcome(
        ok=said.state != DOWN,
        degraded=said.state == DEGRADED,
        reason=f"the vendor says: {said.reason}" if said.reason else note,
        total_ms=total_ms,
        details={"state": said.state, "maintenance": said.maintenance},
    )


def _target(shape: VendorShape) -> str:
    where = f"{VENDORS[shape.vendor].title}'s status page" if shape.vendor else shape.url
    return f"{where}: {', '.join(shape.only)}" if shape.only else where


KIND = Kind(
    name="vendor",
    title="Vendor's status page",
    purpose="Reads what a payment provider, carrier or cloud says of itself: down and degraded in its own words.",
    icon="building-store",
    shape=VendorShape,
    target=_target,
    hosts=lambda shape: [("vendor" if shape.vendor else "url", urlsplit(shape.address).hostname or "")],
    look=_look,
    fields=(
        FormField(path="vendor", label="Vendor", widget="choice", choices=("", *VENDORS)),
        FormField(
            path="url",
            label="Or its feed",
            placeholder="https://status.carrier.example/api/v2/summary.json",
            help="When the catalogue does not have it: the summary.json of a Statuspage, an RSS or Atom feed.",
        ),
        FormField(path="form", label="Form of that feed", widget="choice", choices=FORMS),
        FormField(
            path="only",
            label="Only these",
            widget="lines",
            help="Components by name, one per line; for a feed, words one of which an entry must contain.",
        ),
    ),
)
