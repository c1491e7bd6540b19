"""The words of a review."""

from __future__ import annotations

from django.db import models


class ReviewState(models.TextChoices):
    """Where a review stands."""

    OPEN = "open", "Being written"
    SIGNED_OFF = "signed_off", "Signed off"


class Gate(models.TextChoices):
    """How the causes beneath one combine: all of them were needed, or any one was enough; none for a last cause."""

    BASIC = "basic", "A cause"
    AND = "and", "All of these together"
    OR = "or", "Any one of these"


class Priority(models.TextChoices):
    """How urgent an action is."""

    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class LessonKind(models.TextChoices):
    """What a lesson is about."""

    WELL = "well", "Went well"
    BADLY = "badly", "Went badly"
    LUCKY = "lucky", "Was luck"
