"""Leases of probers: who is alive and shares the work. Moments are the database's: clocks need not agree."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from stormproof.watch.models import Prober

LEASE_SECONDS = 6.0
_RENEW = """
INSERT INTO watch_prober (instance, started_at, lease_until, monitors, late_ms)
VALUES (%(instance)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(lease)s), %(monitors)s, %(late)s)
ON CONFLICT (instance) DO UPDATE SET
  lease_until = excluded.lease_until, monitors = excluded.monitors, late_ms = excluded.late_ms
RETURNING id
"""
_ALIVE = "SELECT instance FROM watch_prober WHERE lease_until > clock_timestamp() ORDER BY instance"
_FORGET = "DELETE FROM watch_prober WHERE lease_until < clock_timestamp() - interval '1 hour'"


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A prober's own number and the names of all probers alive, its own included."""

    prober_id: int
    alive: tuple[str, ...]


@transaction.atomic
def renew_lease(instance: str, *, monitors: int, late_ms: float) -> Membership:
    """Say that prober `instance` lives and looks after `monitors`; learn who else does."""
    with connection.cursor() as cursor:
        values: dict[str, str | int | float] = {
            "instance": instance,
            "lease": LEASE_SECONDS,
            "monitors": monitors,
            "late": late_ms,
        }
        cursor.execute(_RENEW, values)
        prober_id = int(cursor.fetchone()[0])
        cursor.execute(_FORGET)
        cursor.execute(_ALIVE)
        return Membership(prober_id=prober_id, alive=tuple(name for (name,) in cursor.fetchall()))


@transaction.atomic
def end_lease(instance: str) -> None:
    """Prober `instance` stops: the others take its monitors at once."""
    Prober.objects.filter(instance=instance).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('stormproof_monitors', 'probers')")
