"""Takes in what security tools report, and judges whether it is too much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from stormproof.core.live import announce
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch.choices import State
from stormproof.watch.kinds.security import security_of
from stormproof.watch.models import Monitor, SecurityEvent
from stormproof.watch.rules.security import READERS, CannotReadEvents, Reported, state_of_events
from stormproof.watch.services.states import move_monitor

LONGEST_REPORT = 1_000_000
MOST_ROWS_A_MINUTE = 300  # different (rule, actor) of one monitor; further ones are counted together
KEPT = timedelta(days=30)
MANY = "many more"
_KEEP = """
INSERT INTO watch_securityevent (monitor_id, minute, source, rule, severity, actor, count, detail)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
                     %s::text[])
ON CONFLICT (monitor_id, minute, source, rule, severity, actor)
DO UPDATE SET count = watch_securityevent.count + excluded.count
"""


class CannotTakeEvents(Refused):
    """A report is too long, of an unknown form, or cannot be read."""


@transaction.atomic
def take_security_events(key: UUID, *, source: str, text: str, at: datetime) -> int:
    """Take a tool's report in and judge the monitor; how many events it held. Raises `NotFound`, `CannotTakeEvents`.

    Equal events of a minute are one row with a count. Lines that say nothing are skipped by their reader's form.
    """
    if source not in READERS:
        raise CannotTakeEvents(f"there is no form {source[:40]!r}; choose one of {', '.join(READERS)}", field="form")
    if len(text) > LONGEST_REPORT:
        raise CannotTakeEvents(f"a report has at most {LONGEST_REPORT:,} characters", field="body")
    monitor = (
        Monitor.objects.select_for_update(no_key=True)
        .filter(ping_key=key, kind="security", retired_at__isnull=True)
        .first()
    )
    if monitor is None:
        raise NotFound("nothing takes security events at this address")
    try:
        events = READERS[source](text)
    except CannotReadEvents as error:
        raise CannotTakeEvents(str(error), field="body") from error
    _keep(monitor, source, events, at)
    monitor.last_at, monitor.last_ok = at, monitor.state != State.DOWN
    monitor.save(update_fields=["last_at", "last_ok"])
    _judge(monitor, at)
    announce(f"looks:{monitor.pk}")
    return sum(event.count for event in events)


def _keep(monitor: Monitor, source: str, events: Sequence[Reported], at: datetime) -> None:
    minute = at.replace(second=0, microsecond=0)
    room = MOST_ROWS_A_MINUTE - SecurityEvent.objects.filter(monitor=monitor, minute=minute).count()
    merged: dict[tuple[str, str, str], tuple[int, str]] = {}
    for event in events:
        name = (event.rule, event.severity, event.actor)
        if name not in merged and len(merged) >= room:
            name = (MANY, event.severity, "")
        count, detail = merged.get(name, (0, event.detail))
        merged[name] = (count + event.count, detail)
    if not merged:
        return
    rows = [
        (monitor.pk, minute, source, rule, severity, actor, count, detail)
        for (rule, severity, actor), (count, detail) in merged.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [list(column) for column in zip(*rows, strict=True)])


def _judge(monitor: Monitor, at: datetime) -> bool:
    """Move a locked monitor to the state its events have reached; True when it moved."""
    if not monitor.enabled or monitor.state == State.MAINTENANCE or monitor.last_at is None:
        return False
    shape = security_of(monitor.config)
    if shape.silent_for is not None and at - monitor.last_at > timedelta(seconds=shape.silent_for):
        reason = f"no tool has reported since {monitor.last_at:%d %b %H:%M} UTC"
        return move_monitor(monitor, to=State.UNKNOWN, reason=reason, since=monitor.last_at, at=at)
    limits = shape.limits
    since = at - max(limit.within for limit in limits)
    rows = SecurityEvent.objects.filter(monitor=monitor, minute__gte=since).values_list(
        "rule", "severity", "minute", "count"
    )
    state, reason = state_of_events(list(rows), limits, at=at)
    return move_monitor(monitor, to=state, reason=reason, since=at, at=at)


@transaction.atomic
def judge_security_monitors(*, at: datetime) -> int:
    """Monitors whose events have calmed down, or whose tools fell silent, move; how many did."""
    monitors = Monitor.objects.select_for_update(no_key=True, skip_locked=True).filter(
        kind="security", enabled=True, retired_at__isnull=True, last_at__isnull=False
    )
    return sum(_judge(monitor, at) for monitor in monitors.order_by("pk")[:1000])


def forget_security_events(*, at: datetime) -> int:
    """Drop events older than they are kept; how many."""
    return SecurityEvent.objects.filter(minute__lt=at - KEPT).delete()[0]
