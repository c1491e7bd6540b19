"""Monitors, what they observed, and what that meant."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from stormproof.watch.choices import State


class Monitor(models.Model):
    """Something that looks at one node of the business at an interval, or waits for its pings, and knows its state."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    node = models.ForeignKey("business.Node", on_delete=models.PROTECT, related_name="monitors")
    kind = models.CharField(max_length=20)
    config = models.JSONField(default=dict)  # the kind's settings; secret ones are sealed
    interval_seconds = models.PositiveIntegerField(default=60)
    version = models.PositiveIntegerField(default=1)  # one more with each change of what is looked at
    enabled = models.BooleanField(default=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=12, choices=State.choices, default=State.UNKNOWN)
    state_since = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    down_since = models.DateTimeField(null=True, blank=True)  # kept through unknown until it is seen working
    last_at = models.DateTimeField(null=True, blank=True)
    last_ok = models.BooleanField(null=True, blank=True)
    last_ms = models.FloatField(null=True, blank=True)

    ping_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)  # heartbeat: a job has said it started
    due_at = models.DateTimeField(null=True, blank=True)  # heartbeat: late from this moment on

    class Meta:
        ordering: ClassVar = ["name", "id"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="watch_monitor_due"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="watch_monitor_state"),
            models.CheckConstraint(condition=Q(interval_seconds__gte=1), name="watch_monitor_interval"),
            models.CheckConstraint(
                condition=~Q(state=State.DOWN) | Q(down_since__isnull=False), name="watch_monitor_down_has_a_start"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StateChange(models.Model):
    """A monitor went from one state to another. Kept for ever: uptime is computed from these."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="changes")
    from_state = models.CharField(max_length=12, choices=State.choices)
    to_state = models.CharField(max_length=12, choices=State.choices)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()  # when it was so: the first failed try, the first good one
    decided_at = models.DateTimeField()  # when it was known

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["monitor", "-at", "-id"], name="watch_change_newest")]

    def __str__(self) -> str:
        return f"{self.monitor_id}: {self.from_state} to {self.to_state}"


class Observation(models.Model):
    """One look at a target. Kept for some days in daily partitions; made by raw SQL in the migration."""

    pk = models.CompositePrimaryKey("monitor_id", "at")
    monitor = models.ForeignKey(Monitor, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    at = models.DateTimeField()
    ok = models.BooleanField()
    degraded = models.BooleanField(default=False)
    confirmed = models.BooleanField(default=False)
    total_ms = models.FloatField(null=True)
    phases = ArrayField(models.FloatField(null=True), null=True)  # in the order of choices.PHASES, milliseconds
    reason = models.CharField(max_length=500, blank=True)
    prober_id = models.IntegerField(null=True)

    class Meta:
        managed = False
        db_table = "watch_observation"

    def __str__(self) -> str:
        return f"{self.monitor_id} at {self.at}"


class RollUp(models.Model):
    """What was observed of a monitor in one span of time. `histogram` maps a latency bucket to its count."""

    pk = models.CompositePrimaryKey("monitor_id", "start")
    monitor = models.ForeignKey(Monitor, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    start = models.DateTimeField()
    count = models.PositiveIntegerField()
    ok_count = models.PositiveIntegerField()
    timed_count = models.PositiveIntegerField()  # how many of `ok_count` have a latency
    sum_ms = models.FloatField()
    min_ms = models.FloatField(null=True)
    max_ms = models.FloatField(null=True)
    histogram = models.JSONField(default=dict)  # see rules.latency_bucket

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.monitor_id} from {self.start}"


class MinuteRollUp(RollUp):
    """A minute of a monitor; daily partitions."""

    class Meta:
        managed = False
        db_table = "watch_minute"


class HourRollUp(RollUp):
    """An hour of a monitor."""

    class Meta:
        db_table = "watch_hour"
        indexes: ClassVar = [models.Index(fields=["start"], name="watch_hour_start")]


class DayRollUp(RollUp):
    """A day (UTC) of a monitor."""

    class Meta:
        db_table = "watch_day"
        indexes: ClassVar = [models.Index(fields=["start"], name="watch_day_start")]


class Upkeep(models.Model):
    """How long observations and roll-ups are kept, and from when on roll-ups must be computed again. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    raw_days = models.PositiveSmallIntegerField(default=2)
    minute_days = models.PositiveSmallIntegerField(default=8)
    hour_days = models.PositiveSmallIntegerField(default=100)
    day_days = models.PositiveSmallIntegerField(default=1830)
    rolled_until = models.DateTimeField(null=True)  # roll-ups before this minute are final

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="watch_upkeep_one_row"),
            models.CheckConstraint(condition=Q(raw_days__gte=1, minute_days__gte=1), name="watch_upkeep_keeps_a_day"),
        ]

    def __str__(self) -> str:
        return f"raw {self.raw_days} days"


class Prober(models.Model):
    """A running prober and its lease. Monitors fall to the probers whose lease is good, by rendezvous hashing."""

    instance = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField(db_index=True)
    monitors = models.PositiveIntegerField(default=0)
    late_ms = models.FloatField(default=0)  # worst lateness of a start in the last report

    def __str__(self) -> str:
        return self.instance
