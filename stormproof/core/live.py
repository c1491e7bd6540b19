"""Tells open pages that something they show has changed (PostgreSQL NOTIFY to server-sent events)."""

from __future__ import annotations

import json

from django.db import connection

CHANNEL = "stormproof_live"
LONGEST = 7000  # NOTIFY carries less than 8,000 bytes


def announce(*topics: str) -> None:
    """Announce `topics` (`incident:12`, `overview`) to open pages when the transaction commits; names only, no data."""
    batch: list[str] = []
    for topic in sorted(set(topics)):
        if batch and len(json.dumps([*batch, topic])) > LONGEST:
            _notify(batch)
            batch = []
        batch.append(topic)
    if batch:
        _notify(batch)


def _notify(topics: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps({"topics": topics})])
