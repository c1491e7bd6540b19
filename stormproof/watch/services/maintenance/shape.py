"""What a maintenance window says, the same at every door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stormproof.core.document import Duration
from stormproof.core.refusals import Refused
from stormproof.watch.choices import Repeat
from stormproof.watch.kinds.kind import Tag
from stormproof.watch.rules import Recurrence, instant_of

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EXAMPLE = "2026-12-01 02:00"


class CannotPlanMaintenance(Refused):
    """The times make no sense, or there is nothing the window is about."""


class WindowShape(BaseModel):
    """When work is planned, and on what. Times of day are of `zone`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=200, description="What people call it; the identifier when left out.")
    zone: str = Field("", description="The time zone, such as Europe/Berlin; the shop's when left out.")
    starts: str = Field("", description="Once: the start, such as 2026-12-01 02:00.")
    ends: str = Field("", description="Once: the end.")
    days: list[Literal[DAYS]] = Field([], description="Again and again: the weekdays; every day when left out.")  # type: ignore[valid-type]
    at: str = Field("", description="Again and again: the time of day, such as 02:00.")
    cron: str = Field("", max_length=100, description="Again and again: a cron line, such as `0 2 1 * *`.")
    lasts: Duration | None = Field(None, ge=60, le=14 * 86400, description="How long, such as 1h; for `at` and `cron`.")
    everything: bool = Field(False, description="All monitors.")
    monitors: list[str] = Field([], description="These monitors.")
    nodes: list[str] = Field([], description="The monitors of these functions, assets, suppliers or sites.")
    dependants: bool = Field(False, description="Also the monitors of what stops while the nodes are down.")
    tags: list[Tag] = Field([], description="The monitors that have one of these tags.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value and value not in available_timezones():
            raise ValueError(f"there is no time zone {value!r}; write one like Europe/Berlin")
        return value

    @field_validator("at")
    @classmethod
    def _time_of_day(cls, value: str) -> str:
        if value:
            _read_time(value)
        return value

    @field_validator("cron")
    @classmethod
    def _cron_line(cls, value: str) -> str:
        try:
            if value:
                next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration) as error:
            raise ValueError(
                f"{value!r} is no cron line that ever comes true; write five fields like 0 2 * * 0"
            ) from error
        return value

    @model_validator(mode="after")
    def _one_way_of_saying_when(self) -> WindowShape:
        if sum(map(bool, (self.starts or self.ends, self.at, self.cron))) != 1:
            raise ValueError("say when in one way: `starts` and `ends`, or `at` with `days`, or `cron`")
        if (self.at or self.cron) and self.lasts is None:
            raise ValueError("`lasts` is needed: how long the work may take, such as 1h")
        if self.days and not self.at:
            raise ValueError("`days` needs `at`: the time of day")
        if (self.starts or self.ends) and self.lasts is not None and self.ends:
            raise ValueError("`ends` and `lasts` say the same twice; leave one out")
        if not (self.everything or self.monitors or self.nodes or self.tags):
            raise ValueError("say what it is about: `monitors`, `nodes`, `tags` or `everything: true`")
        _read_span(self, ZoneInfo(self.zone or "UTC"))
        return self

    def recurrence(self, *, shop_zone: str) -> Recurrence:
        """When it happens."""
        zone = self.zone or shop_zone
        return Recurrence(
            repeat=Repeat.ONCE if self.starts else Repeat.CRON if self.cron else Repeat.WEEKLY,
            zone=zone,
            span=_read_span(self, ZoneInfo(zone)),
            weekdays=frozenset(DAYS.index(day) for day in self.days),
            clock_time=_read_time(self.at) if self.at else None,
            cron=self.cron,
            duration=timedelta(seconds=self.lasts or 0),
        )


def read_window(data: Mapping[str, Any]) -> WindowShape:
    """A window from plain data; raises `CannotPlanMaintenance` naming the field, the value and the way out."""
    try:
        return WindowShape.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(step) for step in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise CannotPlanMaintenance(f"{field}: {message}" if field else message, field=field) from error


def _read_time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None, microsecond=0)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time of day; write one like 02:00") from error


def _read_moment(text: str, zone: ZoneInfo, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"`{field}` {text!r} is no date and time; write one like {_EXAMPLE}") from error
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return instant_of(moment.date(), moment.time(), zone)


def _read_span(shape: WindowShape, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    if not shape.starts and not shape.ends:
        return None
    start = _read_moment(shape.starts, zone, "starts")
    end = start + timedelta(seconds=shape.lasts) if shape.lasts else _read_moment(shape.ends, zone, "ends")
    if end <= start:
        raise ValueError(f"`ends` {shape.ends!r} is not after `starts` {shape.starts!r}")
    return start, end
