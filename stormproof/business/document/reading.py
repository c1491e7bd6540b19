"""Reads a continuity.yaml into plain data that remembers its lines; safe for any bytes.

Size, depth and the number of values are bounded. It reads the YAML 1.2 core schema, so `on` is a word and `12:30` is
text. Tags, anchors and aliases are refused: a file of ten lines cannot become a million values, and nothing in it can
name code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST_BYTES = 2_000_000
MOST_VALUES = 200_000
DEEPEST = 24
Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"^[-+]?[0-9]{1,18}$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?$")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


class Unreadable(Exception):
    """The text is no document; `line` counts from 1 and is 0 when it has none."""

    def __init__(self, message: str, *, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.hint = message, line, hint


@dataclass(frozen=True)
class Tree:
    """Plain data and the line on which each path of it begins."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it that the text has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def read_tree(source: bytes | str) -> Tree:
    """The data of a YAML text with its lines; raises `Unreadable` naming the line of the first fault."""
    text = _decode(source)
    try:
        builder = _Builder(_LOADER(text))
        return Tree(builder.document(), builder.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(f"this is not YAML: {error.problem or error.context}", line=_line(mark)) from error
    except yaml.YAMLError as error:
        raise Unreadable(f"this is not YAML: {str(error).splitlines()[0]}") from error


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 0


def _decode(source: bytes | str) -> str:
    if len(source) > LARGEST_BYTES:
        raise Unreadable(
            f"the file has more than {LARGEST_BYTES:,} bytes",
            hint="a continuity.yaml is a few hundred lines",
        )
    if isinstance(source, str):
        return source
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise Unreadable("the file is not UTF-8 text", line=line, hint="save it as UTF-8") from error


class _Builder:
    """Makes data from parser events, one level of Python recursion per level of the document."""

    def __init__(self, loader: Any) -> None:
        self.events: Iterator[Any] = iter(loader.get_event, None)
        self.lines: dict[Path, int] = {}
        self.left = MOST_VALUES

    def document(self) -> Any:
        """The one document of the stream."""
        found: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found:
                    raise Unreadable("there is a second document after ---", line=_line(event.start_mark))
                found.append(self._value(next(self.events), ()))
            if isinstance(event, yaml.StreamEndEvent):
                break
        return found[0] if found else None

    def _value(self, event: Any, path: Path) -> Any:
        line = event.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.left -= 1
        if self.left < 0:
            raise Unreadable(f"the file holds more than {MOST_VALUES:,} values", line=line)
        if len(path) > DEEPEST:
            raise Unreadable(f"the file is nested more than {DEEPEST} levels deep", line=line)
        _refuse_magic(event, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return _scalar(event)

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = event.start_mark.line + 1
            _refuse_magic(event, line)
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable("a key is a list or a map; keys are words", line=line)
            key = event.value
            if key in found:
                first = self.lines[(*path, key)]
                raise Unreadable(
                    f"{key!r} stands twice here, first on line {first}", line=line, hint="rename or remove one of them"
                )
            self.lines[(*path, key)] = line
            found[key] = self._value(next(self.events), (*path, key))
        return found

    def _sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._value(event, (*path, len(found))))
        return found


def _refuse_magic(event: Any, line: int) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise Unreadable(
            f"anchors and aliases are not read here (&{event.anchor} / *{event.anchor})",
            line=line,
            hint="write the value out",
        )
    if getattr(event, "tag", None):
        raise Unreadable(f"the tag {event.tag} is not read here", line=line, hint="remove the tag")


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block of text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text) and math.isfinite(float(text)):
        return float(text)
    return text
