"""The processes that look."""

from __future__ import annotations

from typing import ClassVar

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


class ProberToken(models.Model):
    """A key for probers that speak HTTPS, bound to one location. Only its SHA-256 is kept."""

    location = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["location", "name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SightingBatch(models.Model):
    """A batch that a remote prober has brought: it counts once, however often it comes. Kept for a day."""

    id = models.UUIDField(primary_key=True)
    location = models.CharField(max_length=40)
    taken_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)
