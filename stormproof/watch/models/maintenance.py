"""Times in which work on monitored things is planned."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from stormproof.watch.choices import Repeat


class MaintenanceWindow(models.Model):
    """A plan: when work is done, once or again and again, and which monitors say nothing meanwhile."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=60)  # IANA; wall-clock times are of this zone
    repeat = models.CharField(max_length=8, choices=Repeat.choices)
    starts_at = models.DateTimeField(null=True, blank=True)  # once
    ends_at = models.DateTimeField(null=True, blank=True)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # weekly: 0 is Monday
    clock_time = models.TimeField(null=True, blank=True)
    cron = models.CharField(max_length=100, blank=True)
    duration_seconds = models.PositiveIntegerField(default=0)  # weekly and cron

    everything = models.BooleanField(default=False)
    monitors = models.ManyToManyField("watch.Monitor", related_name="+", blank=True)
    nodes = models.ManyToManyField("business.Node", related_name="+", blank=True)
    with_dependants = models.BooleanField(default=False)  # also what stops while the nodes are down
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    planned_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(repeat=Repeat.ONCE, starts_at__lt=F("ends_at"))
                | Q(repeat=Repeat.WEEKLY, clock_time__isnull=False, duration_seconds__gte=60)
                | (Q(repeat=Repeat.CRON, duration_seconds__gte=60) & ~Q(cron="")),
                name="watch_window_knows_its_times",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MaintenanceOccurrence(models.Model):
    """One time at which a window happens. Kept, so that it can be ended early or extended, and for the record."""

    window = models.ForeignKey(MaintenanceWindow, on_delete=models.CASCADE, related_name="occurrences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    planned_ends_at = models.DateTimeField()  # before anybody ended it early or extended it
    began_at = models.DateTimeField(null=True, blank=True)  # told
    over_at = models.DateTimeField(null=True, blank=True)  # told

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["window", "starts_at"], name="watch_occurrence_once"),
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="watch_occurrence_ends_later"),
        ]
        indexes: ClassVar = [models.Index(fields=["ends_at"], name="watch_occurrence_end")]

    def __str__(self) -> str:
        return f"{self.window_id} from {self.starts_at}"
