"""Prometheus Alertmanager: its webhook (version 4), and its own API, so that Prometheus and amtool deliver as well.

The API's senders repeat an alert while it fires and name the moment up to which it holds (`endsAt`); an alert that is
not sent again by then has ended. The webhook tells of the end itself.
"""

from __future__ import annotations

from typing import Any

from stormproof.respond.kinds.contract import (
    FIVE_MINUTES,
    CannotRead,
    Delivery,
    Kind,
    Report,
    as_list,
    as_object,
    first_of,
    labels_of,
    moment_of,
    optional_object,
    read_json,
    severity_of,
    words,
)


def read(delivery: Delivery) -> list[Report]:
    """The alerts of a webhook (an object) or of `POST /api/v2/alerts` (a list)."""
    body = read_json(delivery.body)
    if isinstance(body, list):
        alerts = as_list(body, "the body")
        return [_from_api(as_object(one, f"alert {place}"), place, delivery) for place, one in enumerate(alerts, 1)]
    alerts = as_list(as_object(body, "the body").get("alerts"), "alerts")
    return [report_of(as_object(one, f"alert {place}"), place) for place, one in enumerate(alerts, 1)]


def report_of(alert: dict[str, Any], place: int, *, key: str = "") -> Report:
    """One alert with labels and annotations; `key` tells it apart, else its labels do."""
    labels = labels_of(alert.get("labels"))
    notes = optional_object(alert.get("annotations"))
    if not labels:
        raise CannotRead(f"alert {place} has no labels")
    return Report(
        key=key,
        name=first_of([labels.get("alertname"), notes.get("summary"), "alert"], most=200),
        severity=severity_of(labels.get("severity")),
        is_firing=words(alert.get("status")).lower() != "resolved",
        service=first_of([labels.get("service"), labels.get("job"), labels.get("namespace")], most=200),
        summary=first_of([notes.get("summary"), notes.get("description"), notes.get("message")], most=1000),
        link=first_of([notes.get("runbook_url"), alert.get("generatorURL")], most=1000),
        labels=labels,
    )


def _from_api(alert: dict[str, Any], place: int, delivery: Delivery) -> Report:
    ends = moment_of(alert.get("endsAt"))
    has_ended = ends is not None and ends <= delivery.received_at
    one = report_of({**alert, "status": "resolved" if has_ended else "firing"}, place)
    until = None if has_ended else ends or delivery.received_at + FIVE_MINUTES
    return Report(**{**one.__dict__, "expires_at": until})


KIND = Kind(
    name="alertmanager",
    title="Prometheus Alertmanager",
    set_up=(
        "In alertmanager.yml: receivers: [{name: stormproof, webhook_configs: [{url: '{url}', send_resolved: true}]}]. "
        "Prometheus itself and amtool take {url} as the address of an Alertmanager."
    ),
    read=read,
    sample="""{"version": "4", "status": "firing", "alerts": [{"status": "firing",
  "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"},
  "annotations": {"summary": "5 % of requests fail"}, "startsAt": "2026-03-04T12:00:00Z",
  "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus:9090/graph", "fingerprint": "a1b2"}]}""",
)
