"""Writes plain data as a continuity.yaml: short lists in one line, no quotes that are not needed, stable order."""

from __future__ import annotations

import re
from typing import Any

import yaml

from stormproof.business.document.reading import _FLOAT, _INT, _WORDS

_PLAIN_LIST = 8


class _Dumper(yaml.SafeDumper):
    """Plain words stay plain under YAML 1.2: `on` is a key like any other."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def ignore_aliases(self, data: Any) -> bool:
        """Values are always written out."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """List items stand two columns in from their key."""
        super().increase_indent(flow, False)


def _list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flat = all(not isinstance(item, dict | list) for item in data)
    numbers = flat and all(isinstance(item, int | float) for item in data)
    return dumper.represent_sequence(
        "tag:yaml.org,2002:seq", data, flow_style=flat and (numbers or len(data) <= _PLAIN_LIST)
    )


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = "|" if "\n" in data and not re.search(r"[ \t]\n|^[ \t\n]", data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)
for _tag, _pattern, _first in (
    (
        "tag:yaml.org,2002:null",
        re.compile("^(?:{})$".format("|".join(re.escape(w) for w, v in _WORDS.items() if v is None))),
        None,
    ),
    ("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("tag:yaml.org,2002:int", _INT, list("-+0123456789")),
    ("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789.")),
):
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)


def write_text(data: dict[str, Any]) -> str:
    """`data` as YAML, one blank line before each top-level key; `read_tree` gives back equal data."""
    parts = [
        yaml.dump(_with_numbers({key: value}), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
        for key, value in data.items()
    ]
    return "\n".join(parts)


def _with_numbers(data: Any) -> Any:
    """`data` with keys such as `11` as numbers, so that they need no quotes; keys are read as words anyway."""
    if isinstance(data, dict):
        return {
            int(k) if k.isascii() and k.isdigit() and len(k) < 10 and str(int(k)) == k else k: _with_numbers(v)
            for k, v in data.items()
        }
    return [_with_numbers(item) for item in data] if isinstance(data, list) else data
