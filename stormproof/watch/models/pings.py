"""What jobs report: the state between pings, every ping that is kept, and the keys that open heartbeats by name."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from stormproof.watch.choices import Signal
from stormproof.watch.models.monitors import Monitor


class Heartbeat(models.Model):
    """What a heartbeat remembers between two pings."""

    monitor = models.OneToOneField(Monitor, on_delete=models.CASCADE, primary_key=True, related_name="heartbeat")
    runs = models.JSONField(default=dict)  # open runs: run id ("" for none) to the moment of its start
    count = models.PositiveBigIntegerField(default=0)  # pings ever taken; the newest ping has this number
    logged_at = models.DateTimeField(null=True)
    minute = models.DateTimeField(null=True)  # the minute that `minute_count` counts
    minute_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"heartbeat of {self.monitor_id}"


class Ping(models.Model):
    """One report of a job: what it said, how long it ran, what it wrote. The newest few hundred are kept."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="pings")
    number = models.PositiveBigIntegerField()  # counts from 1 for each heartbeat
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Signal.choices)
    exit_status = models.PositiveSmallIntegerField(null=True)
    run_id = models.UUIDField(null=True)
    took_ms = models.FloatField(null=True)  # from the start of its run
    body = models.TextField(blank=True)
    body_size = models.PositiveIntegerField(default=0)  # bytes that were sent, also those that were not kept
    is_cut = models.BooleanField(default=False)
    method = models.CharField(max_length=8, blank=True)
    transport = models.CharField(max_length=8)  # http, https, mail
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["monitor", "number"], name="watch_ping_number"),
            models.CheckConstraint(condition=models.Q(kind__in=Signal.values), name="watch_ping_kind"),
        ]

    def __str__(self) -> str:
        return f"ping {self.number} of {self.monitor_id}"

    @property
    def took_seconds(self) -> float | None:
        """How long the run took, in seconds."""
        return None if self.took_ms is None else round(self.took_ms / 1000)


class PingKey(models.Model):
    """A key that opens every heartbeat by its name: `/ping/<ping key>/<name>`. It may set up heartbeats on one node."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the key
    sealed = models.CharField(max_length=300)  # the key, sealed, to be shown to those who may write monitors
    node = models.ForeignKey("business.Node", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    provisioned = models.PositiveIntegerField(default=0)  # heartbeats it has set up
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name
