"""What `watch` does by itself: finds what is late or unseen, reads signals, rolls up, keeps the tables in shape."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.clock import now
from stormproof.core.jobs import defer, every, task
from stormproof.watch.selectors import monitors_by_id
from stormproof.watch.services.heartbeats import mark_late_heartbeats, prune_pings
from stormproof.watch.services.hosts import mark_silent_hosts, roll_up_hosts
from stormproof.watch.services.maintenance import keep_maintenance, plan_ahead
from stormproof.watch.services.remote import forget_old_batches
from stormproof.watch.services.security import forget_security_events, judge_security_monitors
from stormproof.watch.services.signals.counting import roll_up_counts
from stormproof.watch.services.signals.reading import claim_signals, read_signal
from stormproof.watch.services.slo import judge_slos
from stormproof.watch.services.upkeep import drop_old_rows, make_partitions, mark_unknown_monitors, roll_up
from stormproof.watch.services.walks import drop_old_walks


@every(seconds=1)
def find_late_heartbeats(at: datetime) -> None:
    """Heartbeats whose ping is overdue go down."""
    mark_late_heartbeats(at=at)


@every(seconds=60)
def forget_old_pings(at: datetime) -> None:
    """Only the newest pings of each heartbeat are kept."""
    prune_pings(at=at)


@every(seconds=15)
def judge_security_events(at: datetime) -> None:
    """Security monitors calm down when their events are over, or go unknown when their tools fall silent."""
    judge_security_monitors(at=at)


@every(seconds=3600)
def forget_old_security_events(at: datetime) -> None:
    """Security events are kept for 30 days."""
    forget_security_events(at=at)


@every(seconds=2)
def find_monitors_nobody_looks_at(at: datetime) -> None:
    """Monitors whose prober is away go unknown."""
    mark_unknown_monitors(at=at)


@every(seconds=2)
def find_silent_hosts(at: datetime) -> None:
    """Hosts whose agent says nothing go unknown, then down."""
    mark_silent_hosts(at=at)


@every(seconds=300)
def roll_up_host_reports(at: datetime) -> None:
    """Hours of hosts are brought up to date."""
    roll_up_hosts(at=at)


@every(seconds=2)
def begin_and_end_maintenance(at: datetime) -> None:
    """Monitors go into maintenance and come out of it."""
    keep_maintenance(at=at)


@every(seconds=3600)
def plan_maintenance_ahead(at: datetime) -> None:
    """The next times of windows that repeat are written down."""
    plan_ahead(at=at)


@every(seconds=30)
def roll_up_observations(at: datetime) -> None:
    """Minutes, hours and days are brought up to date."""
    roll_up(at=at)


@every(seconds=3600)
def keep_tables_in_shape(at: datetime) -> None:
    """Partitions are made ahead and dropped when their time is over."""
    make_partitions(at=at)
    drop_old_rows(at=at)
    forget_old_batches(at=at)
    drop_old_walks(at=at)


@every(seconds=5)
def find_signals_to_read(at: datetime) -> None:
    """Signals that are due are read and judged, each in a job of its own."""
    for monitor_id in claim_signals(at=at):
        defer(look_at_signal, lock=f"signal:{monitor_id}", monitor_id=monitor_id)


@task(retries=None)
def look_at_signal(monitor_id: int) -> None:
    """One signal is read up to the last whole minute and judged; a history takes several jobs."""
    from stormproof.watch.services.signals.judging import judge_signal  # noqa: PLC0415  (numpy and scipy: here only)

    monitor = monitors_by_id([monitor_id]).get(monitor_id)
    if monitor is None or not monitor.enabled or monitor.retired_at is not None:
        return
    if read_signal(monitor, at=now()):
        judge_signal(monitor, at=now())


@every(seconds=600)
def roll_up_signals(at: datetime) -> None:
    """Hours of signals are brought up to date, and minutes dropped after seven weeks."""
    roll_up_counts(at=at)


@every(seconds=60)
def judge_service_levels(at: datetime) -> None:
    """Budgets and burn rates of all service levels are brought up to date."""
    judge_slos(at=at)
