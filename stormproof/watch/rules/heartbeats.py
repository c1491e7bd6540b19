"""When a job is expected, when it is late, and what its pings mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from oncalendar import OnCalendar, OnCalendarError

from stormproof.watch.choices import Signal

REFERENCE = datetime(2024, 1, 1, tzinfo=UTC)  # a schedule's usual gap is measured from here, so it never changes
LONGEST_SCHEDULE = 300
MOST_RUNS = 50
LONGEST_BODY = 100_000  # bytes of a ping's body that are kept
SIGNALS = {"": Signal.DONE, "start": Signal.START, "fail": Signal.FAIL, "log": Signal.LOG}
SHORTEST_GAP = timedelta(seconds=1)
MOST_A_MINUTE = 120
_RUN_ID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_JOB_NAME = re.compile(r"^[a-z0-9_-]{1,64}$")


class WrongPing(ValueError):
    """A ping whose address cannot be read; the text is what clients of Healthchecks expect."""


class Taken(StrEnum):
    """What became of a ping."""

    OK = "ok"
    CREATED = "created"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    TOO_MANY = "too many"


@dataclass(frozen=True, kw_only=True)
class IncomingPing:
    """A ping as it came in. It names its heartbeat by `key`, or by `ping_key` and `slug`.

    `body` is what is kept of what was sent, `body_size` the bytes that were sent.
    """

    at: datetime
    kind: str = Signal.DONE
    key: UUID | None = None
    ping_key: str = ""
    slug: str = ""
    create: bool = False
    run_id: UUID | None = None
    exit_status: int | None = None
    body: str = ""
    body_size: int = 0
    is_cut: bool = False
    method: str = ""
    transport: str = "http"
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Times:
    """When a job runs and how late it may be. With a `schedule` (cron or OnCalendar) the period does not count."""

    period_seconds: int = 86400
    grace_seconds: int = 300
    run_seconds: int | None = None  # how long a run may take; the grace when None
    schedule: str = ""
    timezone: str = "UTC"

    @property
    def grace(self) -> timedelta:
        """How late a ping may be."""
        return timedelta(seconds=self.grace_seconds)

    @property
    def longest_run(self) -> timedelta:
        """How long a run may take."""
        return timedelta(seconds=self.grace_seconds if self.run_seconds is None else self.run_seconds)


@dataclass(kw_only=True)
class Clockwork:
    """What is known of a heartbeat between its pings: its open runs by run id ("" for none) and how often it pings."""

    runs: dict[str, datetime] = field(default_factory=dict)
    count: int = 0
    logged_at: datetime | None = None
    minute: datetime | None = None
    minute_count: int = 0


def read_ping(signal: str, *, at: datetime, run_id: str | None, body: bytes, size: int, **about: Any) -> IncomingPing:
    """A ping from the last part of its address (`start`, `fail`, `log`, an exit status), `?rid=` and its body.

    Raises `WrongPing`. `size` is how many bytes were sent; `about` are further fields of the ping.
    """
    kind, status = SIGNALS.get(signal), None
    if kind is None:
        if not (signal.isascii() and signal.isdigit() and len(signal) <= 3 and int(signal) <= 255):
            raise WrongPing("invalid url format")
        status = int(signal)
        kind = Signal.FAIL if status else Signal.DONE
    if run_id is not None and not _RUN_ID.match(run_id):
        raise WrongPing("invalid uuid format")
    slug = str(about.get("slug", ""))
    if slug and not job_name(slug):
        raise WrongPing("invalid url format")
    kept = body[:LONGEST_BODY]
    text = kept.decode(errors="ignore" if len(body) > len(kept) else "replace").replace("\x00", "")
    return IncomingPing(
        at=at,
        kind=kind,
        exit_status=status,
        run_id=UUID(run_id) if run_id else None,
        body=text,
        body_size=max(size, len(body)),
        is_cut=max(size, len(body)) > LONGEST_BODY,
        **about,
    )


def job_name(slug: str) -> str:
    """The identifier a ping's slug means: an underscore reads as a hyphen; "" for one no heartbeat can have."""
    return slug.replace("_", "-").strip("-") if _JOB_NAME.match(slug) else ""


def is_cron(schedule: str) -> bool:
    """Whether `schedule` is a cron expression: one line of five words. Else it is systemd's OnCalendar."""
    return "\n" not in schedule.strip() and len(schedule.split()) == 5


def fault_of_schedule(schedule: str, timezone: str) -> str:
    """What is wrong with a schedule or its time zone; "" when it can be used."""
    if timezone not in available_timezones():
        return f"{timezone!r} is no time zone: write one like Europe/Berlin or UTC"
    if len(schedule) > LONGEST_SCHEDULE:
        return f"a schedule has at most {LONGEST_SCHEDULE} characters"
    try:
        comes = next_run(schedule, timezone, after=REFERENCE) is not None
    except (CronSimError, OnCalendarError, ValueError):
        comes = False
    return "" if comes else f"{schedule!r} is neither cron (5 4 * * *) nor OnCalendar (Mon..Fri 04:05), or never comes"


def next_run(schedule: str, timezone: str, *, after: datetime) -> datetime | None:
    """The first moment after `after` that `schedule` names in `timezone`, in UTC; None when no further one comes.

    Where clocks go forward or back, cron follows Debian's cron (an hourly job keeps its pace, a fixed hour runs once).
    """
    local = after.astimezone(ZoneInfo(timezone))
    if is_cron(schedule):
        found = [next(CronSim(schedule, local), None)]
    else:
        lines = [line.strip() for line in schedule.splitlines() if line.strip()]
        found = [next(OnCalendar(line, local), None) for line in lines]
    return min((moment.astimezone(UTC) for moment in found if moment is not None), default=None)


def usual_gap(schedule: str, timezone: str) -> int:
    """The shortest of the first gaps between two runs of a schedule, in seconds; at least 1."""
    moments: list[datetime] = []
    for _ in range(5):
        coming = next_run(schedule, timezone, after=moments[-1] if moments else REFERENCE)
        if coming is None:
            break
        moments.append(coming)
    gaps = [round((later - sooner).total_seconds()) for sooner, later in pairwise(moments)]
    return max(1, min(gaps, default=366 * 86400))


def next_expected(times: Times, *, after: datetime) -> datetime | None:
    """When the job is expected next after it was last done; None for a schedule that has ended."""
    if not times.schedule:
        return after + timedelta(seconds=times.period_seconds)
    return next_run(times.schedule, times.timezone, after=after)


def late_at(times: Times, *, done_at: datetime | None, runs: Mapping[str, datetime]) -> datetime | None:
    """From when on the job is late: not done in its grace, or a run that takes too long; None while nothing is due."""
    moments = [started + times.longest_run for started in runs.values()]
    expected = next_expected(times, after=done_at) if done_at is not None else None
    if expected is not None:
        moments.append(expected + times.grace)
    return min(moments, default=None)


def close_run(runs: dict[str, datetime], *, run_id: UUID | None, at: datetime) -> float | None:
    """End the run a ping belongs to and return its milliseconds; None when nobody said that it started.

    A ping without a run id ends every open run: who does not name runs has only one at a time.
    """
    started = runs.get(str(run_id) if run_id else "")
    if run_id is None:
        runs.clear()
    else:
        runs.pop(str(run_id), None)
    return None if started is None else max(0.0, (at - started).total_seconds() * 1000)


def open_run(runs: dict[str, datetime], *, run_id: UUID | None, at: datetime) -> None:
    """Begin a run; of more than 50 open ones the oldest is forgotten."""
    runs[str(run_id) if run_id else ""] = at
    if len(runs) > MOST_RUNS:
        del runs[min(runs, key=lambda key: runs[key])]


def is_flood(
    ping: IncomingPing, clockwork: Clockwork, *, is_down: bool, last_at: datetime | None, last_ok: bool | None
) -> bool:
    """Whether a ping says nothing new and comes too fast: the same within a second, or over 120 in a minute.

    A failure of a job that was not failing always counts.
    """
    if ping.kind == Signal.FAIL and not is_down and last_ok is not False:
        return False
    if clockwork.minute == ping.at.replace(second=0, microsecond=0) and clockwork.minute_count >= MOST_A_MINUTE:
        return True
    if ping.kind == Signal.START:
        last = clockwork.runs.get(str(ping.run_id) if ping.run_id else "")
    elif ping.kind == Signal.LOG:
        last = clockwork.logged_at
    else:
        is_same = last_ok is (ping.kind == Signal.DONE) and ping.run_id is None
        last = last_at if is_same else None
    return last is not None and ping.at - last < SHORTEST_GAP


def kind_by_words(
    text: str, *, failed: Sequence[str], done: Sequence[str], started: Sequence[str], otherwise: str
) -> str:
    """What a text says by its words, case and all: failure goes before success, success before start."""
    for kind, words in ((Signal.FAIL, failed), (Signal.DONE, done), (Signal.START, started)):
        if any(word in text for word in words):
            return kind
    return otherwise
