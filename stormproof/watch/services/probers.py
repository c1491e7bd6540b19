"""Leases of probers: who is alive, shares the work of a location, and can see. Moments are the database's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.watch.choices import Sight
from stormproof.watch.facts import LocationSeesAgain, LocationWentBlind
from stormproof.watch.models import Location, Place, Prober
from stormproof.watch.rules import HERE

LEASE_SECONDS = 6.0
_RENEW = """
INSERT INTO watch_prober (instance, location, started_at, lease_until, monitors, late_ms, is_blind, is_remote)
VALUES (%(instance)s, %(location)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(lease)s),
        %(monitors)s, %(late)s, %(blind)s, %(remote)s)
ON CONFLICT (instance) DO UPDATE SET
  location = excluded.location, lease_until = excluded.lease_until, monitors = excluded.monitors,
  late_ms = excluded.late_ms, is_blind = excluded.is_blind, is_remote = excluded.is_remote
RETURNING id
"""
_SEEN = """
INSERT INTO watch_location (name, added_at, seen_at, sight, proven_at)
VALUES (%(location)s, clock_timestamp(), clock_timestamp(), 'off', NULL)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
"""
_ALIVE = """
SELECT instance, is_blind FROM watch_prober
WHERE location = %s AND lease_until > clock_timestamp() ORDER BY instance
"""
_FORGET = "DELETE FROM watch_prober WHERE lease_until < clock_timestamp() - interval '1 hour'"


class CannotForgetLocation(Refused):
    """The location has a prober that is alive."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """What a prober says of itself when it renews its lease."""

    instance: str
    location: str = HERE
    monitors: int = 0
    late_ms: float = 0.0
    sight: str = Sight.OFF
    is_remote: bool = False


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A prober's own number and the names of the probers of its location that are alive and can see.

    Its own name is missing while it is blind and another is not. `is_proven`: the targets of the self-guard have
    answered there before.
    """

    prober_id: int
    alive: tuple[str, ...] = field(default=())
    is_proven: bool = False


@transaction.atomic
def renew_lease(lease: Lease, *, at: datetime) -> Membership:
    """Say that a prober lives and looks after its monitors; learn who else does at its location."""
    with connection.cursor() as cursor:
        values: dict[str, str | int | float | bool] = {
            "instance": lease.instance,
            "location": lease.location,
            "lease": LEASE_SECONDS,
            "monitors": lease.monitors,
            "late": lease.late_ms,
            "blind": lease.sight == Sight.BLIND,
            "remote": lease.is_remote,
        }
        cursor.execute(_SEEN, values)
        cursor.execute(_RENEW, values)
        prober_id = int(cursor.fetchone()[0])
        cursor.execute(_FORGET)
        cursor.execute(_ALIVE, [lease.location])
        rows = cursor.fetchall()
    seeing = tuple(name for name, is_blind in rows if not is_blind)
    location = _note_sight(lease, is_blind=not seeing, at=at)
    alive = seeing or tuple(name for name, _ in rows)
    return Membership(prober_id=prober_id, alive=alive, is_proven=location.proven_at is not None)


def _note_sight(lease: Lease, *, is_blind: bool, at: datetime) -> Location:
    """A location is blind when all its probers are; told once, and once when it sees again."""
    location = Location.objects.select_for_update().get(name=lease.location)
    sight = Sight.BLIND if is_blind else Sight.GREEN if lease.sight == Sight.BLIND else Sight(lease.sight)
    proven_at = location.proven_at or (at if sight == Sight.GREEN else None)
    if (location.sight, location.proven_at) == (sight, proven_at):
        return location
    was_blind = location.blind_since is not None
    location.sight, location.proven_at = sight, proven_at
    location.blind_since = (location.blind_since or at) if is_blind else None
    location.save(update_fields=["sight", "proven_at", "blind_since"])
    if is_blind and not was_blind:
        tell(LocationWentBlind(location_id=location.pk, name=location.name), at=at)
    elif was_blind and not is_blind:
        tell(LocationSeesAgain(location_id=location.pk, name=location.name), at=at)
    announce("system", "monitors")
    return location


@transaction.atomic
def end_lease(instance: str) -> None:
    """Prober `instance` stops: the others of its location take its monitors at once."""
    Prober.objects.filter(instance=instance).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('stormproof_monitors', 'probers')")


@transaction.atomic
def forget_location(location: Location, *, actor: Actor) -> None:
    """A place that is given up counts no more; raises `CannotForgetLocation` while a prober of it is alive."""
    actor.require("watch.write")
    with connection.cursor() as cursor:
        cursor.execute(_ALIVE, [location.name])
        alive = cursor.fetchall()
    if alive:
        raise CannotForgetLocation(f"{location.name} has a prober that is alive", hint="stop it first")
    Place.objects.filter(location=location.name).delete()
    location.delete()
    announce("system", "monitors")
