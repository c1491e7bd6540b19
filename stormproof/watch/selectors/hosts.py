"""Reads of hosts: their agents, what they report, and how that went on."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.people.selectors import digest_of
from stormproof.watch.kinds.host import PERCENT, LimitShape, shape_of
from stormproof.watch.models import HostAgent, HostHour, HostReport, Monitor
from stormproof.watch.selectors.monitors import monitors_in_use

RAW_SPAN = timedelta(hours=6)  # a longer chart is drawn from hours


@dataclass(frozen=True, kw_only=True)
class Figure:
    """The newest value of one metric, its unit and its limit if any."""

    name: str
    value: float
    unit: str
    limit: LimitShape | None

    @property
    def share(self) -> float | None:
        """The value as a share of the whole, for a meter; None when it is no percentage."""
        return self.value / 100 if self.unit == "%" else None


def agent_for_token(raw: str) -> HostAgent | None:
    """The agent whose token this is, of a host in use; compared in constant time."""
    digest = digest_of(raw)
    found = HostAgent.objects.select_related("monitor").filter(digest=digest, monitor__retired_at__isnull=True).first()
    return found if found is not None and hmac.compare_digest(found.digest, digest) else None


def agent_of(monitor: Monitor) -> HostAgent | None:
    """The agent of a host; None before its first token."""
    return HostAgent.objects.filter(monitor=monitor).first()


def last_report_of(monitor: Monitor) -> HostReport | None:
    """The newest report of a host."""
    return HostReport.objects.filter(monitor=monitor).order_by("-at").first()


def figures_of(monitor: Monitor, metrics: Mapping[str, float]) -> list[Figure]:
    """What a report says, in the order a person wants to read it."""
    limits = shape_of(monitor.config).limits
    order = {name: place for place, name in enumerate((*PERCENT, "load", "net_errors", "process", "service"))}
    names = sorted(metrics, key=lambda name: (order.get(name.partition(":")[0], 99), name))
    return [
        Figure(
            name=name,
            value=metrics[name],
            unit="%" if name.partition(":")[0] in PERCENT else "",
            limit=limits.get(name) or limits.get(name.partition(":")[0]),
        )
        for name in names
    ]


def hosts(actor: Actor) -> QuerySet[Monitor]:
    """Every host, by name."""
    actor.require("watch.read")
    return monitors_in_use().filter(kind="host").select_related("agent").order_by("name", "id")


def newest_metrics(monitors: Sequence[Monitor]) -> dict[int, Mapping[str, float]]:
    """The newest report of each host, in one query."""
    ids = [monitor.pk for monitor in monitors]
    rows = HostReport.objects.filter(monitor_id__in=ids).order_by("monitor_id", "-at").distinct("monitor_id")
    return dict(rows.values_list("monitor_id", "metrics"))


def metric_series(
    monitor: Monitor, names: Sequence[str], *, start: datetime, end: datetime
) -> dict[str, list[tuple[datetime, float | None]]]:
    """Each metric that begins with one of `names` over time: every report of a short span, the means of hours else."""
    if end - start <= RAW_SPAN:
        reports = HostReport.objects.filter(monitor=monitor, at__gte=start, at__lt=end).order_by("at")
        seen = [(at, dict(metrics)) for at, metrics in reports.values_list("at", "metrics")]
    else:
        hours = HostHour.objects.filter(monitor=monitor, start__gte=start, start__lt=end).order_by("start")
        rows = hours.values_list("start", "metrics")
        seen = [(at, {name: sums[1] / sums[0] for name, sums in metrics.items()}) for at, metrics in rows]
    known = sorted({name for _, metrics in seen for name in metrics if name.partition(":")[0] in names})
    return {name: [(at, metrics.get(name)) for at, metrics in seen] for name in known}
