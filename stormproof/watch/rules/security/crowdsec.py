"""Reads CrowdSec: its alert objects, as the http notification plug-in and the local API give them."""

from __future__ import annotations

from stormproof.watch.rules.security.event import Reported, child, objects_of, reported


def read_crowdsec(text: str) -> list[Reported]:
    """The events of CrowdSec alerts: scenario, source address, number of events; one with a ban is graver."""
    events = []
    for row in objects_of(text):
        source = child(row, "source")
        bans = isinstance(row.get("decisions"), list) and bool(row["decisions"])
        events.append(
            reported(
                rule=row.get("scenario"),
                severity="medium" if bans and row.get("simulated") is not True else "low",
                actor=source.get("ip") or source.get("value"),
                count=row.get("events_count", 1),
                detail=row.get("message"),
            )
        )
    return events
