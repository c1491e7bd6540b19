"""The orders an incident hit, frozen as they were."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from stormproof.respond.models.incidents import Incident


class OrderSource(models.Model):
    """Where the shop's orders are read from; one for the installation."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    kind = models.CharField(max_length=8)  # sql or http
    sealed_url = models.TextField()
    query = models.TextField(blank=True)
    lookback_seconds = models.PositiveIntegerField(default=900)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="respond_order_source_is_one"),
            models.CheckConstraint(condition=Q(kind__in=["sql", "http"]), name="respond_order_source_kind"),
        ]

    def __str__(self) -> str:
        return self.kind


class OrderSnapshot(models.Model):
    """One version of the list of orders that an incident hit; never changed once it was taken."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="order_snapshots")
    version = models.PositiveSmallIntegerField()
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=120)
    placed_from = models.DateTimeField()
    placed_until = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    total = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    error = models.CharField(max_length=500, blank=True)  # why the source gave nothing

    class Meta:
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "version"], name="respond_order_snapshot_once"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} v{self.version}"


class AffectedOrder(models.Model):
    """One order as it was when it was frozen. Who placed it is a keyed hash: comparable, not readable."""

    snapshot = models.ForeignKey(OrderSnapshot, models.CASCADE, related_name="orders")
    number = models.CharField(max_length=80)
    placed_at = models.DateTimeField()
    state = models.CharField(max_length=60)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    customer = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["placed_at", "id"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "number"], name="respond_order_once_per_snapshot")]
        indexes = [models.Index(fields=["snapshot", "placed_at"], name="respond_order_by_moment")]

    def __str__(self) -> str:
        return self.number


class RestorePoint(models.Model):
    """The monitor whose last success says up to when the data of a node can be restored or was replicated."""

    node = models.OneToOneField("business.Node", models.CASCADE, related_name="+")
    monitor = models.SlugField(max_length=80)  # by its short name: monitors are made and dropped by their own section

    def __str__(self) -> str:
        return f"{self.node_id}: {self.monitor}"
