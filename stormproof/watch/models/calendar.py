"""The days that are not like the others."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Peak(models.Model):
    """A named time in which trade is not as usual: a sale, a holiday. Baselines leave it out and use its own factor."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    zone = models.CharField(max_length=64)  # the zone in which start and end were said
    factor = models.FloatField(default=1.0)  # trade expected, as a multiple of the usual
    has_stricter_paging = models.BooleanField(default=False)  # what would be a ticket pages
    has_change_freeze = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        indexes: ClassVar = [models.Index(fields=["ends_at", "starts_at"], name="watch_peak_span")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="watch_peak_ends_later"),
            models.CheckConstraint(condition=Q(factor__gt=0, factor__lte=1000), name="watch_peak_factor"),
        ]

    def __str__(self) -> str:
        return self.name
