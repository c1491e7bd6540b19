"""An integration and what it sends, for tests of external alerts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import hypothesis

from stormproof.core.actor import SYSTEM
from stormproof.respond import services
from stormproof.respond.models import ExternalAlert, Integration
from stormproof.respond.services.deliveries import Incoming, keep_delivery
from tests.respond.make import NOON, Shop

FUZZ_EXAMPLES = 10_000 if hypothesis.settings.default.max_examples > 1_000 else 12  # `make fuzz`, and the short form


def make_integration(shop: Shop, kind: str = "alertmanager", **more: Any) -> tuple[Integration, str]:
    """An integration whose alerts are about the wifi of the office when nothing else fits, and its key."""
    return services.create_integration(
        slug=more.pop("slug", kind), name=kind.capitalize(), kind=kind, node=shop.wifi, actor=SYSTEM, at=NOON, **more
    )


def firing(name: str = "HighErrorRate", *, status: str = "firing", **labels: str) -> dict[str, Any]:
    """One alert as Alertmanager's webhook has it."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} is bad"},
        "startsAt": "2026-03-04T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }


def webhook(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "alerts": list(alerts)}).encode()


def send(key: str, body: bytes, *, at: datetime = NOON, headers: dict[str, str] | None = None) -> Any:
    """Deliver, handle, and tell of what is due, all at `at`."""
    reply = keep_delivery(Incoming(key=key, body=body, headers=headers or {}), at=at)
    go_on(at)
    return reply


def go_on(at: datetime) -> None:
    """What the worker does each second."""
    while services.handle_deliveries(at=at):
        pass
    services.end_what_was_not_sent_again(at=at)
    services.end_silences(at=at)
    services.tell_due_groups(at=at)


def the_alert() -> ExternalAlert:
    """The only one."""
    return ExternalAlert.objects.select_related("group", "node", "integration").get()
