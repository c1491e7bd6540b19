"""Integrations: other systems that may deliver alerts, their keys and what their alerts are about."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.people.selectors import digest_of
from stormproof.respond.choices import DeliveryState
from stormproof.respond.facts import (
    DeliveriesReprocessed,
    IntegrationChanged,
    IntegrationCreated,
    IntegrationKeyRotated,
)
from stormproof.respond.kinds import KINDS
from stormproof.respond.kinds.generic import FIELDS
from stormproof.respond.models import AlertDelivery, Integration

MOST_LINES = 100


class CannotSetIntegration(Refused):
    """The name, the kind, the mapping or the rate cannot be used."""


@transaction.atomic
def create_integration(
    *,
    slug: str,
    name: str,
    kind: str,
    node: Node,
    nodes: Sequence[Mapping[str, str]] = (),
    fields: Mapping[str, str] | None = None,
    rate_per_minute: int = 6000,
    actor: Actor,
    at: datetime,
) -> tuple[Integration, str]:
    """An integration and the key of its address, which nobody can read again. Raises `CannotSetIntegration`."""
    actor.require("respond.write")
    if kind not in KINDS:
        raise CannotSetIntegration(f"{kind!r} is no kind", field="kind", hint=f"Choose one of {', '.join(KINDS)}.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", slug):
        hint = "Use small letters, digits and hyphens."
        raise CannotSetIntegration(f"{slug!r} is no short name", field="slug", hint=hint)
    if Integration.objects.filter(slug=slug).exists():
        raise CannotSetIntegration(f"{slug} is taken", field="slug", hint="Choose another short name.")
    checked = _checked(name=name, nodes=nodes, fields=fields or {}, rate_per_minute=rate_per_minute)
    key = secrets.token_hex(16)  # 32 characters, as long as a routing key of PagerDuty
    made = Integration.objects.create(
        slug=slug, kind=kind, node=node, digest=digest_of(key), hint=key[:4], created_at=at, **checked
    )
    tell(IntegrationCreated(integration_id=made.pk, name=made.name, kind=kind), at=at, actor=actor)
    return made, key


@transaction.atomic
def change_integration(
    integration: Integration,
    *,
    name: str,
    node: Node,
    nodes: Sequence[Mapping[str, str]],
    fields: Mapping[str, str],
    rate_per_minute: int,
    is_enabled: bool,
    actor: Actor,
    at: datetime,
) -> Integration:
    """Set what an integration is called, what its alerts are about, and whether it may deliver."""
    actor.require("respond.write")
    wanted = {
        **_checked(name=name, nodes=nodes, fields=fields, rate_per_minute=rate_per_minute),
        "node_id": node.pk,
        "is_enabled": is_enabled,
    }
    changed = [field for field, value in wanted.items() if getattr(integration, field) != value]
    if changed:
        Integration.objects.filter(pk=integration.pk).update(**wanted)
        tell(IntegrationChanged(integration_id=integration.pk, fields=sorted(changed)), at=at, actor=actor)
        integration.refresh_from_db()
    return integration


@transaction.atomic
def rotate_integration_key(integration: Integration, *, actor: Actor, at: datetime) -> str:
    """A new key; the old address stops working at once."""
    actor.require("respond.write")
    key = secrets.token_hex(16)
    Integration.objects.filter(pk=integration.pk).update(digest=digest_of(key), hint=key[:4])
    tell(IntegrationKeyRotated(integration_id=integration.pk), at=at, actor=actor)
    return key


@transaction.atomic
def reprocess_deliveries(integration: Integration, *, actor: Actor, at: datetime) -> int:
    """Handle once more what could not be read, after the mapping was mended; how many deliveries."""
    actor.require("respond.write")
    found = AlertDelivery.objects.filter(integration=integration, state=DeliveryState.UNREADABLE)
    count = found.update(state=DeliveryState.WAITING, reason="", handled_at=None)
    if count:
        Integration.objects.filter(pk=integration.pk).update(last_error="", last_error_at=None)
        tell(DeliveriesReprocessed(integration_id=integration.pk, deliveries=count), at=at, actor=actor)
    return count


def _checked(
    *, name: str, nodes: Sequence[Mapping[str, str]], fields: Mapping[str, str], rate_per_minute: int
) -> dict[str, Any]:
    name = name.strip()
    if not name or len(name) > 120:
        raise CannotSetIntegration("An integration needs a name of at most 120 characters", field="name")
    if not 1 <= rate_per_minute <= 600_000:
        raise CannotSetIntegration(
            f"{rate_per_minute} a minute makes no sense", field="rate_per_minute", hint="Choose 1 to 600000."
        )
    if len(nodes) > MOST_LINES:
        raise CannotSetIntegration(f"{MOST_LINES} lines are the most", field="nodes")
    known = set(Node.objects.filter(slug__in={line["node"] for line in nodes}).values_list("slug", flat=True))
    if unknown := [line["node"] for line in nodes if line["node"] not in known]:
        raise CannotSetIntegration(f"There is no node {unknown[0]}", field="nodes", hint="Use its short name.")
    if wrong := sorted(set(fields) - set(FIELDS)):
        hint = f"Use {', '.join(FIELDS)}."
        raise CannotSetIntegration(f"There is no field {wrong[0]}", field="fields", hint=hint)
    lines = [{part: str(line[part])[:300] for part in ("label", "value", "node")} for line in nodes]
    kept = {field: value.strip()[:300] for field, value in fields.items() if value.strip()}
    return {"name": name, "nodes": lines, "fields": kept, "rate_per_minute": rate_per_minute}
