"""The reference page of continuity.yaml, made from its JSON Schema."""

from __future__ import annotations

from typing import Any

from stormproof.business.document.schema import document_schema

INTRODUCTION = """\
The whole business as one file. Every map is from a name (small letters, digits, hyphens) to its fields; an unknown
field is refused. Lengths of time are written `30s`, `15m`, `4h`, `2d`; percentages `50%`; money `350k`, `1.2M` or a
number. The words are those of YAML 1.2, so `on` is a name; anchors, aliases and tags are refused. A section that is
left out stays as it is; an empty one (`assets: {}`) takes everything of it out of use.

For an editor that completes and checks as you type, put this on the first line (with your installation's address):

    # yaml-language-server: $schema=http://127.0.0.1:8000/schema/continuity.json

`stormproof schema` prints the same schema. [Model your shop](../guides/model-your-shop.md) shows how it is used.
"""


def schema_reference() -> str:
    """The reference page of the format, made from the schema: each section with its fields."""
    schema = document_schema()
    shown: list[dict[str, Any]] = []
    lines = [
        "# continuity.yaml",
        "",
        INTRODUCTION,
    ]
    for key, part in schema["properties"].items():
        lines += [f"## {key}", "", _sentence(part.get("description", "")), ""]
        if "anyOf" in part:
            lines += _tables(part["anyOf"][0], schema, shown)
    return "\n".join(lines).rstrip() + "\n"


def _tables(part: dict[str, Any], schema: dict[str, Any], shown: list[dict[str, Any]]) -> list[str]:
    """The tables of a shape and of the shapes inside it, each once."""
    lines: list[str] = []
    for name, shape in _shapes(part, schema):
        if shape in shown or "properties" not in shape:
            continue
        shown.append(shape)
        if name:
            section, _, model = name.partition(".")
            lines += [f"### {model.removesuffix('Shape')} (in {section})", ""]
            lines += [_sentence(shape.get("description", "").partition("\n\n")[0]), ""]
        lines += ["| field | is | |", "|---|---|---|"]
        required = set(shape.get("required", ()))
        for field, about in shape["properties"].items():
            must = " (must be there)" if field in required else ""
            lines.append(f"| `{field}` | {_type_words(about, schema)} | {_cell(about.get('description', ''))}{must} |")
        lines.append("")
        for about in shape["properties"].values():
            lines += _tables(about, schema, shown)
    return lines


def _shapes(part: dict[str, Any], schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The objects with fields that a part of the schema leads to, with their names."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return [(name, schema["$defs"][name])]
    if "properties" in part:
        return [("", part)]
    inner = [*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("patternProperties", {}).values()]
    inner += [value for value in (part.get("items"), part.get("additionalProperties")) if isinstance(value, dict)]
    return [found for one in inner for found in _shapes(one, schema)]


def _type_words(about: dict[str, Any], schema: dict[str, Any]) -> str:
    """What may stand there, in a few words."""
    if "$ref" in about:
        about = schema["$defs"][about["$ref"].rpartition("/")[2]]
    if "const" in about or "enum" in about:
        return ", ".join(f"`{value}`" for value in about.get("enum", [about.get("const")]))
    options = [one for one in (*about.get("anyOf", ()), *about.get("oneOf", ())) if one.get("type") != "null"]
    if options:
        return " or ".join(dict.fromkeys(_type_words(one, schema) for one in options))
    if about.get("examples"):
        return " or ".join(f"`{value}`" for value in about["examples"][:2])
    if about.get("type") == "array":
        return f"list of {_type_words(about.get('items', {}), schema)}"
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "`true` or `false`",
        "object": "map",
    }
    return names.get(str(about.get("type")), "map" if "properties" in about else "any value")


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return _sentence(text).replace("|", "\\|")
