"""The JSON Schema of continuity.yaml, made from the shapes of the sections that are registered."""

from __future__ import annotations

import json
import re
from typing import Any

from stormproof.business.document.checking import VERSION, adapter_of
from stormproof.core.document import Section, sections


def document_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) for editors and other tools; each section's definitions carry its key as prefix."""
    properties: dict[str, Any] = {"version": {"const": VERSION, "description": "The version of this format."}}
    definitions: dict[str, Any] = {}
    for section in sections():
        part = adapter_of(section).json_schema(ref_template=f"#/$defs/{section.key}.{{model}}")
        for name, definition in part.pop("$defs", {}).items():
            definitions[f"{section.key}.{name}"] = definition
        properties[section.key] = {"description": _about(section), **_or_nothing(part)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "continuity.yaml",
        "description": "What a shop consists of and how it is kept running, for Stormproof.",
        "type": "object",
        "required": ["version"],
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def _about(section: Section) -> str:
    """What a section says: its own words, else the first line of its docstring."""
    words = getattr(section, "about", "") or (type(section).__doc__ or "").partition("\n")[0]
    plain = re.sub(r"^`\w+`: ", "", words)
    return plain[:1].upper() + plain[1:]


def _or_nothing(part: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [part, {"type": "null"}]}


def schema_text() -> str:
    """The schema as indented JSON."""
    return json.dumps(document_schema(), indent=2) + "\n"
