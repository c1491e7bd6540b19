"""Sentry: issue alerts, metric alerts and issues of an internal integration, and the older webhook plugin."""

from __future__ import annotations

from typing import Any

from stormproof.respond.kinds.contract import (
    CRITICAL,
    ERROR,
    INFO,
    WARNING,
    CannotRead,
    Delivery,
    Kind,
    Report,
    as_object,
    first_of,
    labels_of,
    optional_object,
    read_json,
    severity_of,
    words,
)

LEVELS = {"fatal": CRITICAL, "error": ERROR, "warning": WARNING, "info": INFO, "debug": INFO}


def read(delivery: Delivery) -> list[Report]:
    """The one alert of a delivery; none for a delivery that only greets (`installation`)."""
    body = as_object(read_json(delivery.body), "the body")
    resource = delivery.headers.get("sentry-hook-resource", "")
    action = words(body.get("action")).lower()
    if resource == "installation" or ("installation" in body and not body.get("data")):
        return []
    data = optional_object(body.get("data"))
    if "metric_alert" in data:
        return [_of_metric(data, action)]
    if "event" in data:
        return [_of_event(as_object(data["event"], "data.event"), rule=words(data.get("triggered_rule"), most=200))]
    if "issue" in data:
        return [_of_issue(as_object(data["issue"], "data.issue"), action)]
    if "event" in body:
        return [_of_plugin(body)]
    raise CannotRead("there is neither data.event, data.metric_alert, data.issue nor event in the body")


def _of_event(event: dict[str, Any], *, rule: str) -> Report:
    tags = event.get("tags")
    pairs = [pair for pair in tags if isinstance(pair, list) and len(pair) == 2] if isinstance(tags, list) else []
    labels = labels_of({words(name): value for name, value in pairs})
    project = first_of([event.get("project_slug"), event.get("project_name"), event.get("project")], most=200)
    issue = words(event.get("issue_id"), most=100)
    more = {"project": project, "rule": rule, "environment": words(event.get("environment"))}
    return Report(
        key=f"issue:{issue}" if issue else "",
        name=first_of([event.get("title"), event.get("message"), "Sentry event"], most=200),
        severity=LEVELS.get(words(event.get("level")).lower(), ERROR),
        service=first_of([labels.get("service"), project], most=200),
        summary=first_of([event.get("culprit"), event.get("location"), rule], most=1000),
        link=first_of([event.get("web_url"), event.get("issue_url"), event.get("url")], most=1000),
        labels={**labels, **labels_of(more)},
    )


def _of_metric(data: dict[str, Any], action: str) -> Report:
    alert = as_object(data["metric_alert"], "data.metric_alert")
    rule = optional_object(alert.get("alert_rule"))
    projects = alert.get("projects")
    project = words(projects[0], most=200) if isinstance(projects, list) and projects else ""
    key = first_of([alert.get("identifier"), alert.get("id")], most=100)
    return Report(
        key=f"metric:{project}:{key}" if key else "",
        name=first_of([rule.get("name"), alert.get("title"), data.get("description_title")], most=200)
        or "Metric alert",
        severity=severity_of(action, WARNING),
        is_firing=action != "resolved",
        service=project,
        summary=first_of([data.get("description_text"), data.get("description_title")], most=1000),
        link=words(data.get("web_url"), most=1000),
        labels=labels_of({"project": project, "environment": rule.get("environment")}),
    )


def _of_issue(issue: dict[str, Any], action: str) -> Report:
    project = first_of([optional_object(issue.get("project")).get("slug"), issue.get("project")], most=200)
    number = first_of([issue.get("id"), issue.get("shortId")], most=100)
    return Report(
        key=f"issue:{number}" if number else "",
        name=first_of([issue.get("title"), "Sentry issue"], most=200),
        severity=LEVELS.get(words(issue.get("level")).lower(), ERROR),
        is_firing=action not in ("resolved", "archived", "ignored"),
        is_acknowledged=action == "assigned",
        service=project,
        summary=words(issue.get("culprit"), most=1000),
        link=first_of([issue.get("web_url"), issue.get("permalink")], most=1000),
        labels=labels_of({"project": project, "issue": issue.get("shortId")}),
    )


def _of_plugin(body: dict[str, Any]) -> Report:
    event = as_object(body["event"], "event")
    issue = words(body.get("id"), most=100)
    project = first_of([body.get("project_slug"), body.get("project")], most=200)
    return Report(
        key=f"issue:{issue}" if issue else "",
        name=first_of([event.get("title"), body.get("message"), "Sentry event"], most=200),
        severity=LEVELS.get(words(body.get("level")).lower(), ERROR),
        service=project,
        summary=words(body.get("culprit"), most=1000),
        link=words(body.get("url"), most=1000),
        labels=labels_of({"project": project, "environment": event.get("environment")}),
    )


KIND = Kind(
    name="sentry",
    title="Sentry",
    set_up=(
        "In Sentry, Settings, Developer settings: a new internal integration with the webhook URL {url} and "
        "*Alert rule action* on; then choose it as the action of issue and metric alerts."
    ),
    read=read,
    sample="""{"action": "triggered", "installation": {"uuid": "a8e5d37a"},
 "actor": {"type": "application", "id": "sentry"},
 "data": {"triggered_rule": "New error in checkout", "event": {"event_id": "e4874d664c3540c1a32eab185f12c5ab",
  "issue_id": "1170820242", "project": 1, "project_slug": "checkout", "level": "fatal", "platform": "python",
  "title": "PaymentError: card declined by gateway", "culprit": "checkout.payments in capture",
  "tags": [["environment", "production"], ["service", "payments"]],
  "web_url": "https://sentry.io/organizations/shop/issues/1170820242/events/e4874d66/"}}}""",
)
