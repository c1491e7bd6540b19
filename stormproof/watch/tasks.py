"""What `watch` does by itself: finds what is late or unseen, rolls observations up, keeps the tables in shape."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.jobs import every
from stormproof.watch.services.heartbeats import mark_late_heartbeats, prune_pings
from stormproof.watch.services.hosts import mark_silent_hosts, roll_up_hosts
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


@every(seconds=30)
def roll_up_observations(at: datetime) -> None:
    """Minutes, hours and days are brought up to date."""
    roll_up(at=at)


@every(seconds=3600)
def keep_tables_in_shape(at: datetime) -> None:
    """Partitions are made ahead and dropped when their time is over."""
    make_partitions(at=at)
    drop_old_rows(at=at)
    drop_old_walks(at=at)
