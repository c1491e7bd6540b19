"""Which monitors came from another product, so that the same file can be read again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from stormproof.watch.models.monitors import Monitor


class ImportedMonitor(models.Model):
    """A monitor that was taken over from another product's file."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="imported")
    source = models.CharField(max_length=30)
    source_id = models.CharField(max_length=300)
    imported_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "source_id"], name="watch_imported_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.source_id}"
