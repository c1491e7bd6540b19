"""Walks of journeys, step by step, and what is kept to show why one failed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from stormproof.watch.models.monitors import Monitor


class Walk(models.Model):
    """One walk of a journey: how long each step took, and which one failed. Failed walks are kept longer."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="walks")
    at = models.DateTimeField()
    ok = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    total_ms = models.FloatField(null=True)
    steps = models.JSONField(default=list)  # as engine.probe.journey.StepSeen says them
    about = models.JSONField(default=dict)  # what else was seen: web vitals, values kept such as an order number

    class Meta:
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["monitor", "at"], name="watch_walk_once")]
        indexes: ClassVar = [
            models.Index(fields=["monitor", "-at"], condition=Q(ok=False), name="watch_walk_failed"),
            models.Index(fields=["at"], name="watch_walk_at"),
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id} at {self.at}"


class WalkFile(models.Model):
    """What a failed walk left to look at: the screen as it was, the requests it made."""

    walk = models.ForeignKey(Walk, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=40)  # screenshot.jpg, requests.har
    media_type = models.CharField(max_length=60)
    body = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["walk", "name"], name="watch_walk_file_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.walk_id}"
