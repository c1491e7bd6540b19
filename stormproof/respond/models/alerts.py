"""Alerts: what is down until it is green again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from stormproof.respond.models.incidents import Incident


class Alert(models.Model):
    """One monitor that went down, until it is green again; belongs to one incident.

    Without a monitor it is what other systems report about a node (`AlertGroup`), until that is over.
    """

    monitor = models.ForeignKey("watch.Monitor", models.PROTECT, null=True, blank=True, related_name="+")
    node = models.ForeignKey("business.Node", models.PROTECT, related_name="+")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="alerts")
    suppressed_by = models.ForeignKey("business.Node", models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    failed_since = models.DateTimeField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["opened_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor"], condition=Q(closed_at__isnull=True), name="respond_alert_one_open_per_monitor"
            ),
            models.UniqueConstraint(
                fields=["node"],
                condition=Q(closed_at__isnull=True, monitor__isnull=True),
                name="respond_alert_one_external_per_node",
            ),
            models.UniqueConstraint(fields=["monitor", "opened_at"], name="respond_alert_once_per_fact"),
        ]

    def __str__(self) -> str:
        return f"{self.node}: {self.reason}"
