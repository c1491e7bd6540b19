"""Monitors and the states they went through."""

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
    locations = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # none means all
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    state = models.CharField(max_length=12, choices=State.choices, default=State.UNKNOWN)
    state_since = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    down_since = models.DateTimeField(null=True, blank=True)  # kept through unknown until it is seen working
    last_at = models.DateTimeField(null=True, blank=True)
    last_ok = models.BooleanField(null=True, blank=True)
    last_ms = models.FloatField(null=True, blank=True)

    # What the looks say while something else is shown, such as maintenance; "" while they are the same.
    seen_state = models.CharField(max_length=12, blank=True)
    seen_since = models.DateTimeField(null=True, blank=True)
    seen_reason = models.CharField(max_length=500, blank=True)
    flapping_since = models.DateTimeField(null=True, blank=True)  # results change too often to tell up and down
    flapping_reason = models.CharField(max_length=200, blank=True)
    is_mostly_down = models.BooleanField(default=False)  # while it flaps: more than half of the last looks failed
    # The present or next maintenance, all windows that touch taken together.
    maintenance_from = models.DateTimeField(null=True, blank=True)
    maintenance_until = models.DateTimeField(null=True, blank=True)
    maintenance_name = models.CharField(max_length=200, blank=True)

    ping_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)  # heartbeat: a job has said it started
    due_at = models.DateTimeField(null=True, blank=True)  # heartbeat: late from this moment on

    class Meta:
        ordering: ClassVar = ["name", "id"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="watch_monitor_due"),
            models.Index(
                fields=["maintenance_until"],
                condition=Q(maintenance_until__isnull=False),
                name="watch_monitor_maintenance",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="watch_monitor_state"),
            models.CheckConstraint(condition=Q(interval_seconds__gte=1), name="watch_monitor_interval"),
            models.CheckConstraint(condition=Q(seen_state__in=["", *State.values]), name="watch_monitor_seen_state"),
            models.CheckConstraint(
                condition=Q(maintenance_from__isnull=True, maintenance_until__isnull=True)
                | Q(maintenance_from__lt=models.F("maintenance_until")),
                name="watch_monitor_maintenance_has_a_length",
            ),
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
