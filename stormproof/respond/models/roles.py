"""Who does what in an incident, from when until when; and who is trained for it."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from stormproof.respond.choices import IncidentRole
from stormproof.respond.models.incidents import Incident


class RoleAssignment(models.Model):
    """One person in one role of an incident, from when they took it until they handed it over."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=16, choices=IncidentRole)
    is_deputy = models.BooleanField(default=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    assumed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["assumed_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=IncidentRole.values), name="respond_role_is_known"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("assumed_at")), name="respond_role_ends_later"
            ),
            models.UniqueConstraint(
                fields=["incident", "role", "is_deputy"],
                condition=Q(ended_at__isnull=True),
                name="respond_role_one_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.person}"

    @property
    def label(self) -> str:
        """The role as people say it: Commander, Deputy commander."""
        name = str(self.get_role_display())
        return f"Deputy {name.lower()}" if self.is_deputy else name


class Qualification(models.Model):
    """That a person is trained for a role in incidents, since when and until when."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=IncidentRole)
    trained_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["role", "person"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=IncidentRole.values), name="respond_qualification_role"),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gt=F("trained_on")),
                name="respond_qualification_lasts",
            ),
            models.UniqueConstraint(fields=["person", "role"], name="respond_qualification_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"

    def holds_on(self, day: date) -> bool:
        """Whether it is still good on `day`."""
        return self.expires_on is None or day <= self.expires_on
