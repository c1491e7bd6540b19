"""Grafana alerting: its webhook contact point. Grafana's own fingerprint tells its alerts apart."""

from __future__ import annotations

from typing import Any

from stormproof.respond.kinds.alertmanager import report_of
from stormproof.respond.kinds.contract import Delivery, Kind, Report, as_list, as_object, first_of, read_json, words


def read(delivery: Delivery) -> list[Report]:
    """The alerts of one notification."""
    body = as_object(read_json(delivery.body), "the body")
    alerts = as_list(body.get("alerts"), "alerts")
    return [_report(as_object(one, f"alert {place}"), place) for place, one in enumerate(alerts, 1)]


def _report(alert: dict[str, Any], place: int) -> Report:
    one = report_of(alert, place, key=words(alert.get("fingerprint"), most=200))
    seen = words(alert.get("valueString"), most=300)
    summary = one.summary or seen
    link = first_of([alert.get("panelURL"), alert.get("dashboardURL"), one.link], most=1000)
    return Report(**{**one.__dict__, "summary": summary, "link": link})


KIND = Kind(
    name="grafana",
    title="Grafana",
    set_up="In Grafana, Alerting, Contact points: a new one of type Webhook with the URL {url}, method POST.",
    read=read,
    sample="""{"receiver": "stormproof", "status": "firing", "orgId": 1, "version": "1", "alerts": [{"status": "firing",
  "labels": {"alertname": "Checkout slow", "grafana_folder": "Shop", "service": "checkout", "severity": "warning"},
  "annotations": {"summary": "p95 above 2 s"}, "startsAt": "2026-03-04T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
  "fingerprint": "57c6d9296de2ad39", "panelURL": "https://grafana.shop.example/d/1?viewPanel=2",
  "valueString": "[ var='A' labels={} value=2.31 ]"}], "title": "[FIRING:1]", "state": "alerting"}""",
)
