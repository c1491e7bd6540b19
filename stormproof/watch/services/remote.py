"""Probers that have no database: their tokens, the plans they are given, and the batches they bring."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.core.secrets import CannotOpenSecret, seal_with_token
from stormproof.watch.facts import ProberTokenIssued, ProberTokenRevoked
from stormproof.watch.kinds import KINDS, open_config
from stormproof.watch.models import Monitor, Prober, ProberToken, SightingBatch
from stormproof.watch.rules import Sighting
from stormproof.watch.selectors import monitors_to_look_at
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.states import standing_of

PREFIX = "spp_"
USED_EVERY = timedelta(minutes=1)
BATCHES_KEPT = timedelta(days=1)
_PLACE = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_DIGEST = """
SELECT md5(coalesce(string_agg(id || ':' || version, ',' ORDER BY id), '')) FROM watch_monitor
WHERE enabled AND retired_at IS NULL AND (locations = '{}' OR %s = ANY(locations))
"""


class CannotIssueProberToken(Refused):
    """A token for probers needs a name and a location."""


@transaction.atomic
def issue_prober_token(*, name: str, location: str, actor: Actor, at: datetime) -> tuple[ProberToken, str]:
    """A token for probers of one location and its value, which nobody can read again."""
    actor.require("watch.write")
    if not name.strip():
        raise CannotIssueProberToken("a token needs a name", field="name", hint="say which machine uses it")
    if not re.fullmatch(_PLACE, location):
        hint = "small letters, digits and hyphens, such as frankfurt-1"
        raise CannotIssueProberToken(f"{location[:80]!r} is no name of a place", field="location", hint=hint)
    raw = f"{PREFIX}{secrets.token_urlsafe(32)}"
    token = ProberToken.objects.create(
        location=location, name=name.strip()[:120], prefix=raw[:10], digest=digest_of_token(raw), issued_at=at
    )
    tell(ProberTokenIssued(prober_token_id=token.pk, location=location, name=token.name), at=at, actor=actor)
    return token, raw


@transaction.atomic
def revoke_prober_token(token: ProberToken, *, actor: Actor, at: datetime) -> None:
    """The token opens nothing from now on; doing it twice changes nothing."""
    actor.require("watch.write")
    if ProberToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
        fact = ProberTokenRevoked(prober_token_id=token.pk, location=token.location, name=token.name)
        tell(fact, at=at, actor=actor)


def digest_of_token(raw: str) -> str:
    """The only form in which a token is kept; the token itself has 256 random bits."""
    return sha256(raw.encode()).hexdigest()


def take_prober_token(raw: str, *, at: datetime) -> ProberToken | None:
    """The token of that value, if it is good; remembers to within a minute that it was used."""
    token = ProberToken.objects.filter(digest=digest_of_token(raw), revoked_at__isnull=True).first()
    if token is not None and (token.last_used_at is None or at - token.last_used_at > USED_EVERY):
        ProberToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


def plans_digest(location: str) -> str:
    """Changes whenever what the probers of a location look at changes."""
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST, [location])
        return str(cursor.fetchone()[0])


def plans_for(location: str, *, raw: str) -> list[dict[str, Any]]:
    """The plans of a location; the settings of each are sealed for the bearer of the token alone.

    A monitor whose secrets cannot be opened here is left out.
    """
    found = []
    for monitor in monitors_to_look_at(location):
        try:
            config = open_config(KINDS[monitor.kind], monitor.config)
        except CannotOpenSecret:
            continue
        place = next(iter(monitor.place), None)  # type: ignore[attr-defined]
        found.append(
            {
                "monitor_id": monitor.pk,
                "version": monitor.version,
                "kind": monitor.kind,
                "interval_seconds": monitor.interval_seconds,
                "state": place.state if place else standing_of(monitor).state,
                "last_at": place.last_at.isoformat() if place else None,
                "sealed": seal_with_token(json.dumps(config), raw),
            }
        )
    return found


@transaction.atomic
def take_batch(
    batch_id: UUID, sightings: Sequence[Sighting], *, location: str, instance: str, at: datetime
) -> int | None:
    """Record what a remote prober brings, once; how many counted, None when the batch was taken before.

    Sightings of monitors that the location does not look at are left out; a moment that lies ahead becomes `at`.
    """
    row = SightingBatch(id=batch_id, location=location, taken_at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO watch_sightingbatch (id, location, taken_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [row.pk, location, at],
        )
        if cursor.rowcount == 0:
            return None
    wanted = {sighting.monitor_id for sighting in sightings}
    known = Monitor.objects.filter(pk__in=wanted, retired_at__isnull=True).values_list("pk", "locations")
    allowed = {pk for pk, locations in known if not locations or location in locations}
    prober = Prober.objects.filter(instance=instance, location=location).first()
    kept = [
        replace(
            sighting,
            at=min(sighting.at, at),
            since=min(sighting.since, at),
            location=location,
            prober_id=prober.pk if prober else None,
        )
        for sighting in sightings
        if sighting.monitor_id in allowed
    ]
    record_sightings(kept, at=at)
    return len(kept)


def forget_old_batches(*, at: datetime) -> int:
    """Drop the marks of batches that cannot come again; how many."""
    return SightingBatch.objects.filter(taken_at__lt=at - BATCHES_KEPT).delete()[0]
