"""Any JSON: which part of it is the name, the severity and so on is said by fields that a person can try on a sample.

A field is a path (`alert.title`, `items.0.name`) or a text with paths in braces (`{host} on {site}`).
"""

from __future__ import annotations

import re
from typing import Any

from stormproof.respond.kinds.contract import (
    WORDS_OF_END,
    CannotRead,
    Delivery,
    Kind,
    Report,
    as_list,
    first_of,
    labels_of,
    read_json,
    severity_of,
    words,
)

FIELDS = ("items", "name", "key", "severity", "status", "service", "summary", "link", "labels")
USUAL = {
    "name": ("name", "title", "alertname", "alert", "subject", "event", "message"),
    "severity": ("severity", "level", "priority"),
    "status": ("status", "state", "action"),
    "service": ("service", "component", "host", "source"),
    "summary": ("summary", "message", "description", "text", "body"),
    "link": ("link", "url"),
    "key": ("key", "dedup_key", "fingerprint", "id"),
}
_BRACES = re.compile(r"\{([^{}]{1,200})\}")


def read(delivery: Delivery) -> list[Report]:
    """The alerts of any JSON; without fields the usual names are looked for."""
    body = read_json(delivery.body)
    fields = delivery.fields
    if fields.get("items"):
        items = as_list(at_path(body, fields["items"]), f"items ({fields['items']})")
    else:
        items = as_list(body, "the body") if isinstance(body, list) else [body]
    return [_report(item, fields, place) for place, item in enumerate(items, 1)]


def at_path(value: Any, path: str) -> Any:
    """What stands at a dotted path, places in lists by number; None when nothing does."""
    for part in path.removeprefix("$").strip(".").split(".") if path.strip("$. ") else []:
        if isinstance(value, dict):
            value = value.get(part.strip())
        elif isinstance(value, list) and part.strip().isdecimal() and len(part) < 6 and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def filled(item: Any, template: str, *, most: int = 500) -> str:
    """The text of a field: a path, or a text with paths in braces."""
    if "{" in template:
        return _BRACES.sub(lambda match: words(at_path(item, match[1]), most=most), template)[:most].strip()
    return words(at_path(item, template), most=most)


def _report(item: Any, fields: Any, place: int) -> Report:
    if not isinstance(item, dict):
        raise CannotRead(f"alert {place} should be an object")

    def said(name: str, most: int = 200) -> str:
        if fields.get(name):
            return filled(item, fields[name], most=most)
        return first_of([item.get(usual) for usual in USUAL[name]], most=most)

    name = said("name")
    if not name:
        where = f"at {fields['name']}" if fields.get("name") else f"({', '.join(USUAL['name'])})"
        raise CannotRead(f"alert {place} has no name {where}")
    labels = at_path(item, fields["labels"]) if fields.get("labels") else item.get("labels", item.get("tags"))
    return Report(
        key=said("key", 500),
        name=name,
        severity=severity_of(said("severity")),
        is_firing=said("status").lower() not in WORDS_OF_END,
        is_acknowledged=said("status").lower() in ("acknowledged", "acknowledge", "ack"),
        service=said("service"),
        summary=said("summary", 1000),
        link=said("link", 1000),
        labels=labels_of(labels),
    )


KIND = Kind(
    name="generic",
    title="Any JSON",
    set_up="POST JSON to {url}. Say below which part of it is what, and try it on a sample.",
    read=read,
    sample="""{"title": "Queue is long", "severity": "warning", "status": "firing", "service": "orders",
  "message": "1200 orders wait", "labels": {"queue": "orders"}}""",
    has_fields=True,
)
