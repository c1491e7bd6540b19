"""What comes from other systems: integrations, deliveries, external alerts, their groups, and what keeps them quiet."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q

from stormproof.respond.choices import AlertState, DeliveryState, RouteAction

OPEN = Q(closed_at__isnull=True)


class Integration(models.Model):
    """Another system that may deliver alerts: its kind, its secret address, and which node its alerts are about."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the key in its address
    hint = models.CharField(max_length=8)  # the first characters of the key
    node = models.ForeignKey("business.Node", models.PROTECT, related_name="+")
    nodes = models.JSONField(default=list, blank=True)  # [{"label": .., "value": glob, "node": slug}, ..]
    fields = models.JSONField(default=dict, blank=True)  # of the kind `generic`: which part of the body is what
    is_enabled = models.BooleanField(default=True)
    rate_per_minute = models.PositiveIntegerField(default=6000)
    last_received_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class AlertDelivery(models.Model):
    """One thing an integration sent, as it came. It is kept before the sender is answered, and handled exactly once."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="deliveries")
    received_at = models.DateTimeField()
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    reference = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    alerts = models.PositiveIntegerField(default=0)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="respond_delivery_state")
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="waiting"), name="respond_delivery_waiting"),
            models.Index(fields=["handled_at"], condition=~Q(state="waiting"), name="respond_delivery_handled"),
            models.Index(fields=["integration", "-id"], name="respond_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} of {self.integration_id}"


class AlertGroup(models.Model):
    """External alerts of one name, service and node: people are told of the group, not of each of its alerts."""

    key = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    service = models.CharField(max_length=200, blank=True)
    node = models.ForeignKey("business.Node", models.PROTECT, related_name="+")
    alert = models.ForeignKey("respond.Alert", models.PROTECT, null=True, blank=True, related_name="groups")
    severity = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)  # when people are told next; empty: nothing to tell
    told_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=OPEN, name="respond_group_one_open_per_key"),
            models.CheckConstraint(condition=Q(severity__range=(1, 4)), name="respond_group_severity"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=OPEN & Q(due_at__isnull=False), name="respond_group_due"),
            models.Index(fields=["alert"], condition=OPEN, name="respond_group_of_alert"),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.name}".strip()


class Silence(models.Model):
    """A time in which alerts that match are kept and shown, but tell nobody."""

    matchers = models.JSONField()  # [{"label": .., "op": "=" | "!=" | "~" | "!~", "value": ..}, ..]; all must hold
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    repeats = models.CharField(max_length=8, blank=True, choices=[("daily", "Every day"), ("weekly", "Every week")])
    begun_at = models.DateTimeField(null=True, blank=True)  # what was open then was marked
    warned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["ends_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="respond_silence_has_length"),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(ended_at__isnull=True), name="respond_silence_open")]

    def __str__(self) -> str:
        return self.reason


class AlertRoute(models.Model):
    """A rule of the routing: the first in order that matches an alert says what becomes of it."""

    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    matchers = models.JSONField(default=list, blank=True)
    severity_at_least = models.PositiveSmallIntegerField(null=True, blank=True)  # 1 is the gravest
    days = models.JSONField(default=list, blank=True)  # 0 is Monday; empty: every day
    from_time = models.TimeField(null=True, blank=True)  # in the shop's time zone
    until_time = models.TimeField(null=True, blank=True)
    action = models.CharField(max_length=8, choices=RouteAction)
    severity = models.PositiveSmallIntegerField(null=True, blank=True)
    node = models.ForeignKey("business.Node", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(action__in=RouteAction.values), name="respond_route_action"),
        ]

    def __str__(self) -> str:
        return self.name


class InhibitionRule(models.Model):
    """While an alert that matches `source` is open, alerts that match `target` with equal labels tell nobody."""

    name = models.CharField(max_length=120)
    source = models.JSONField()
    target = models.JSONField()
    equal = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class ExternalAlert(models.Model):
    """One thing another system reports, from its first delivery until it ends; repeats are counted, not added."""

    key = models.CharField(max_length=64)
    integration = models.ForeignKey(Integration, models.PROTECT, related_name="alerts")
    group = models.ForeignKey(AlertGroup, models.PROTECT, related_name="alerts")
    node = models.ForeignKey("business.Node", models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    service = models.CharField(max_length=200, blank=True)
    severity = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=AlertState, default=AlertState.OPEN)
    action = models.CharField(max_length=8, choices=RouteAction, default=RouteAction.PAGE)
    summary = models.CharField(max_length=1000, blank=True)
    link = models.CharField(max_length=1000, blank=True)
    labels = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    silence = models.ForeignKey(Silence, models.SET_NULL, null=True, blank=True, related_name="+")
    inhibited_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    inhibits = ArrayField(models.CharField(max_length=40), default=list)
    inhibitable = ArrayField(models.CharField(max_length=40), default=list)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["severity", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=OPEN, name="respond_external_one_open_per_key"),
            models.CheckConstraint(condition=Q(state__in=AlertState.values), name="respond_external_state"),
            models.CheckConstraint(condition=Q(action__in=RouteAction.values), name="respond_external_action"),
            models.CheckConstraint(condition=Q(severity__range=(1, 4)), name="respond_external_severity"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="respond_external_closed_has_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["severity", "-id"],
                include=["state", "integration", "node", "silence", "inhibited_by"],
                condition=OPEN,
                name="respond_external_worst",
            ),
            models.Index(fields=["-closed_at", "-id"], condition=~OPEN, name="respond_external_ended"),
            models.Index(fields=["group"], condition=OPEN, name="respond_external_of_group"),
            models.Index(
                fields=["expires_at"], condition=OPEN & Q(expires_at__isnull=False), name="respond_external_expiring"
            ),
            models.Index(
                fields=["silence"], condition=OPEN & Q(silence__isnull=False), name="respond_external_silenced"
            ),
            models.Index(
                fields=["inhibited_by"],
                condition=OPEN & Q(inhibited_by__isnull=False),
                name="respond_external_inhibited",
            ),
            GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], condition=OPEN, name="respond_external_labels"),
            GinIndex(
                SearchVector("name", "service", "summary", config="simple"),
                condition=OPEN,
                name="respond_external_words",
            ),
            GinIndex(fields=["inhibits"], condition=OPEN & ~Q(inhibits=[]), name="respond_external_inhibits"),
            GinIndex(fields=["inhibitable"], condition=OPEN & ~Q(inhibitable=[]), name="respond_external_inhibitable"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.service}".strip()
