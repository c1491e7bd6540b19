"""The words of a review."""

from __future__ import annotations

from django.db import models


class ReviewState(models.TextChoices):
    """Where a review stands."""

    OPEN = "open", "Being written"
    SIGNED_OFF = "signed_off", "Signed off"


class LessonKind(models.TextChoices):
    """What a lesson is about."""

    WELL = "well", "Went well"
    BADLY = "badly", "Went badly"
    LUCKY = "lucky", "Was luck"
