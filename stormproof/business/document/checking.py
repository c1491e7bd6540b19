"""Checks a continuity.yaml by the sections that are registered: every problem at once, each with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stormproof.business.document.reading import Path, Tree, Unreadable, read_tree
from stormproof.core.document import Known, Problem, Section, sections

VERSION = 1
MOST_FINDINGS = 200
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):([^@\s]+)(?=@)")
_TOKEN = re.compile(r"\b(Bearer|Basic|Token) +[\w.~+/=-]{4,}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong: where, what stands there, why it cannot be, and the way out."""

    line: int  # from 1; 0 when the fault is in no line of the file
    field: str  # `functions.checkout.objectives.rto`
    value: str  # what stands there, shortened and without passwords; empty when it has no single value
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.field + ': ' if self.field else ''}{self.message}{f' ({self.hint})' if self.hint else ''}"


@dataclass(frozen=True)
class Checked:
    """A document after the checks: `values` holds the validated value of each section the file has."""

    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _Lenient(Known):
    """Knows also what stands in sections that have faults of their own, so that one fault is told once."""

    doubtful: frozenset[str] = frozenset()

    def has(self, kind: str, name: str) -> bool:
        return name in self.doubtful or super().has(kind, name)


def adapter_of(section: Section) -> TypeAdapter[Any]:
    """The pydantic adapter of a section's shape."""
    return TypeAdapter(section.shape)


def in_file_form(section: Section, value: Any) -> Any:
    """A section's value as plain data in one normal form: durations and percentages as words, defaults left out."""
    adapter = adapter_of(section)
    return adapter.dump_python(
        adapter.validate_python(value), mode="json", exclude_none=True, exclude_defaults=True, by_alias=True
    )


def check_document(source: bytes | str) -> Checked:
    """Read and check a whole document. A section the file leaves out counts as it is stored; nothing is changed."""
    try:
        tree = read_tree(source)
    except Unreadable as error:
        finding = Finding(line=error.line, field="", value="", message=error.message, hint=error.hint)
        return Checked(findings=[finding])
    if not isinstance(tree.data, dict):
        message = "a continuity.yaml is a map of sections" if tree.data is not None else "the file is empty"
        return Checked(
            findings=[Finding(line=1, field="", value="", message=message, hint="it begins with: version: 1")]
        )
    problems = list(_check_top(tree.data))
    values: dict[str, Any] = {}
    doubtful: set[str] = set()
    for section in sections():
        if section.key not in tree.data:
            continue
        raw = {} if tree.data[section.key] is None else tree.data[section.key]
        try:
            values[section.key] = adapter_of(section).validate_python(raw)
        except ValidationError as error:
            problems += _shape_problems(section, raw, error)
            doubtful |= set(raw) if isinstance(raw, dict) else set()
    problems += _cross_check(values, doubtful, left_out=set(tree.data))
    findings = _located(problems, tree)
    return Checked(values=values if not findings else {}, findings=findings[:MOST_FINDINGS])


def _check_top(data: Mapping[str, Any]) -> Iterable[Problem]:
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        yield Problem(
            ("version",),
            f"the version is {version!r}" if "version" in data else "the version is missing",
            f"write: version: {VERSION}",
        )
    known = [section.key for section in sections()]
    for key in data:
        if key != "version" and key not in known:
            yield Problem((key,), f"there is no section {key!r}", _close(key, known, "sections"))


def _cross_check(values: Mapping[str, Any], doubtful: set[str], *, left_out: set[str]) -> list[Problem]:
    """What the sections say about each other; those the file does not have are taken from the database."""
    whole = dict(values)
    for section in sections():
        if section.key not in left_out and (stored := section.read()) is not None:
            whole[section.key] = adapter_of(section).validate_python(stored)
    present = [section for section in sections() if section.key in whole]
    names = frozenset(name for section in present for name in section.names(whole[section.key]))
    known = _Lenient(names=names, document=whole, doubtful=frozenset(doubtful))
    return [problem for section in present for problem in section.check(whole[section.key], known)]


def _shape_problems(section: Section, raw: Any, error: ValidationError) -> Iterable[Problem]:
    schema = adapter_of(section).json_schema()
    for fault in error.errors(include_url=False):
        where = [part for part in fault["loc"] if part != "[key]"]
        path = _path_in(raw, where)
        if fault["type"] == "extra_forbidden":
            name = str(where[-1])
            fields = _fields_at(schema, path[:-1])
            yield Problem((section.key, *path), f"unknown field {name!r}", _close(name, fields, "fields here"))
        elif fault["type"] == "missing":
            yield Problem((section.key, *path), f"{where[-1]!r} is missing", f"add {where[-1]}: to it")
        else:
            yield Problem((section.key, *path), _in_words(fault), _way_out(fault))


def _in_words(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "string_pattern_mismatch":
        return f"{fault['input']!r} is no name: use small letters, digits and hyphens"
    return message if fault["type"] == "value_error" else message[:1].lower() + message[1:]


def _way_out(fault: Any) -> str:
    if fault["type"] == "string_type" and isinstance(fault["input"], int | float | bool):
        return f'put it in quotes: "{fault["input"]}"'
    return ""


def _path_in(raw: Any, loc: Sequence[str | int]) -> Path:
    """The part of a pydantic location that the data really has: union tags and missing fields are left out."""
    path: list[str | int] = []
    here = raw
    for part in loc:
        if isinstance(here, dict) and str(part) in here:
            here = here[str(part)]
            path.append(str(part))
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            path.append(part)
    return tuple(path)


def _fields_at(schema: Mapping[str, Any], path: Path) -> list[str]:
    """The fields that a section's JSON Schema allows at `path`."""
    here = [schema]
    for part in path:
        here = [inner for one in here for inner in _inner(_resolve(schema, one), part)]
    resolved = [option for one in here for option in _options(schema, _resolve(schema, one))]
    return sorted({name for one in resolved for name in one.get("properties", {})})


def _resolve(schema: Mapping[str, Any], one: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = one.get("$ref", "")
    found: Mapping[str, Any] = schema.get("$defs", {}).get(reference.rpartition("/")[2], {}) if reference else one
    return found


def _options(schema: Mapping[str, Any], one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    alternatives = [*one.get("anyOf", []), *one.get("oneOf", [])]
    return [_resolve(schema, option) for option in alternatives] or [one]


def _inner(one: Mapping[str, Any], part: str | int) -> list[Mapping[str, Any]]:
    options = [one, *one.get("anyOf", []), *one.get("oneOf", [])]
    found = []
    for option in options:
        if isinstance(part, int):
            found.append(option.get("items"))
        else:
            found += [option.get("properties", {}).get(part), option.get("additionalProperties")]
            found += list(option.get("patternProperties", {}).values())
    return [inner for inner in found if isinstance(inner, Mapping)]


def _close(name: str, allowed: Sequence[str], what: str) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"the {what} are: {', '.join(allowed)}" if allowed else ""


def _located(problems: Iterable[Problem], tree: Tree) -> list[Finding]:
    found = {
        Finding(
            line=tree.line_of(problem.path) if problem.path and problem.path[0] in tree.data else 0,
            field=".".join(map(str, problem.path)),
            value=_shown(tree.data, problem.path),
            message=hide_passwords(problem.message),
            hint=hide_passwords(problem.hint),
        ): None
        for problem in problems
    }
    return sorted(found, key=lambda finding: (not finding.line, finding.line))  # the file's own lines first


def _shown(data: Any, path: Path) -> str:
    here = data
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return ""
    if isinstance(here, dict | list) or here is None:
        return ""
    text = hide_passwords(str(here))
    return text if len(text) <= 80 else f"{text[:77]}..."


def hide_passwords(text: str) -> str:
    """`text` with dots for the password of every `scheme://user:password@host` and for tokens (`Bearer ...`)."""
    return _TOKEN.sub(r"\1 ···", _PASSWORD.sub(r"\1:···", text))
