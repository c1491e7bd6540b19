"""What was observed, and the roll-ups it becomes."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from stormproof.watch.models.monitors import Monitor


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
