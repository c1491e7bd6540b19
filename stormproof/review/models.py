"""What was learned: reviews of incidents and drills, lessons and actions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from stormproof.review.choices import Gate, LessonKind, Priority, ReviewState


class PostIncidentReview(models.Model):
    """What happened in one incident, why, and what is done about it; without blame."""

    incident = models.OneToOneField("respond.Incident", on_delete=models.PROTECT, related_name="review")
    state = models.CharField(max_length=12, choices=ReviewState, default=ReviewState.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    summary = models.TextField(blank=True)
    root_cause = models.TextField(blank=True)
    contributing_factors = models.TextField(blank=True)
    five_whys = models.JSONField(default=list, blank=True)  # each answers why of the one before
    authors = models.JSONField(default=list, blank=True)  # ids of the people who wrote in it
    figures = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    signed_off_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    signed_off_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="review_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=ReviewState.SIGNED_OFF, signed_off_at__isnull=False)
                | Q(state=ReviewState.OPEN, signed_off_at__isnull=True),
                name="review_signed_off_has_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.incident}"


class Cause(models.Model):
    """One place of the fault tree of a review: what happened, and how the causes beneath it combine."""

    review = models.ForeignKey(PostIncidentReview, on_delete=models.CASCADE, related_name="causes")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    gate = models.CharField(max_length=8, choices=Gate, default=Gate.BASIC)
    text = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(gate__in=Gate.values), name="review_cause_gate_is_known"),
            models.UniqueConstraint(
                fields=["review"], condition=Q(parent__isnull=True), name="review_fault_tree_has_one_top"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Lesson(models.Model):
    """One thing a review found: what went well, what went badly, where there was luck."""

    review = models.ForeignKey(PostIncidentReview, on_delete=models.CASCADE, related_name="lessons")
    kind = models.CharField(max_length=8, choices=LessonKind)
    text = models.TextField()
    written_by = models.CharField(max_length=120)
    written_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=LessonKind.values), name="review_lesson_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.text


class Action(models.Model):
    """What somebody does by a date, so that it does not happen again or hurts less."""

    review = models.ForeignKey(PostIncidentReview, on_delete=models.CASCADE, related_name="actions")
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_on = models.DateField()
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.MEDIUM)
    chased = models.CharField(max_length=8, blank=True)  # the last reminder before it was overdue: soon or today
    managers_told_on = models.DateField(null=True, blank=True)
    added_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reminded_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["due_on", "id"]
        indexes: ClassVar = [
            models.Index(fields=["due_on"], condition=Q(done_at__isnull=True), name="review_action_due"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="review_action_priority_is_known"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(done_at__gte=F("added_at")), name="review_action_done_after_added"
            ),
        ]

    def __str__(self) -> str:
        return self.title
