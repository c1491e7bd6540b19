"""Who outside the response is kept informed, what they were sent, and when the next update is due."""

from __future__ import annotations

from django.db import models

from stormproof.respond.models.incidents import Incident


class Audience(models.Model):
    """People who are kept informed of incidents by mail: staff, management, partners."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    addresses = models.JSONField(default=list, blank=True)
    teams = models.JSONField(default=list, blank=True)  # short names; their members too
    is_everyone = models.BooleanField(default=False)  # everybody who can sign in
    every_seconds = models.PositiveIntegerField(null=True, blank=True)
    template = models.TextField(blank=True)
    sees_private = models.BooleanField(default=False)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class StakeholderUpdate(models.Model):
    """One update that was sent to an audience, and when they expect the next."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    audience = models.SlugField(max_length=64)
    number = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    recipients = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=120)
    next_due_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-sent_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "audience", "number"], name="respond_update_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_due_at"],
                condition=models.Q(next_due_at__isnull=False, reminded_at__isnull=True),
                name="respond_update_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.audience} {self.number}"


class IncidentSettings(models.Model):
    """What holds for all incidents of the installation; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    war_room = models.CharField(max_length=500, blank=True)  # an address with {number} or {label}

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="respond_settings_is_one")]

    def __str__(self) -> str:
        return "incident settings"
