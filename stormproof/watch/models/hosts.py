"""What host agents report, and the agents themselves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from stormproof.watch.models.monitors import Monitor


class HostAgent(models.Model):
    """The agent of one host and its token: it may report for this monitor and do nothing else. Only the token's SHA-256
    is kept; a new token replaces the one before.
    """

    monitor = models.OneToOneField(Monitor, on_delete=models.CASCADE, related_name="agent")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    name = models.CharField(max_length=200, blank=True)  # what the host calls itself
    system = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(null=True)
    skew_s = models.FloatField(default=0)  # the server's clock minus the host's, when it last reported

    def __str__(self) -> str:
        return f"agent of {self.monitor_id}"


class HostReport(models.Model):
    """What a host said at one moment: names with a figure each. Kept as long as raw observations."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="+")
    measured_at = models.DateTimeField()  # by the host's clock; tells a report that comes again
    at = models.DateTimeField()  # the same by ours
    received_at = models.DateTimeField()
    late = models.BooleanField(default=False)  # kept by the agent while we were away
    metrics = models.JSONField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["monitor", "measured_at"], name="watch_report_once")]
        indexes: ClassVar = [
            models.Index(fields=["monitor", "-at"], name="watch_report_newest"),
            models.Index(fields=["at"], name="watch_report_at"),
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id} at {self.at}"


class HostHour(models.Model):
    """An hour of a host: for each name its count, sum, least and most. Kept as long as hours of observations."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="+")
    start = models.DateTimeField()
    metrics = models.JSONField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["monitor", "start"], name="watch_host_hour_once")]
        indexes: ClassVar = [models.Index(fields=["start"], name="watch_host_hour_start")]

    def __str__(self) -> str:
        return f"{self.monitor_id} from {self.start}"
