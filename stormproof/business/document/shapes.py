"""The shapes of the business sections of continuity.yaml: what may stand where, in which unit."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    StringConstraints,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from stormproof.business.choices import AssetType, Service
from stormproof.core.document import SLUG, Duration

_AMOUNT = re.compile(r"^(\d+(?:\.\d+)?)\s*([kM]?)$")
_PERCENT = re.compile(r"^(\d+(?:\.\d{1,4})?)\s*%$")


def read_percent(value: object) -> Decimal:
    """A fraction (0 to 1) from `50%`; raises ValueError for anything else, a bare number included."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and (found := _PERCENT.match(value.strip())) and Decimal(found[1]) <= 100:
        return Decimal(found[1]) / 100
    raise ValueError(f"{value!r} is not a percentage: write 0% to 100%, such as 50%")


def write_percent(value: Decimal) -> str:
    """The shortest exact writing of a fraction as a percentage."""
    return f"{(value * 100).normalize():f}%"


def read_amount(value: object) -> Decimal:
    """Money or a factor from `1200`, `12.5`, `350k` or `1.2M`; raises ValueError for anything else or below zero."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        text = str(value) if not isinstance(value, float) else _float_text(value)
        if found := _AMOUNT.match(text.strip().replace("_", "")):
            return Decimal(found[1]) * {"": 1, "k": 1000, "M": 1_000_000}[found[2]]
    raise ValueError(f"{value!r} is not an amount: write a number such as 1200, 12.5, 350k or 1.2M")


def _float_text(value: float) -> str:
    try:
        return f"{Decimal(repr(value)):f}"
    except InvalidOperation:  # inf and nan
        return repr(value)


def write_amount(value: Decimal) -> int | float | str:
    """A number when it can be written as one exactly, otherwise text."""
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else f"{value:f}"


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError(f"{value!r} is not a currency: write its three capital letters, such as EUR")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not a time zone: write one such as Europe/Berlin")
    ZoneInfo(value)
    return value


def _web_address(value: str) -> str:
    if not re.match(r"^https?://[^\s/]+", value):
        raise ValueError(f"{value!r} is not a web address: it begins with https:// or http://")
    return value


Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Address = Annotated[str, AfterValidator(_web_address), WithJsonSchema({"type": "string", "format": "uri"})]
Percent = Annotated[
    Decimal,
    BeforeValidator(read_percent),
    PlainSerializer(write_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d{1,4})?\s*%$", "examples": ["50%"]}),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(read_amount),
    PlainSerializer(write_amount),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[kM]?$"}],
            "examples": [1200, "1.2M"],
        }
    ),
]


class Shape(BaseModel):
    """A map with fixed keys; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BusinessShape(Shape):
    """The shop itself."""

    name: Name = Field(description="What the shop is called.")
    currency: Annotated[str, AfterValidator(_currency)] = Field("EUR", description="The currency of every figure.")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="The zone of the shop's own days.")
    address: Address | None = Field(None, description="Where customers find the shop.")


class GroupShape(Shape):
    """A need that several can meet: at least so many of these must work."""

    at_least: int = Field(ge=1, description="How many of them must work.")
    of: list[Slug] = Field(min_length=1, description="The nodes that count.")
    label: str = Field("", max_length=120, description="What the group is called in the graph.")

    @model_validator(mode="after")
    def _can_be_met(self) -> GroupShape:
        if self.at_least > len(self.of):
            raise ValueError(f"at_least is {self.at_least} but only {len(self.of)} nodes are listed")
        if len(set(self.of)) < len(self.of):
            raise ValueError("a node is listed twice")
        return self


def _plain(need: str | GroupShape) -> str | GroupShape:
    """A group of one without a label is the plain name."""
    if isinstance(need, GroupShape) and len(need.of) == 1 and not need.label:
        return need.of[0]
    return need


def _which(value: Any) -> str:
    return "group" if isinstance(value, dict | GroupShape) else "name"


NeedShape = Annotated[
    Annotated[Slug, Tag("name")] | Annotated[GroupShape, Tag("group")], Discriminator(_which), AfterValidator(_plain)
]


class ObjectivesShape(Shape):
    """What is promised. Left out means no promise; 0s is one."""

    rto: Duration | None = Field(None, description="Recovery time objective: back within.")
    rpo: Duration | None = Field(None, description="Recovery point objective: at most so much work lost.")
    mtpd: Duration | None = Field(None, description="Maximum tolerable period of disruption: unbearable beyond.")
    mbco: Percent | None = Field(None, description="Minimum business continuity objective: goes on meanwhile.")


class NodeShape(Shape):
    """What every node has."""

    name: Name = Field(description="What people call it.")
    description: str = Field("", max_length=2000, description="What it is, in a sentence or two.")
    team: Slug | None = Field(None, description="The team that looks after it.")
    depends_on: list[NeedShape] = Field(default_factory=list, description="What it needs to work.")
    objectives: ObjectivesShape = Field(ObjectivesShape(), description="What is promised for it.")
    rehearsable: bool = Field(False, description="Whether an exercise may break it on purpose.")


class SiteShape(NodeShape):
    """A place where assets are."""

    address: str = Field("", max_length=300, description="Where the place is.")


class SupplierShape(NodeShape):
    """Somebody else's service."""

    service: Service = Field(Service.OTHER, description="What the supplier does for the shop.")
    status_page: Address | None = Field(None, description="Where the supplier tells of its own outages.")
    contact: str = Field("", max_length=200, description="How to reach the supplier in an emergency.")


class AssetShape(NodeShape):
    """Something of the shop's own."""

    type: AssetType = Field(AssetType.OTHER, description="What it is.")
    site: Slug | None = Field(None, description="The site it stands on; it stops with it.")


class FunctionShape(NodeShape):
    """What the shop does."""

    public_name: str = Field("", max_length=120, description="What customers call it, for the status page.")
    revenue_share: Percent = Field(Decimal(0), description="The share of revenue that stops when it stops.")


class RevenueShape(Shape):
    """What the shop earns, and when: 168 hourly figures or a yearly one, times a factor per month."""

    hour_of_week: list[Amount] | None = Field(
        None, min_length=168, max_length=168, description="Money per hour, Monday 00:00 first, in the shop's zone."
    )
    yearly: Amount | None = Field(None, description="Money per year of 365 days, spread evenly over the week.")
    season: dict[int, Amount] = Field(default_factory=dict, description="Factor per month (1 to 12); 1 when left out.")
    note: str = Field("", max_length=300, description="Where the figures come from.")

    @field_validator("season")
    @classmethod
    def _months(cls, value: dict[int, Decimal]) -> dict[int, Decimal]:
        if wrong := [month for month in value if not 1 <= month <= 12]:
            raise ValueError(f"{wrong[0]} is not a month: write 1 to 12")
        if len(value) == 12 and not any(value.values()):
            raise ValueError("every month has the factor 0: at least one must be above")
        if wrong := [month for month, factor in value.items() if factor > 100]:
            raise ValueError(f"month {wrong[0]} has the factor {value[wrong[0]]}: the most is 100")
        return {month: factor for month, factor in sorted(value.items()) if factor != 1}

    @model_validator(mode="after")
    def _one_of_two(self) -> RevenueShape:
        if (self.hour_of_week is None) == (self.yearly is None):
            raise ValueError("write either hour_of_week (168 numbers) or yearly, and not both")
        return self


Sites = dict[Slug, SiteShape]
Suppliers = dict[Slug, SupplierShape]
Assets = dict[Slug, AssetShape]
Functions = dict[Slug, FunctionShape]
