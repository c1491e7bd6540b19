"""Who is paged, in which order, and what became of each page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from stormproof.respond.choices import PageState
from stormproof.respond.models.incidents import Incident


class PagingPolicy(models.Model):
    """Whom a team wants paged, in which order, and how long each may take to answer."""

    team = models.OneToOneField("people.Team", models.CASCADE, related_name="+")
    wait_seconds = models.PositiveIntegerField(default=300)
    repeat = models.PositiveSmallIntegerField(default=3)
    webhooks = models.JSONField(default=list, blank=True)
    is_default = models.BooleanField(default=False)
    last_resort: models.ManyToManyField[Any, Any] = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    ack_seconds = models.PositiveIntegerField(null=True, blank=True)  # empty: an hour for severity 1, else four
    acks_needed = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="respond_policy_one_default"
            ),
            models.CheckConstraint(condition=Q(repeat__gte=1), name="respond_policy_repeats"),
            models.CheckConstraint(condition=Q(acks_needed__gte=1), name="respond_policy_needs_an_ack"),
        ]

    def __str__(self) -> str:
        return str(self.team)


class PolicyStep(models.Model):
    """One place in the order of a paging policy: who is paged at once, under which condition, and what to wait then."""

    policy = models.ForeignKey(PagingPolicy, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    people: models.ManyToManyField[Any, Any] = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    schedules: models.ManyToManyField[Any, Any] = models.ManyToManyField("respond.Schedule", related_name="+")
    teams: models.ManyToManyField[Any, Any] = models.ManyToManyField("people.Team", related_name="+")
    everyone_of: models.ManyToManyField[Any, Any] = models.ManyToManyField("people.Team", related_name="+")
    severities = models.JSONField(default=list, blank=True)  # [1, 2]; empty: all
    hours = models.JSONField(default=dict, blank=True)  # {"days": [0], "from": "09:00", "to": "17:00", "zone": "UTC"}
    wait_seconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="respond_step_position"),
            models.CheckConstraint(condition=Q(wait_seconds__gte=1), name="respond_step_waits"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id}: {self.position}"


class PagingWebhook(models.Model):
    """An address outside that is told of every incident, whatever the team."""

    url = models.URLField(max_length=500, unique=True)

    def __str__(self) -> str:
        return self.url


class Escalation(models.Model):
    """The paging of one team for one incident: a snapshot of its policy and when the next person is due."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="escalations")
    cycle = models.PositiveSmallIntegerField()
    team = models.CharField(max_length=120, blank=True)
    steps = models.JSONField(default=list)  # [{"people": [5], "schedules": [1], "wait": 300}, ...] when paging began
    last_resort = models.JSONField(default=list)  # ids of people
    ack_seconds = models.PositiveIntegerField(null=True, blank=True)
    acks_needed = models.PositiveSmallIntegerField(default=1)
    resumed = models.PositiveSmallIntegerField(default=0)  # how often an acknowledgement ran out
    repeat = models.PositiveSmallIntegerField()
    step = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "cycle", "team"], name="respond_escalation_once_per_cycle"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="respond_escalation_due"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}/{self.cycle} {self.team}"


class Page(models.Model):
    """One message to one person, or to a webhook, that an incident needs an answer."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="pages")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    contact_point = models.ForeignKey("people.ContactPoint", models.SET_NULL, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=500)
    key = models.CharField(max_length=120, unique=True)
    cycle = models.PositiveSmallIntegerField()
    step = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=12, choices=PageState, default=PageState.PENDING)
    posted_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["posted_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(state__in=PageState.values), name="respond_page_state")]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class Acknowledgement(models.Model):
    """That a person is on an incident: counts until it expires; before paging goes on they are asked."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="acknowledgements")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    acknowledged_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)  # whether they are still on it
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["acknowledged_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "person"], nulls_distinct=False, name="respond_acknowledgement_once"
            )
        ]
        indexes = [models.Index(fields=["expires_at"], condition=Q(ended_at__isnull=True), name="respond_ack_runs_out")]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.person}"


class AuditFault(models.Model):
    """What the auditor found wrong with the paging of an incident, until it is right again."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    what = models.CharField(max_length=40)
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-found_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "what"], condition=Q(settled_at__isnull=True), name="respond_fault_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.what}"


class AckLink(models.Model):
    """The right of one person to acknowledge one incident once, without signing in."""

    nonce = models.CharField(max_length=64, unique=True)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.person_id}"
