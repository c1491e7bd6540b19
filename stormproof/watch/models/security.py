"""What security tools reported."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from stormproof.watch.models.monitors import Monitor


class SecurityEvent(models.Model):
    """Equal reports of one minute: a tool's rule fired, for one actor, so many times. Kept for 30 days."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="security_events")
    minute = models.DateTimeField()
    source = models.CharField(max_length=20)
    rule = models.CharField(max_length=100)
    severity = models.CharField(max_length=8)
    actor = models.CharField(max_length=45, blank=True)  # the address it came from
    count = models.PositiveBigIntegerField()
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-minute", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["monitor", "minute", "source", "rule", "severity", "actor"], name="watch_security_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} from {self.actor or 'nobody'}"
