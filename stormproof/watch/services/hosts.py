"""Takes in what host agents report, judges it, and notices when one falls silent."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.people.selectors import digest_of
from stormproof.watch.choices import State
from stormproof.watch.facts import AgentTokenIssued
from stormproof.watch.kinds.host import LONGEST_FOR_S, HostShape, limits_of, shape_of
from stormproof.watch.models import HostAgent, HostHour, HostReport, Monitor, Upkeep
from stormproof.watch.rules import UNKNOWN_GRACE, Sighting
from stormproof.watch.rules.hosts import Report, judge_host
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.states import move_monitor

SKEW_THAT_COUNTS = timedelta(seconds=2)  # less is the way through the network
_INSERT = """
INSERT INTO watch_hostreport (monitor_id, measured_at, at, received_at, late, metrics)
SELECT %s, measured_at, at, %s, late, metrics::jsonb
FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::bool[], %s::text[]) AS seen (measured_at, at, late, metrics)
ON CONFLICT DO NOTHING
"""
_ROLL_UP = """
INSERT INTO watch_hosthour (monitor_id, start, metrics)
SELECT monitor_id, start, jsonb_object_agg(name, jsonb_build_array(number, sum, least, most)) FROM (
  SELECT monitor_id, date_trunc('hour', at, 'UTC') AS start, key AS name, count(*) AS number,
         sum(value::double precision) AS sum, min(value::double precision) AS least,
         max(value::double precision) AS most
  FROM watch_hostreport, jsonb_each_text(metrics)
  WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2, 3
) AS named GROUP BY 1, 2
ON CONFLICT (monitor_id, start) DO UPDATE SET metrics = excluded.metrics
"""


class CannotIssueAgentToken(Refused):
    """Only a host has an agent."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One report: when by the host's own clock, and its figures by name."""

    measured_at: datetime
    metrics: Mapping[str, float]


@transaction.atomic
def issue_agent_token(monitor: Monitor, *, actor: Actor, at: datetime) -> str:
    """A token that may report for this host and do nothing else, shown once; the one before opens nothing any more."""
    actor.require("watch.write")
    if monitor.kind != "host":
        raise CannotIssueAgentToken(f"{monitor.name} is no host", hint="set up a monitor of the kind host first")
    raw = f"spa_{secrets.token_urlsafe(32)}"
    about = {"prefix": raw[:10], "digest": digest_of(raw), "issued_at": at}
    HostAgent.objects.update_or_create(monitor=monitor, defaults=about)
    tell(AgentTokenIssued(monitor_id=monitor.pk, node_id=monitor.node_id), at=at, actor=actor)
    return raw


@transaction.atomic
def record_reports(
    agent: HostAgent, reports: Sequence[Measured], *, sent_at: datetime, name: str, system: str, at: datetime
) -> int:
    """Keep reports and judge the newest; how many were new. Safe to repeat: a report is known by its own moment.

    Moments are put right by the difference of the clocks when the reports were sent. Old ones, which the agent kept
    while we were away, are marked late and decide nothing.
    """
    monitor = Monitor.objects.select_for_update(no_key=True).get(pk=agent.monitor_id)
    shape = shape_of(monitor.config)
    skew = at - sent_at if abs(at - sent_at) > SKEW_THAT_COUNTS else timedelta()
    oldest = at - timedelta(days=_upkeep().raw_days)
    rows = [(one.measured_at, min(one.measured_at + skew, at), one.metrics) for one in reports]
    rows = sorted((row for row in rows if row[1] > oldest), key=lambda row: row[1])
    new = _insert(monitor.pk, rows, shape, at)
    about = {"name": name[:200], "system": system[:200], "received_at": at, "skew_s": skew.total_seconds()}
    HostAgent.objects.filter(pk=agent.pk).update(**about)
    if rows and at - rows[-1][1] <= _silence(shape) and (monitor.last_at is None or rows[-1][1] > monitor.last_at):
        _judge(monitor, shape, rows[-1][1], at)
    announce(f"looks:{monitor.pk}")
    return new


def _insert(
    monitor_id: int, rows: Sequence[tuple[datetime, datetime, Mapping[str, float]]], shape: HostShape, at: datetime
) -> int:
    if not rows:
        return 0
    measured, moments = [row[0] for row in rows], [row[1] for row in rows]
    late = [at - moment > _silence(shape) for moment in moments]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [monitor_id, at, measured, moments, late, [json.dumps(dict(row[2])) for row in rows]])
        return int(cursor.rowcount)


def _silence(shape: HostShape) -> timedelta:
    """How long an agent may say nothing before its host is unknown."""
    return timedelta(seconds=2 * shape.period) + UNKNOWN_GRACE


def _judge(monitor: Monitor, shape: HostShape, newest: datetime, at: datetime) -> None:
    limits = limits_of(shape)
    longest = max((limit.for_seconds for limit in limits.values()), default=0)
    since = newest - timedelta(seconds=min(longest, LONGEST_FOR_S) + 2 * shape.period)
    rows = HostReport.objects.filter(monitor=monitor, at__gte=since, at__lte=newest).order_by("at")
    seen: list[Report] = list(rows.values_list("at", "metrics"))
    verdict = judge_host(seen, limits)
    sighting = Sighting(
        monitor_id=monitor.pk,
        version=monitor.version,
        at=newest,
        since=newest,
        ok=verdict.ok,
        confirmed=True,
        degraded=verdict.degraded,
        reason=verdict.reason,
    )
    record_sightings([sighting], at=at)


@transaction.atomic
def mark_silent_hosts(*, at: datetime) -> int:
    """Hosts whose agent says nothing: unknown after two reports stayed away, down after the grace; how many moved."""
    silent = (
        Monitor.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(kind="host", enabled=True, retired_at__isnull=True, last_at__isnull=False)
        .exclude(state__in=[State.DOWN, State.MAINTENANCE])
        .order_by("pk")
    )
    return sum(_move_silent(monitor, at) for monitor in silent)


def _move_silent(monitor: Monitor, at: datetime) -> bool:
    shape, last = shape_of(monitor.config), monitor.last_at
    if last is None or at - last <= _silence(shape):
        return False
    reason = f"the agent has said nothing since {last:%H:%M:%S} UTC"
    to = State.DOWN if at - last > timedelta(seconds=max(shape.grace, 2 * shape.period)) else State.UNKNOWN
    return move_monitor(monitor, to=to, reason=reason, since=last, at=at)


@transaction.atomic
def roll_up_hosts(*, at: datetime) -> None:
    """Hours of the last day that reports may still change, and nothing older than it is kept. Safe to repeat."""
    kept = _upkeep()
    since = (at - timedelta(hours=25)).replace(minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {"since": since, "until": at}
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, values)
    HostReport.objects.filter(at__lt=at - timedelta(days=kept.raw_days)).delete()
    HostHour.objects.filter(start__lt=at - timedelta(days=kept.hour_days)).delete()


def _upkeep() -> Upkeep:
    return Upkeep.objects.first() or Upkeep()
