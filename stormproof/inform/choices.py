"""The words of inform: where a notice stands, what an update says, who lets it out."""

from __future__ import annotations

from django.db import models


class NoticeState(models.TextChoices):
    """Where a notice stands."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RESOLVED = "resolved", "Resolved"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Phase(models.TextChoices):
    """How far we are, in words customers know from other status pages."""

    INVESTIGATING = "investigating", "Investigating"
    IDENTIFIED = "identified", "Cause found"
    MONITORING = "monitoring", "Watching the repair"
    RESOLVED = "resolved", "Resolved"


class Release(models.TextChoices):
    """Who lets a first notice out."""

    BY_PERSON = "by_person", "A person"
    BY_RULE = "by_rule", "A rule"


WORKING = ("up", "degraded", "maintenance")
