"""The difference between a document and the database: what would be added, changed and removed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from stormproof.business.document.checking import VERSION, hide_passwords, in_file_form
from stormproof.business.document.writing import write_text
from stormproof.core.document import Section, sections

Action = Literal["add", "change", "remove"]
SIGNS: Mapping[Action, str] = {"add": "+", "change": "~", "remove": "-"}


@runtime_checkable
class ConnectedSection(Protocol):
    """A section whose things need things of other sections: connected once all are there, retired after that."""

    connect: Any
    retire: Any


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field of an entry: before and after as the file would say it; None is absent."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that would be added, changed or removed: `functions.checkout`, or a whole section such as `revenue`."""

    action: Action
    section: str
    name: str
    fields: list[FieldChange] = field(default_factory=list)

    @property
    def path(self) -> str:
        """`functions.checkout`, or the section's key alone."""
        return f"{self.section}.{self.name}" if self.name else self.section

    @property
    def sign(self) -> str:
        """`+`, `~` or `-`."""
        return SIGNS[self.action]


@dataclass(frozen=True)
class Plan:
    """What applying a document would do, in the order in which sections are applied."""

    entries: list[Entry] = field(default_factory=list)

    def count(self, action: Action) -> int:
        """How many things would be added, changed or removed."""
        return sum(entry.action == action for entry in self.entries)

    @property
    def summary(self) -> str:
        """One sentence: what would be done."""
        if not self.entries:
            return "No changes: the business is as the file says."
        return f"{self.count('add')} to add, {self.count('change')} to change, {self.count('remove')} to remove."

    @property
    def sections(self) -> list[str]:
        """The keys of the sections that change."""
        return list(dict.fromkeys(entry.section for entry in self.entries))

    def as_data(self) -> dict[str, Any]:
        """The plan as JSON-able data, passwords hidden."""
        counts = {"add": self.count("add"), "change": self.count("change"), "remove": self.count("remove")}
        found: dict[str, Any] = json.loads(hide_passwords(json.dumps([asdict(entry) for entry in self.entries])))
        return {"changes": bool(self.entries), **counts, "entries": found, "fingerprint": self.fingerprint}

    @property
    def fingerprint(self) -> str:
        """Equal for equal plans: whoever was shown a plan can ask that exactly this one is carried out."""
        text = json.dumps([asdict(entry) for entry in self.entries], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def plan_document(values: Mapping[str, Any]) -> Plan:
    """What applying these validated sections would change. A section the file leaves out stays as it is."""
    entries: list[Entry] = []
    for section in sections():
        if section.key in values:
            before = stored_in_file_form(section)
            after = in_file_form(section, values[section.key])
            entries += _entries(section.key, before, after)
    return Plan(entries)


def stored_in_file_form(section: Section) -> Any:
    """A section as it is stored, in the normal form; an empty map when there is nothing."""
    stored = section.read()
    return {} if stored is None else in_file_form(section, stored)


def export_document() -> str:
    """The whole database as a continuity.yaml; applying it changes nothing."""
    found: dict[str, Any] = {"version": VERSION}
    for section in sections():
        data = stored_in_file_form(section)
        if data:
            found[section.key] = data
    return write_text(found)


def _entries(key: str, before: Any, after: Any) -> Iterable[Entry]:
    if before == after:
        return
    is_map = all(isinstance(value, dict) for side in (before, after) for value in side.values())
    if not is_map:
        action: Action = "change" if before and after else "add" if after else "remove"
        yield Entry(action=action, section=key, name="", fields=list(_fields("", before, after)))
        return
    for name in [*after, *(name for name in before if name not in after)]:
        if name not in before:
            yield Entry(action="add", section=key, name=name, fields=list(_fields("", {}, after[name])))
        elif name not in after:
            yield Entry(action="remove", section=key, name=name, fields=list(_fields("", before[name], {})))
        elif before[name] != after[name]:
            yield Entry(action="change", section=key, name=name, fields=list(_fields("", before[name], after[name])))


def _fields(path: str, before: Any, after: Any) -> Iterable[FieldChange]:
    if isinstance(before, dict | None) and isinstance(after, dict | None) and (before or after):
        before, after = before or {}, after or {}
        for name in [*after, *(name for name in before if name not in after)]:
            if before.get(name) != after.get(name):
                inner = f"{path}.{name}" if path else str(name)
                yield from _fields(inner, before.get(name), after.get(name))
    else:
        yield FieldChange(field=path, before=before, after=after)
