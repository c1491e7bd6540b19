"""How incidents belong together: links by people, merges that can be undone, rules that declare one."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from stormproof.respond.choices import LinkKind
from stormproof.respond.models.incidents import Incident


class IncidentLink(models.Model):
    """That one incident has to do with another: it is a duplicate of it, was caused by it, or is related."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="links")
    other = models.ForeignKey(Incident, models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=16, choices=LinkKind)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LinkKind.values), name="respond_link_kind"),
            models.CheckConstraint(condition=~Q(incident=F("other")), name="respond_link_to_another"),
            models.UniqueConstraint(fields=["incident", "other", "kind"], name="respond_link_once"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.other_id}"


class Merge(models.Model):
    """That one incident became part of another, with everything that moved, so that it can be undone for a while."""

    source = models.ForeignKey(Incident, models.CASCADE, related_name="merges_away")
    target = models.ForeignKey(Incident, models.CASCADE, related_name="merges_in")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    is_automatic = models.BooleanField(default=False)
    moved = models.JSONField()  # {"alerts": [ids], ..., "source": {fields before}, "target": {fields before}}
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=Q(undone_at__isnull=True), name="respond_merge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} into {self.target_id}"


class DeclareRule(models.Model):
    """When so many alerts that fit come within so long, an incident of its own is declared; once until it is over."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    team = models.SlugField(max_length=64, blank=True)
    function = models.SlugField(max_length=64, blank=True)
    kinds = models.JSONField(default=list, blank=True)  # of monitors: signal, slo ...
    severity_at_most = models.PositiveSmallIntegerField(null=True, blank=True)
    count = models.PositiveIntegerField()
    within_seconds = models.PositiveIntegerField()
    severity = models.PositiveSmallIntegerField(null=True, blank=True)
    is_private = models.BooleanField(default=False)
    laws = models.JSONField(default=list, blank=True)  # whose legal clocks start

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=1, within_seconds__gte=1), name="respond_rule_counts"),
        ]

    def __str__(self) -> str:
        return self.slug
