"""Service level objectives and how fast their budgets burn."""

from __future__ import annotations

from django.db import models

from stormproof.watch.models.monitors import Monitor


class Slo(models.Model):
    """What was found when a promise was last judged: budget left, burn rates, and which rows of the table fire."""

    monitor = models.OneToOneField(Monitor, on_delete=models.CASCADE, primary_key=True, related_name="slo")
    judged_at = models.DateTimeField(null=True)
    verdict = models.JSONField(default=dict)
    firing = models.JSONField(default=dict)  # row of the burn table -> since when, ISO 8601
    ended = models.JSONField(default=dict)  # row -> when it last stopped, ISO 8601

    def __str__(self) -> str:
        return f"slo {self.monitor_id}"
