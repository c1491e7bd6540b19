"""PagerDuty Events API v2: whatever can page PagerDuty can deliver here, by another address and routing key."""

from __future__ import annotations

import json
import uuid
from typing import Any

from stormproof.respond.kinds.contract import (
    CannotRead,
    Delivery,
    Kind,
    Reply,
    Report,
    as_object,
    first_of,
    labels_of,
    optional_object,
    read_json,
    severity_of,
    words,
)

ACTIONS = ("trigger", "acknowledge", "resolve")
LONGEST_KEY = 255


def read(delivery: Delivery) -> list[Report]:
    """The one event of a delivery."""
    faults, body = _faults_of(delivery.body)
    if faults:
        raise CannotRead("; ".join(faults))
    action, payload = words(body["event_action"]), optional_object(body.get("payload"))
    details = labels_of(payload.get("custom_details"))
    places = {name: payload.get(name) for name in ("source", "component", "group", "class")}
    links = body.get("links")
    link = optional_object(links[0]).get("href") if isinstance(links, list) and links else body.get("client_url")
    return [
        Report(
            key=words(body.get("dedup_key"), most=LONGEST_KEY) or delivery.reference,
            name=first_of([payload.get("class"), payload.get("summary"), "event"], most=200),
            severity=severity_of(payload.get("severity")),
            is_firing=action != "resolve",
            is_acknowledged=action == "acknowledge",
            service=first_of([payload.get("component"), payload.get("group"), payload.get("source")], most=200),
            summary=words(payload.get("summary"), most=1000),
            link=words(link, most=1000),
            labels={**details, **labels_of(places)},
        )
    ]


def reply(delivery: Delivery) -> Reply:
    """202 with the key of the event, or 400 with what is wrong, as PagerDuty documents them."""
    faults, _ = _faults_of(delivery.body)
    if faults:
        return Reply(
            status=400, json={"status": "invalid event", "message": "Event object is invalid", "errors": faults}
        )
    return Reply(status=202, json={"status": "success", "message": "Event processed", "dedup_key": delivery.reference})


def reference(body: bytes) -> str:
    """The key of the event: the sender's, or a new one, which the sender is told."""
    try:
        given = words(json.loads(body).get("dedup_key"), most=LONGEST_KEY)
    except (ValueError, AttributeError, RecursionError):
        given = ""
    return given or uuid.uuid4().hex


def _faults_of(raw: bytes) -> tuple[list[str], dict[str, Any]]:
    try:
        body = as_object(read_json(raw), "the body")
    except CannotRead as error:
        return [str(error)], {}
    faults = []
    action = words(body.get("event_action"))
    if action not in ACTIONS:
        faults.append(f"'event_action' must be one of {', '.join(ACTIONS)}")
    payload = optional_object(body.get("payload"))
    if action == "trigger":
        faults += [
            f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not words(payload.get(name))
        ]
        if words(payload.get("severity")) not in ("critical", "warning", "error", "info"):
            faults.append("'payload.severity' must be one of critical, warning, error, info")
    elif action in ACTIONS and not words(body.get("dedup_key")):
        faults.append("'dedup_key' is missing or blank")
    return faults, body


KIND = Kind(
    name="pagerduty",
    title="PagerDuty Events v2",
    set_up="Give the sender {url}/v2/enqueue as the address of PagerDuty's Events API; any routing key will do.",
    read=read,
    reply=reply,
    reference=reference,
    sample="""{"routing_key": "any", "event_action": "trigger", "dedup_key": "checkout/disk",
  "payload": {"summary": "Disk of checkout-1 is full", "source": "checkout-1", "severity": "critical",
  "component": "checkout", "class": "disk", "custom_details": {"free": "0 %"}}}""",
)
