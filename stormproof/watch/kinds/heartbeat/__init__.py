"""Waits for the pings of a job, and notices when they stay away."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from json import dumps, loads
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from stormproof.core.document import Duration
from stormproof.watch.choices import Signal
from stormproof.watch.kinds.kind import FormField, Kind, MonitorShape
from stormproof.watch.rules import Times, fault_of_schedule, usual_gap

Words = list[Annotated[str, StringConstraints(min_length=1, max_length=100)]]
Place = Literal["subject", "mail", "post"]
WORDS_IN: list[Place] = ["subject", "mail"]


class HeartbeatShape(MonitorShape):
    """A job that reports when it is done."""

    kind: Literal["heartbeat"]
    period: Duration = Field(86400, ge=1, le=366 * 86400, description="How often the job runs.")
    schedule: str = Field(
        "", max_length=300, description="When it runs: cron (`5 4 * * *`) or systemd OnCalendar; in place of a period."
    )
    timezone: str = Field("UTC", max_length=50, description="The time zone of the schedule, such as Europe/Berlin.")
    grace: Duration = Field(300, ge=0, le=30 * 86400, description="How late it may be, and how long a run may take.")
    run_within: Duration | None = Field(
        None, ge=1, le=30 * 86400, description="How long a run may take after /start; the grace when left out."
    )
    accepts: Literal["any", "post"] = Field(
        "any", description="`post`: what opens the address by GET or HEAD is kept but does not count."
    )
    words_in: list[Place] = Field(
        WORDS_IN,
        description="Where the words below are looked for: subject or text of a mail ping, body of a POST.",
    )
    fail_words: Words = Field(default_factory=list, max_length=20, description="Any of these words: the job failed.")
    done_words: Words = Field(default_factory=list, max_length=20, description="Any of these words: the job is done.")
    start_words: Words = Field(default_factory=list, max_length=20, description="Any of these words: it started.")
    without_words: Literal["done", "fail", "ignored"] = Field(
        "ignored", description="What a mail or POST without any of the words means, once there are words."
    )

    @property
    def interval_seconds(self) -> int:
        """How often a ping is expected."""
        return usual_gap(self.schedule, self.timezone) if self.schedule else self.period

    @property
    def times(self) -> Times:
        """When it runs and how late it may be."""
        return Times(
            period_seconds=self.period,
            grace_seconds=self.grace,
            run_seconds=self.run_within,
            schedule=self.schedule,
            timezone=self.timezone,
        )

    @property
    def has_words(self) -> bool:
        """Whether words decide what a mail or a POST means."""
        return bool(self.fail_words or self.done_words or self.start_words)

    @model_validator(mode="after")
    def _schedule_can_be_read(self) -> Self:
        fault = fault_of_schedule(self.schedule, self.timezone) if self.schedule else ""
        if fault:
            raise ValueError(fault)
        return self


def heartbeat_of(config: Mapping[str, Any]) -> HeartbeatShape:
    """The settings of a heartbeat from what is stored."""
    return _read(dumps(config, sort_keys=True))


@lru_cache(maxsize=4096)
def _read(config: str) -> HeartbeatShape:
    return HeartbeatShape.model_validate({"kind": "heartbeat", "on": "-", **loads(config)})


def _target(shape: HeartbeatShape) -> str:
    return f"pings, {shape.schedule} ({shape.timezone})" if shape.schedule else "pings"


KIND = Kind(
    name="heartbeat",
    title="Heartbeat",
    purpose="Waits for a job to report that it is done: backups, imports, invoices. Down when no ping comes in time.",
    icon="heartbeat",
    shape=HeartbeatShape,
    target=_target,
    hosts=lambda _shape: [],
    fields=(
        FormField(path="period", label="Runs every", placeholder="1d", help="How often the job runs; or a schedule:"),
        FormField(
            path="schedule",
            label="Schedule",
            widget="area",
            placeholder="5 4 * * 1-5",
            help="Cron, or systemd OnCalendar (Mon..Fri 04:05; several lines may stand). Goes before the period.",
        ),
        FormField(path="timezone", label="Time zone of the schedule", placeholder="Europe/Berlin"),
        FormField(path="grace", label="Grace", placeholder="5m", help="How late it may be before it counts as down."),
        FormField(
            path="run_within",
            label="A run takes at most",
            placeholder="30m",
            help="From /start to done; the grace when empty.",
        ),
        FormField(path="accepts", label="What counts", widget="choice", choices=("any", "post")),
        FormField(
            path="words_in", label="Look for words in", widget="lines", help="subject, mail, post; one per line."
        ),
        FormField(path="fail_words", label="Words of failure", widget="lines", help="One per line; case matters."),
        FormField(path="done_words", label="Words of success", widget="lines", help="One per line."),
        FormField(path="start_words", label="Words of a start", widget="lines", help="One per line."),
        FormField(
            path="without_words",
            label="None of the words",
            widget="choice",
            choices=tuple(str(each) for each in (Signal.IGNORED, Signal.DONE, Signal.FAIL)),
        ),
    ),
)
