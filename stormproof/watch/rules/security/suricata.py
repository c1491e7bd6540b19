"""Reads Suricata: the alerts of its EVE JSON."""

from __future__ import annotations

from stormproof.watch.rules.security.event import Reported, child, objects_of, reported

SEVERITIES = {1: "high", 2: "medium", 3: "low"}


def read_suricata(text: str) -> list[Reported]:
    """The events of EVE records whose type is `alert`; other records say nothing."""
    events = []
    for row in objects_of(text):
        if row.get("event_type") != "alert":
            continue
        alert = child(row, "alert")
        grade = alert.get("severity")
        events.append(
            reported(
                rule=alert.get("signature"),
                severity=SEVERITIES.get(grade, "info") if isinstance(grade, int) else "low",
                actor=row.get("src_ip"),
                detail=alert.get("category"),
            )
        )
    return events
