"""What the law wants told, by when, and how far that is for one incident."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from stormproof.respond.choices import LegalState
from stormproof.respond.models.incidents import Incident


class LegalDuty(models.Model):
    """A duty to tell somebody, as this installation has it; without rows the built-in ones hold."""

    key = models.SlugField(max_length=60, unique=True)
    law = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    basis = models.CharField(max_length=500)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    after = models.SlugField(max_length=60, blank=True)  # runs from when that duty was reported

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(seconds__isnull=True, months__gte=1) | Q(seconds__gte=1, months__isnull=True),
                name="respond_duty_has_one_length",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LegalClock(models.Model):
    """One duty of one incident: counted from when the shop became aware, with an owner, until it is reported."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="legal_clocks")
    duty = models.SlugField(max_length=60)
    law = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    basis = models.CharField(max_length=500)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    after = models.SlugField(max_length=60, blank=True)
    aware_at = models.DateTimeField()
    counts_from = models.DateTimeField()
    deadline = models.DateTimeField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=16, choices=LegalState, default=LegalState.RUNNING)
    reported_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=200, blank=True)  # the authority's receipt
    reason = models.CharField(max_length=500, blank=True)  # why it does not apply
    next_reminder_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["deadline", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "duty"], name="respond_legal_clock_once"),
            models.CheckConstraint(condition=Q(state__in=LegalState.values), name="respond_legal_state"),
            models.CheckConstraint(
                condition=~Q(state=LegalState.REPORTED) | Q(reported_at__isnull=False), name="respond_legal_reported"
            ),
            models.CheckConstraint(
                condition=~Q(state=LegalState.NOT_APPLICABLE) | ~Q(reason=""), name="respond_legal_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(next_reminder_at__isnull=False),
                name="respond_legal_reminder",
            ),
            models.Index(fields=["deadline"], condition=Q(state="running"), name="respond_legal_running"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.name}"

    @property
    def is_running(self) -> bool:
        """Whether it still has to be reported."""
        return self.state == LegalState.RUNNING
