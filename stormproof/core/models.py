"""The rows every app stands on: facts and their seal, deliveries, timers, messages, ticks."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

MESSAGE_STATES = [("pending", "Pending"), ("sending", "Sending"), ("sent", "Sent"), ("failed", "Given up")]
CHANNELS = [("email", "E-mail"), ("webhook", "Webhook")]


class FactRecord(models.Model):
    """One thing that happened. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE."""

    name = models.CharField(max_length=80)
    payload = models.JSONField()
    subjects = ArrayField(models.CharField(max_length=80), default=list)
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=120)
    origin = models.CharField(max_length=80, blank=True)
    happened_at = models.DateTimeField()
    told_at = models.DateTimeField()

    class Meta:
        db_table = "core_fact"
        indexes: ClassVar = [
            GinIndex(fields=["subjects"], name="core_fact_subjects"),
            models.Index(fields=["-happened_at", "-id"], name="core_fact_newest"),
            models.Index(fields=["name", "-id"], name="core_fact_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class SealedFact(models.Model):
    """The place of a fact in the hash chain; written once a minute, append-only like the fact itself."""

    position = models.BigIntegerField(primary_key=True)
    fact = models.OneToOneField(FactRecord, on_delete=models.DO_NOTHING, related_name="seal", db_constraint=False)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "core_sealed_fact"

    def __str__(self) -> str:
        return f"seal {self.pk} of fact {self.fact_id}"


class Delivery(models.Model):
    """That one reaction has taken note of one fact: written in the reaction's own transaction, so it acts once."""

    fact = models.ForeignKey(FactRecord, on_delete=models.DO_NOTHING)
    reaction = models.CharField(max_length=160)
    delivered_at = models.DateTimeField()

    class Meta:
        db_table = "core_delivery"
        constraints: ClassVar = [models.UniqueConstraint(fields=["fact", "reaction"], name="core_delivery_once")]

    def __str__(self) -> str:
        return f"{self.reaction} of fact {self.fact_id}"


class ParkedReaction(models.Model):
    """A reaction that kept failing: set aside for a person to retry or drop, so that it blocks nothing."""

    fact = models.ForeignKey(FactRecord, on_delete=models.DO_NOTHING)
    reaction = models.CharField(max_length=160)
    error = models.TextField()
    attempts = models.PositiveIntegerField()
    parked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "core_parked_reaction"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["fact", "reaction"], condition=Q(settled_at__isnull=True), name="core_parked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reaction} of fact {self.fact_id}, parked"


class Timer(models.Model):
    """When a periodic task runs next. Whoever moves `next_at` on has claimed this tick."""

    name = models.CharField(max_length=160, primary_key=True)
    next_at = models.DateTimeField(db_index=True)
    last_ran_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "core_timer"

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """An outgoing message. Sent at least once, always with the same key; the payload is sealed at rest."""

    key = models.CharField(max_length=160, unique=True)
    channel = models.CharField(max_length=20, choices=CHANNELS)
    lane = models.CharField(max_length=160)
    address = models.CharField(max_length=500)
    sealed_payload = models.TextField()
    about = models.CharField(max_length=80, blank=True, db_index=True)
    is_reported = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=MESSAGE_STATES, default="pending")
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "core_message"
        indexes: ClassVar = [
            models.Index(
                fields=["lane", "next_at"], condition=Q(state__in=["pending", "sending"]), name="core_message_due"
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state for state, _ in MESSAGE_STATES]), name="core_message_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="core_message_sent_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key} ({self.state})"


class Tick(models.Model):
    """The last sign of life of one running process."""

    process = models.CharField(max_length=20)
    instance = models.CharField(max_length=120, primary_key=True)
    ticked_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "core_tick"

    def __str__(self) -> str:
        return f"{self.process} {self.instance}"
