"""Exercises as they are written, and their runs: every phase and figure is a row, so that a run survives anything."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from stormproof.rehearse.choices import Outcome, Phase


class Exercise(models.Model):
    """A rehearsal of one loss: what is broken, when it counts as recovered, and how it is put back."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=160)
    target = models.ForeignKey("business.Node", on_delete=models.PROTECT, related_name="exercises")
    definition: models.JSONField[dict[str, Any]] = models.JSONField(encoder=DjangoJSONEncoder)
    position = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class ExerciseRun(models.Model):
    """One run of an exercise, with its definition frozen. A worker drives it under a claim (`executor`, `token`)."""

    exercise = models.ForeignKey(Exercise, on_delete=models.PROTECT, related_name="runs")
    target = models.ForeignKey("business.Node", on_delete=models.PROTECT, related_name="exercise_runs")
    definition: models.JSONField[dict[str, Any]] = models.JSONField(encoder=DjangoJSONEncoder)
    phase = models.CharField(max_length=12, choices=Phase, default=Phase.WARMING)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True, default=Outcome.PENDING)
    is_attended = models.BooleanField(default=False)
    started_by = models.CharField(max_length=80)
    started_by_name = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    phase_since = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    customers_started = models.BooleanField(default=False)
    fault_note: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    fault_intended_at = models.DateTimeField(null=True, blank=True)
    fault_at = models.DateTimeField(null=True, blank=True)
    seen_broken_at = models.DateTimeField(null=True, blank=True)
    recovered_at = models.DateTimeField(null=True, blank=True)
    incident = models.ForeignKey("respond.Incident", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    run = models.ForeignKey("recover.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    detect_s = models.FloatField(null=True, blank=True)
    decide_s = models.FloatField(null=True, blank=True)
    human_s = models.FloatField(null=True, blank=True)
    machine_s = models.FloatField(null=True, blank=True)
    rto_s = models.FloatField(null=True, blank=True)
    orders_acknowledged = models.PositiveIntegerField(null=True, blank=True)
    orders_lost: models.JSONField[list[str]] = models.JSONField(default=list)
    failed_requests = models.PositiveIntegerField(null=True, blank=True)
    measure_tries = models.PositiveSmallIntegerField(default=0)
    gaps: models.JSONField[list[str]] = models.JSONField(default=list)

    abort_reason = models.CharField(max_length=300, blank=True)
    clean_tries = models.PositiveSmallIntegerField(default=0)
    cleaned_at = models.DateTimeField(null=True, blank=True)
    clean_error = models.TextField(blank=True)

    executor = models.CharField(max_length=120, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.Value(1), condition=~Q(phase=Phase.DONE), name="rehearse_one_exercise_at_a_time"
            ),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="rehearse_phase_known"),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome.values]), name="rehearse_outcome_known"),
            models.CheckConstraint(
                condition=Q(phase=Phase.DONE, finished_at__isnull=False) | ~Q(phase=Phase.DONE),
                name="rehearse_done_has_a_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["lease_until"], condition=~Q(phase=Phase.DONE), name="rehearse_leases")
        ]

    def __str__(self) -> str:
        return f"{self.exercise} {self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether it is not over, clean-up included."""
        return self.phase != Phase.DONE

    @property
    def reference(self) -> str:
        """The name under which its incident and its run know it."""
        return f"exercise:{self.pk}"

    @property
    def has_passed(self) -> bool:
        """Whether every promise was kept."""
        return self.outcome == Outcome.PASSED
