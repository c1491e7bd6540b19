"""The processes that look."""

from __future__ import annotations

from django.db import models


class Prober(models.Model):
    """A running prober and its lease. The monitors of its location fall to its probers whose lease is good.

    Rendezvous hashing says to which.
    """

    location = models.CharField(max_length=40, default="here")
    is_blind = models.BooleanField(default=False)
    is_remote = models.BooleanField(default=False)  # it speaks to the API, not to the database
    instance = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField(db_index=True)
    monitors = models.PositiveIntegerField(default=0)
    late_ms = models.FloatField(default=0)  # worst lateness of a start in the last report

    def __str__(self) -> str:
        return self.instance
