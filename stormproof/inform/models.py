"""The status page, its components and their history, notices and subscribers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from stormproof.inform.choices import NoticeState, Phase, Release


class StatusPage(models.Model):
    """What customers see and who lets notices out. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=120, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    publish = models.CharField(max_length=12, choices=Release, default=Release.BY_PERSON)
    publish_after_seconds = models.PositiveIntegerField(default=0)
    up_to_severity = models.PositiveSmallIntegerField(default=3)
    update_every_seconds = models.PositiveIntegerField(default=1800)
    is_described = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="inform_page_one_row"),
            models.CheckConstraint(condition=Q(up_to_severity__range=(1, 4)), name="inform_page_severity"),
            models.CheckConstraint(condition=Q(publish__in=Release.values), name="inform_page_release"),
        ]

    def __str__(self) -> str:
        return self.name or "status page"


class Component(models.Model):
    """One line of the status page: a function in the words of customers."""

    node = models.OneToOneField("business.Node", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class NodeDay(models.Model):
    """How long a function was in each state on one UTC day. The history of the status page."""

    node = models.ForeignKey("business.Node", on_delete=models.CASCADE, related_name="+")
    on = models.DateField()
    up_seconds = models.FloatField(default=0)
    degraded_seconds = models.FloatField(default=0)
    down_seconds = models.FloatField(default=0)
    maintenance_seconds = models.FloatField(default=0)
    unknown_seconds = models.FloatField(default=0)

    class Meta:
        ordering: ClassVar = ["on"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["node", "on"], name="inform_day_once")]

    def __str__(self) -> str:
        return f"{self.node_id} {self.on}"


class Notice(models.Model):
    """What customers are told about one incident, in versions."""

    incident = models.OneToOneField("respond.Incident", on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=NoticeState, default=NoticeState.DRAFT)
    is_public = models.BooleanField(default=True)  # a drill's notice is not, unless the exercise says so
    drafted_at = models.DateTimeField()
    publish_at = models.DateTimeField(null=True, blank=True)  # the rule lets it out then, unless it is over
    published_at = models.DateTimeField(null=True, blank=True)
    next_update_at = models.DateTimeField(null=True, blank=True)
    widen_at = models.DateTimeField(null=True, blank=True)  # more is hit, and will be said then, all in one
    is_overdue_told = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-drafted_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=NoticeState.values), name="inform_notice_state"),
            models.CheckConstraint(
                condition=~Q(state__in=[NoticeState.PUBLISHED, NoticeState.RESOLVED]) | Q(published_at__isnull=False),
                name="inform_notice_published_has_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["publish_at"], condition=Q(publish_at__isnull=False), name="inform_notice_to_publish"),
            models.Index(fields=["next_update_at"], condition=Q(state="published"), name="inform_notice_due"),
            models.Index(fields=["widen_at"], condition=Q(widen_at__isnull=False), name="inform_notice_to_widen"),
        ]

    def __str__(self) -> str:
        return self.title


class Version(models.Model):
    """One thing said about an incident: a draft until it is published, unchangeable from then on."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=16, choices=Phase)
    text = models.TextField()
    affected = models.JSONField(default=list)  # names of components as customers know them
    estimate_from = models.DateTimeField(null=True, blank=True)
    estimate_until = models.DateTimeField(null=True, blank=True)
    estimate_reason = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=120)
    is_edited = models.BooleanField(default=False)
    written_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "number"], name="inform_version_once"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="inform_version_phase"),
            models.CheckConstraint(
                condition=Q(estimate_from__isnull=True, estimate_until__isnull=True)
                | Q(estimate_until__gte=F("estimate_from")),
                name="inform_version_estimate_is_a_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} v{self.number}"


class PublicDrill(models.Model):
    """An exercise that wants its notices to be public, by the reference of its drill window."""

    reference = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.reference


class Subscriber(models.Model):
    """Somebody who asked for mails about incidents. Mails go out only after the address was confirmed."""

    email = models.EmailField(unique=True)
    nonce = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]

    def __str__(self) -> str:
        return self.email

    @property
    def state(self) -> str:
        """asked, confirmed or left."""
        if self.left_at is not None:
            return "left"
        return "confirmed" if self.confirmed_at is not None else "asked"


class SubscribeAttempt(models.Model):
    """That one address of the network asked for a confirmation mail: what the rate limits count. Kept for a day."""

    origin = models.CharField(max_length=64, db_index=True)  # a keyed hash of the network address
    email_hash = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.at}"
