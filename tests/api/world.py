"""A shop with one of everything, and every address of the product with its placeholders filled from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.urls import URLPattern, URLResolver, get_resolver

from stormproof.api.urls import api
from stormproof.business.choices import Door
from stormproof.business.services.document import apply_document
from stormproof.core.actor import SYSTEM
from stormproof.core.clock import now
from tests.business.documents import SHOP

MORE = """\
teams:
  platform: {name: Platform, members: [ops@shop.example]}
monitors:
  checkout-page: {name: Checkout, on: checkout, kind: http, every: 5s, url: "http://shop.example/"}
schedules:
  platform:
    name: Platform
    layers: [{name: Weekly, start: 2026-01-05, people: [ops@shop.example]}]
procedures:
  look: {name: Look, recovers: orders-db, steps: [{id: look, kind: manual, name: Look, with: {instruction: Look}}]}
"""
MODELS = {
    "nodes": ("business", "Node"),
    "monitors": ("watch", "Monitor"),
    "procedures": ("recover", "Procedure"),
    "runs": ("recover", "Run"),
    "incidents": ("respond", "Incident"),
    "on-call": ("respond", "Schedule"),
    "people": ("people", "User"),
    "teams": ("people", "Team"),
    "tokens": ("people", "ApiToken"),
    "contact-points": ("people", "ContactPoint"),
    "exercises": ("rehearse", "Exercise"),
    "notices": ("inform", "Notice"),
    "reviews": ("review", "PostIncidentReview"),
}
PLAIN = {"int": "1", "slug": "nothing", "uuid": "00000000-0000-4000-8000-000000000000", "": "nothing", "str": "nothing"}
_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>|\{(?:(\w+):)?(\w+)\}")


@dataclass(frozen=True)
class Address:
    """A page: its path, its name, and whether it is open to strangers."""

    path: str
    name: str
    is_open: bool


@dataclass(frozen=True)
class Operation:
    """An API operation with a body that fits its schema."""

    method: str
    path: str
    body: Any
    is_open: bool


def make_world() -> None:
    """A shop with a monitor, a procedure, a run and an incident."""
    from stormproof.recover.models import Procedure
    from stormproof.recover.services import start_run
    from stormproof.respond.services import declare_incident

    at = now()
    apply_document(SHOP + MORE, door=Door.COMMAND, actor=SYSTEM, at=at)
    start_run(Procedure.objects.get(), reference="", mode="drill", actor=SYSTEM, at=at)
    declare_incident(title="Checkout is slow", severity=2, actor=SYSTEM, at=at)


def pages() -> list[Address]:
    """Every page of the product but the API, filled from the world."""
    return [
        Address(
            path="/" + _filled(route),
            name=view.name or route,
            is_open=not getattr(view.callback, "login_required", True),
        )
        for route, view in _walk(get_resolver().url_patterns)
        if not route.startswith("api/")
    ]


def operations() -> list[Operation]:
    """Every operation of the API, filled from the world."""
    schema = api.get_openapi_schema()
    found = []
    for path, methods in schema["paths"].items():
        for method, about in methods.items():
            route = _typed(path, about.get("parameters", []))
            content = about.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            body = example_of(content, schema) if content else None
            is_open = not about.get("security")
            asked = [each for each in about.get("parameters", []) if each["in"] == "query" and each.get("required")]
            query = urlencode({each["name"]: example_of(each["schema"], schema) for each in asked}, doseq=True)
            whole = f"{_filled(route)}?{query}" if query else _filled(route)
            found.append(Operation(method=method.upper(), path=whole, body=body, is_open=is_open))
    return found


def _typed(path: str, parameters: list[dict[str, Any]]) -> str:
    """`/runs/{id}` as `/runs/{int:id}` where the schema says that it is a number."""
    for each in parameters:
        if each["in"] == "path" and each["schema"].get("type") == "integer":
            path = path.replace(f"{{{each['name']}}}", f"{{int:{each['name']}}}")
    return path


def example_of(shape: dict[str, Any], schema: Any) -> Any:
    """The plainest value that fits a JSON schema: the required fields only."""
    if "$ref" in shape:
        return example_of(schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]], schema)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in shape:
            return example_of(shape[choice][0], schema)
    if shape.get("type") == "object":
        needed = shape.get("required", [])
        return {name: example_of(shape["properties"][name], schema) for name in needed}
    if shape.get("type") == "array":
        return [example_of(shape.get("items", {}), schema)]
    plain: dict[str, Any] = {"string": "x", "integer": 1, "number": 1, "boolean": True, "null": None}
    moments = {"date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01"}
    wanted = moments.get(shape.get("format", "")) or plain.get(str(shape.get("type")), "x")
    return shape["enum"][0] if "enum" in shape else wanted


def _walk(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        route = before + str(each.pattern).removeprefix("^").replace(r"\Z", "")
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route)
        elif "(?P" not in route:
            yield route, each


def _filled(route: str) -> str:
    """`monitors/<slug:slug>/now/` with the slug of a monitor there is."""
    parts, kind = [], ""
    for part in route.split("/"):
        found = _PLACE.fullmatch(part)
        if found is None:
            kind = part if part in MODELS else kind
            parts.append(_PLACE.sub("1", part))
            continue
        name = found[2] or found[4]
        parts.append(str(_value(kind, name) or PLAIN[found[1] or found[3] or ""]))
        kind = ""
    return "/".join(parts)


def _value(kind: str, name: str) -> Any:
    if kind not in MODELS:
        return None
    try:
        model = apps.get_model(*MODELS[kind])
        model._meta.get_field("id" if name in ("id", "pk") else name)
    except (LookupError, FieldDoesNotExist):
        return None
    return model.objects.order_by("pk").values_list(name, flat=True).first()
