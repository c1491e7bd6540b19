"""CloudEvents 1.0 over HTTP: structured, binary and batched."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from stormproof.respond.kinds.contract import (
    WORDS_OF_END,
    CannotRead,
    Delivery,
    Kind,
    Report,
    as_list,
    as_object,
    first_of,
    labels_of,
    optional_object,
    read_json,
    severity_of,
    words,
)


def read(delivery: Delivery) -> list[Report]:
    """The events of a delivery."""
    kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        events = as_list(read_json(delivery.body), "the body")
        return [_report(as_object(one, f"event {place}")) for place, one in enumerate(events, 1)]
    if "ce-specversion" in delivery.headers:
        event: dict[str, Any] = {
            name.removeprefix("ce-"): unquote(value, errors="replace")
            for name, value in delivery.headers.items()
            if name.startswith("ce-")
        }
        if delivery.body.strip() and "json" in kind:
            event["data"] = read_json(delivery.body)
        return [_report(event)]
    return [_report(as_object(read_json(delivery.body), "the body"))]


def _report(event: dict[str, Any]) -> Report:
    missing = [name for name in ("specversion", "type", "source", "id") if not words(event.get(name))]
    if missing:
        raise CannotRead(f"the CloudEvent lacks {', '.join(missing)}")
    data = optional_object(event.get("data"))
    kind, source, subject = (words(event.get(name), most=300) for name in ("type", "source", "subject"))
    status = first_of([data.get("status"), data.get("state"), kind.rpartition(".")[2]]).lower()
    base = kind.rpartition(".")[0] if kind.rpartition(".")[2].lower() in WORDS_OF_END else kind
    attributes = {name: value for name, value in event.items() if name not in ("data", "data_base64", "id", "time")}
    return Report(
        key=first_of([data.get("key"), f"{source} {subject} {base}"], most=800),
        name=first_of([data.get("title"), data.get("name"), base], most=200),
        severity=severity_of(first_of([event.get("severity"), data.get("severity"), data.get("level")])),
        is_firing=status not in WORDS_OF_END,
        service=first_of([data.get("service"), subject, source], most=200),
        summary=first_of([data.get("summary"), data.get("message"), data.get("description")], most=1000),
        link=first_of([data.get("url"), data.get("link"), event.get("dataschema")], most=1000),
        labels={**labels_of(attributes), **labels_of(data.get("labels"))},
    )


KIND = Kind(
    name="cloudevents",
    title="CloudEvents",
    set_up="Send CloudEvents over HTTP, structured, binary or batched, to {url}.",
    read=read,
    sample="""{"specversion": "1.0", "type": "com.example.payments.failing", "source": "/payments", "id": "A234-1234",
  "subject": "card", "time": "2026-03-04T12:00:00Z", "datacontenttype": "application/json",
  "data": {"severity": "critical", "summary": "Card payments fail", "labels": {"service": "payments"}}}""",
)
