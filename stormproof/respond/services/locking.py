"""One decision about incidents at a time: which alert belongs to which, and what state each is in."""

from __future__ import annotations

from django.db import connection

from stormproof.respond.models import Incident

INCIDENT_LOCK = 0x5707_1C1D
ALERT_LOCK = 0x5707_A1E7  # taken before the other, never after it


def lock_incidents() -> None:
    """Wait until no other transaction decides about incidents; held until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INCIDENT_LOCK])


def lock_alerts() -> None:
    """Wait until no other transaction settles external alerts; held until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ALERT_LOCK])


def locked(incident: Incident) -> Incident:
    """The incident as it is now; nobody else changes it until the transaction ends."""
    lock_incidents()
    return Incident.objects.select_for_update(of=("self",)).select_related("root_node").get(pk=incident.pk)
