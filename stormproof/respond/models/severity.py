"""The severity matrix of the installation; without rows the built-in one holds."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from stormproof.respond.choices import SeverityColour


class SeverityLevel(models.Model):
    """One level of the severity matrix: its name, its colour and what makes an incident that grave."""

    level = models.PositiveSmallIntegerField(unique=True)
    name = models.CharField(max_length=40)
    colour = models.CharField(max_length=12, choices=SeverityColour)
    revenue_share = models.DecimalField(max_digits=6, decimal_places=5, null=True, blank=True)
    rto_seconds = models.PositiveIntegerField(null=True, blank=True)
    functions = models.JSONField(default=list, blank=True)  # short names; hitting one of them is enough
    any_function = models.BooleanField(default=False)

    class Meta:
        ordering = ["level"]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(1, 4)), name="respond_level_range"),
            models.CheckConstraint(condition=Q(colour__in=SeverityColour.values), name="respond_level_colour"),
            models.CheckConstraint(
                condition=Q(revenue_share__isnull=True) | Q(revenue_share__gt=0, revenue_share__lte=1),
                name="respond_level_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.name}"
