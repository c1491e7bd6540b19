"""Keys that open heartbeats by name, and the heartbeats that a ping sets up."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from stormproof.business.selectors import node_by_slug
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import NotFound, Refused
from stormproof.core.secrets import open_text, seal_text
from stormproof.watch.facts import PingKeyMade, PingKeyRevoked
from stormproof.watch.kinds import read_settings
from stormproof.watch.models import Monitor, PingKey
from stormproof.watch.rules import IncomingPing, Taken, job_name
from stormproof.watch.services.monitors import create_monitor

MOST_PROVISIONED = 500  # heartbeats that one key may set up


class CannotMakePingKey(Refused):
    """A ping key needs a name and a node."""


@dataclass(kw_only=True)
class Named:
    """What the names in a batch of pings mean: place in the batch to slug, to what is refused, and what was set up."""

    slugs: dict[int, str] = field(default_factory=dict)
    refused: dict[int, Taken] = field(default_factory=dict)
    created: set[int] = field(default_factory=set)


def digest_of_key(key: str) -> str:
    """What is stored to find a ping key by; the key itself has 128 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def make_ping_key(*, name: str, on: str, actor: Actor, at: datetime) -> tuple[PingKey, str]:
    """A key that opens every heartbeat by its name and may set up new ones on the node `on`; and its value."""
    actor.require("watch.write")
    if not name.strip():
        raise CannotMakePingKey("a ping key needs a name", field="name", hint="say which machines use it")
    try:
        node = node_by_slug(on)
    except NotFound as error:
        raise CannotMakePingKey(f"there is nothing named {on!r} in the business", field="on") from error
    raw = secrets.token_urlsafe(16)
    key = PingKey.objects.create(
        name=name.strip()[:100],
        digest=digest_of_key(raw),
        sealed=seal_text(raw),
        node_id=node.pk,
        made_at=at,
        made_by=actor.name[:200],
    )
    tell(PingKeyMade(ping_key_id=key.pk, node_id=node.pk, name=key.name), at=at, actor=actor)
    return key, raw


@transaction.atomic
def revoke_ping_key(key: PingKey, *, actor: Actor, at: datetime) -> None:
    """Make a ping key open nothing from now on; doing it twice changes nothing."""
    actor.require("watch.write")
    if PingKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at):
        tell(PingKeyRevoked(ping_key_id=key.pk, node_id=key.node_id, name=key.name), at=at, actor=actor)


def open_ping_key(key: PingKey, *, actor: Actor) -> str:
    """The value of a ping key, for one who may write monitors."""
    actor.require("watch.write")
    return open_text(key.sealed)


def heartbeats_by_name(pings: Sequence[IncomingPing], *, at: datetime) -> Named:
    """Which heartbeat each ping with a name means; sets up what is missing where the ping asks for it."""
    found = Named()
    digests = {place: digest_of_key(ping.ping_key) for place, ping in enumerate(pings) if ping.key is None}
    if not digests:
        return found
    keys = PingKey.objects.filter(digest__in=set(digests.values()), revoked_at__isnull=True).select_related("node")
    by_digest = {key.digest: key for key in keys}
    opened = {place: by_digest[digest] for place, digest in digests.items() if digest in by_digest}
    for place in opened:
        if slug := job_name(pings[place].slug):
            found.slugs[place] = slug
    wanted = {slug: place for place, slug in found.slugs.items() if pings[place].create}
    if wanted:
        _provision_missing(found, {slug: (place, opened[place]) for slug, place in wanted.items()}, at=at)
    return found


def _provision_missing(found: Named, wanted: Mapping[str, tuple[int, PingKey]], *, at: datetime) -> None:
    """Set up what is wanted and not there; a name that something else has is ambiguous."""
    there = dict(Monitor.objects.filter(slug__in=wanted, retired_at__isnull=True).values_list("slug", "kind"))
    for slug in sorted(wanted):
        place, key = wanted[slug]
        if there.get(slug, "heartbeat") != "heartbeat":
            found.refused[place] = Taken.AMBIGUOUS
        elif slug not in there and _provision(key, slug, at=at):
            found.created.add(place)


def _provision(key: PingKey, slug: str, *, at: datetime) -> bool:
    """Set a heartbeat up with the usual times; False when the key has set up too many or someone was faster."""
    allowed = PingKey.objects.filter(pk=key.pk, provisioned__lt=MOST_PROVISIONED)
    actor = Actor(key=f"ping-key:{key.pk}", name=f"ping key {key.name}", permissions=frozenset({"watch.write"}))
    try:
        with transaction.atomic():
            if not allowed.update(provisioned=F("provisioned") + 1):
                return False
            settings = read_settings({"kind": "heartbeat", "on": key.node.slug, "name": slug})
            create_monitor(slug, settings=settings, actor=actor, at=at)
    except (IntegrityError, Refused):
        return False
    return True
