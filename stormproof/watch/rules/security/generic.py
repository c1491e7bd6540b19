"""Reads events in our own plain form, for tools that nothing else fits."""

from __future__ import annotations

from stormproof.watch.rules.security.event import SEVERITIES, CannotReadEvents, Reported, objects_of, reported


def read_generic(text: str) -> list[Reported]:
    """Objects with `rule`, `severity` (info to critical), and perhaps `actor`, `count`, `detail`."""
    events = []
    for row in objects_of(text):
        severity = row.get("severity", "medium")
        if severity not in SEVERITIES:
            raise CannotReadEvents(f"severity: {str(severity)[:40]!r} is none of {', '.join(SEVERITIES)}")
        if not isinstance(row.get("rule"), str):
            raise CannotReadEvents("rule: this is needed, a name of what was seen")
        about = {key: row[key] for key in ("actor", "count", "detail") if key in row}
        events.append(reported(rule=row["rule"], severity=severity, **about))
    return events
