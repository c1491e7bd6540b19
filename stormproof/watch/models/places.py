"""The places from which monitors are looked at, and what each of them says."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from stormproof.watch.choices import Sight, State
from stormproof.watch.models.monitors import Monitor


class Location(models.Model):
    """A place with probers of its own. One whose own network is gone is blind: what it sees is left out."""

    name = models.SlugField(max_length=40, unique=True)
    added_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # a prober of it held a lease
    sight = models.CharField(max_length=10, choices=Sight.choices, default=Sight.OFF)
    blind_since = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)  # its self-guard has ever seen its targets answer

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(sight=Sight.BLIND, blind_since__isnull=False)
                | ~Q(sight=Sight.BLIND) & Q(blind_since__isnull=True),
                name="watch_location_blind_has_a_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    """What one location says of one monitor: its own state, after its own confirmation, and its last looks."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="places")
    location = models.CharField(max_length=40)
    version = models.PositiveIntegerField()  # the monitor's settings it was made with
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNKNOWN)
    since = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    last_at = models.DateTimeField()
    last_ok = models.BooleanField()
    last_ms = models.FloatField(null=True)
    recent = models.CharField(max_length=21, blank=True)  # the last results, oldest first: 1 worked, 0 failed
    is_flapping = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["location"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["monitor", "location"], name="watch_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id} from {self.location}"
