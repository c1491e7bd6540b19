"""What the business does, minute by minute, and what is normal for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from stormproof.watch.models.monitors import Monitor


class Signal(models.Model):
    """How far a signal's source has been read, what was learned from it, and what the tests said last."""

    monitor = models.OneToOneField(Monitor, on_delete=models.CASCADE, primary_key=True, related_name="signal")
    next_at = models.DateTimeField(db_index=True)  # read again from this moment on; a claim moves it ahead
    cursor_at = models.DateTimeField(null=True)  # every minute before it is known
    history_from = models.DateTimeField(null=True)  # the first minute that is known
    read_at = models.DateTimeField(null=True)  # the last reading that worked
    fault = models.CharField(max_length=500, blank=True)  # why the source cannot be read
    learned = models.JSONField(default=dict)  # baseline and dispersions; empty: not yet
    learned_at = models.DateTimeField(null=True)
    verdict = models.JSONField(default=dict)  # p-values, slices, what is missing
    fired_at = models.DateTimeField(null=True)  # the last minute in which a test fired

    def __str__(self) -> str:
        return f"signal {self.monitor_id}"


class SignalSlice(models.Model):
    """One combination of provider, method, device and country that was seen; `labels` holds those that are known."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="slices")
    key = models.CharField(max_length=400)  # the labels as sorted text
    labels = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["monitor", "key"], name="watch_slice_once")]

    def __str__(self) -> str:
        return self.key or "everything"


class SignalCount(models.Model):
    """So many attempts, so many of them good, and what the good ones were worth, in one span of one slice."""

    pk = models.CompositePrimaryKey("monitor_id", "start", "slice_id")
    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="+")
    slice = models.ForeignKey(SignalSlice, on_delete=models.CASCADE, related_name="+", db_index=False)
    start = models.DateTimeField()
    total = models.PositiveIntegerField()
    good = models.PositiveIntegerField()
    value = models.FloatField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.monitor_id} from {self.start}"


class SignalMinute(SignalCount):
    """A minute; kept for seven weeks, which is what the baseline needs and a week more."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(good__lte=F("total")), name="watch_signal_minute_good_of_total")
        ]


class SignalHour(SignalCount):
    """An hour, rolled up from its minutes; kept for two years."""
