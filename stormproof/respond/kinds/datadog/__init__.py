"""Datadog: the Webhooks integration. Its payload is a template; ours, below, tells apart the start and the end."""

from __future__ import annotations

from stormproof.respond.kinds.contract import (
    WORDS_OF_END,
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


def read(delivery: Delivery) -> list[Report]:
    """The one event of a delivery: Datadog's own default payload, or the one we propose."""
    body = as_object(read_json(delivery.body), "the body")
    title = first_of([body.get("alert_title"), body.get("title"), body.get("event_title")], most=200)
    if not title:
        raise CannotRead("there is neither title nor alert_title in the body")
    tags = dict(part.partition(":")[::2] for part in words(body.get("tags"), most=4000).split(",") if ":" in part)
    labels = labels_of({name.strip(): value for name, value in tags.items()})
    transition = first_of([body.get("alert_transition"), body.get("transition"), body.get("alert_type")]).lower()
    name = title.removeprefix("[Recovered] ").removeprefix("[Triggered] ")
    return [
        Report(
            key=first_of([body.get("aggreg_key"), body.get("alert_cycle_key"), body.get("alert_id")], most=200),
            name=name,
            severity=severity_of(first_of([body.get("priority"), body.get("alert_type"), body.get("severity")])),
            is_firing=transition not in WORDS_OF_END and not title.startswith("[Recovered]"),
            service=first_of([labels.get("service"), body.get("service")], most=200),
            summary=first_of([body.get("body"), body.get("text_only_msg"), body.get("event_msg")], most=1000),
            link=first_of([body.get("link"), body.get("url")], most=1000),
            labels={**labels, **labels_of({"org": optional_object(body.get("org")).get("name")})},
        )
    ]


KIND = Kind(
    name="datadog",
    title="Datadog",
    set_up="In Datadog, Integrations, Webhooks: a new one with the URL {url} and the payload of the sample below.",
    read=read,
    sample="""{"title": "$EVENT_TITLE", "body": "$TEXT_ONLY_MSG", "alert_transition": "$ALERT_TRANSITION",
  "aggreg_key": "$AGGREG_KEY", "priority": "$PRIORITY", "tags": "$TAGS", "link": "$LINK",
  "org": {"name": "$ORG_NAME"}}""",
)
