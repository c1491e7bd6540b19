"""Incidents, their timeline, tasks and runs; the windows of drills."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value

from stormproof.respond.choices import GROUP_OF_KIND, WRITTEN_BY_PEOPLE, EntryKind, IncidentStage, IncidentState

NUMBER_SEQUENCE = "respond_incident_number"


class DrillWindow(models.Model):
    """A time in which trouble at certain nodes is expected, because an exercise makes it."""

    reference = models.CharField(max_length=120, unique=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    nodes: models.ManyToManyField[Any, Any] = models.ManyToManyField("business.Node", related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="respond_drill_window_has_length"),
        ]

    def __str__(self) -> str:
        return self.reference


class Incident(models.Model):
    """Something that hurts the shop and that people and procedures work on until it is over."""

    number = models.PositiveIntegerField(
        unique=True, editable=False, db_default=Func(Value(NUMBER_SEQUENCE), function="nextval")
    )
    title = models.CharField(max_length=200)
    severity = models.PositiveSmallIntegerField()
    severity_reason = models.CharField(max_length=300, blank=True)
    severity_by_hand = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=IncidentState, default=IncidentState.OPEN)
    cycle = models.PositiveSmallIntegerField(default=1)
    impact_started_at = models.DateTimeField()
    impact_ended_at = models.DateTimeField(null=True, blank=True)  # no function is hit any more
    green_at = models.DateTimeField(null=True, blank=True)  # the last alert was closed; empty while one is open
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=500, blank=True)
    root_node = models.ForeignKey("business.Node", models.PROTECT, null=True, blank=True, related_name="+")
    functions: models.ManyToManyField[Any, Any] = models.ManyToManyField("business.Node", related_name="+")
    commander = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    is_declared = models.BooleanField(default=False)
    is_drill = models.BooleanField(default=False)
    is_private = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    stays_apart = models.BooleanField(default=False)  # a person took it apart: the machine never merges it
    rule = models.SlugField(max_length=64, blank=True)  # of the rule that declared it
    drill_window = models.ForeignKey(DrillWindow, models.PROTECT, null=True, blank=True, related_name="incidents")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=IncidentState.values), name="respond_incident_state"),
            models.CheckConstraint(condition=Q(severity__range=(1, 4)), name="respond_incident_severity"),
            models.CheckConstraint(
                condition=(Q(state=IncidentState.RESOLVED) & Q(resolved_at__isnull=False))
                | (~Q(state=IncidentState.RESOLVED) & Q(resolved_at__isnull=True)),
                name="respond_incident_resolved_has_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state=IncidentState.ACKNOWLEDGED) | Q(acknowledged_at__isnull=False),
                name="respond_incident_acknowledged_has_moment",
            ),
            models.UniqueConstraint(
                fields=["root_node"],
                condition=~Q(state=IncidentState.RESOLVED) & Q(is_declared=False),
                name="respond_incident_one_open_per_root",
            ),
            models.UniqueConstraint(
                fields=["rule"],
                condition=~Q(state=IncidentState.RESOLVED) & ~Q(rule=""),
                name="respond_incident_one_open_per_rule",
            ),
        ]
        indexes = [
            models.Index(
                fields=["green_at"],
                condition=~Q(state=IncidentState.RESOLVED),
                name="respond_incident_settling",
            ),
            models.Index(fields=["-resolved_at"], name="respond_incident_resolved_at"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.title}"

    @property
    def label(self) -> str:
        """The name people say: INC-147."""
        return f"INC-{self.number}"

    @property
    def is_over(self) -> bool:
        """Whether it is resolved."""
        return self.state == IncidentState.RESOLVED

    @property
    def stage(self) -> str:
        """How far it has come: detected, acknowledged, mitigated (nobody is hit any more) or resolved."""
        if self.is_over:
            return IncidentStage.RESOLVED
        if self.impact_ended_at is not None:
            return IncidentStage.MITIGATED
        return IncidentStage.ACKNOWLEDGED if self.acknowledged_at else IncidentStage.DETECTED


class TimelineEntry(models.Model):
    """One line of what happened in an incident, written by a person or by the machine."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=EntryKind)
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=120)
    is_pinned = models.BooleanField(default=False)
    key = models.CharField(max_length=120, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="respond_entry_kind"),
            models.UniqueConstraint(
                fields=["incident", "key"], condition=~Q(key=""), name="respond_entry_once_per_key"
            ),
        ]
        indexes = [models.Index(fields=["incident", "-at"], name="respond_entry_by_moment")]

    def __str__(self) -> str:
        return self.text

    @property
    def group(self) -> str:
        """What it is filtered by: decisions, machine or customers."""
        return GROUP_OF_KIND[self.kind]

    @property
    def is_editable(self) -> bool:
        """Whether a person wrote it; what the machine saw stays as it is."""
        return self.kind in WRITTEN_BY_PEOPLE


class EntryVersion(models.Model):
    """What a line of a timeline said before it was rewritten."""

    entry = models.ForeignKey(TimelineEntry, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    replaced_at = models.DateTimeField()
    replaced_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["entry", "number"], name="respond_entry_version_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} v{self.number}"


class Task(models.Model):
    """Something a person should do in an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(done_at__isnull=True, reminded_at__isnull=True, due_at__isnull=False),
                name="respond_task_due",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentRun(models.Model):
    """A procedure that was started for an incident, by the machine (once) or by a person."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="runs")
    procedure = models.ForeignKey("recover.Procedure", models.PROTECT, related_name="+")
    run = models.OneToOneField("recover.Run", models.PROTECT, null=True, blank=True, related_name="+")
    is_automatic = models.BooleanField()
    refusal = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "procedure"],
                condition=Q(is_automatic=True),
                name="respond_run_automatic_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.procedure_id}"
