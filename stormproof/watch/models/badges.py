"""Addresses under which the state of something is shown to anybody."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from stormproof.watch.models.monitors import Monitor


class Badge(models.Model):
    """A small picture of the state of one monitor or node, for anybody who knows its address."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    monitor = models.OneToOneField(Monitor, on_delete=models.CASCADE, null=True, related_name="badge")
    node = models.OneToOneField("business.Node", on_delete=models.CASCADE, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(monitor__isnull=False, node__isnull=True) | Q(monitor__isnull=True, node__isnull=False),
                name="watch_badge_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"badge {self.pk}"
