"""The form of a monitor: made from the fields its kind declares, judged by the kind's own shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml
from django import forms
from django.utils.text import slugify

from stormproof.business.selectors import nodes_in_use
from stormproof.core.document import write_duration
from stormproof.watch.kinds import KINDS, Kind, WrongSettings, read_settings
from stormproof.watch.kinds.kind import BASE_FIELDS, FormField
from stormproof.watch.models import Monitor
from stormproof.watch.selectors import monitors_in_use

SEALED = "sealed:"
REMOVE = "-"
AREAS = ("area", "lines", "pairs", "values", "yaml")


def key_of(path: str) -> str:
    """The name of the form field for a place in the settings."""
    return path.replace(".", "__")


class MonitorForm(forms.Form):
    """Settings of a monitor of one kind. `settings` is the parsed result once the form is valid."""

    settings: Any = None

    def __init__(self, kind: Kind, *args: Any, monitor: Monitor | None = None, **options: Any) -> None:
        self.kind, self.monitor = kind, monitor
        self._kept = dict(monitor.config) if monitor is not None else {}
        super().__init__(*args, **options)
        self.fields["name"] = forms.CharField(label="Name", max_length=200, required=monitor is None)
        nodes = [(node.slug, f"{node.name} ({node.kind})") for node in nodes_in_use()]
        self.fields["on"] = forms.ChoiceField(
            label="Looks at",
            choices=nodes,
            help_text="What is down when this is down: a function, an asset, a supplier.",
        )
        for field in kind.fields:
            self.fields[key_of(field.path)] = _field(field, is_kept=_at(self._kept, field.path) is not None)
        self.fields["tags"] = forms.CharField(
            label="Tags",
            required=False,
            help_text="Words to find it by and to plan maintenance for; spaces between.",
        )
        if kind.look is not None:
            self.fields["locations"] = forms.CharField(
                label="Looked at from",
                required=False,
                help_text="Names of places, spaces between; from all when empty.",
            )
            usual = write_duration(kind.shape.model_fields["every"].default)
            self.fields["every"] = forms.CharField(
                label="Every", initial=usual, help_text="How often it looks, such as 5s, 1m or 1h."
            )

    @property
    def declared(self) -> list[Any]:
        """The bound fields of the kind, in order."""
        return [self[key_of(field.path)] for field in self.kind.fields]

    def clean(self) -> dict[str, Any]:
        """Let the kind's shape judge what was typed; each problem goes to its field."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        data = self._common(cleaned)
        for field in self.kind.fields:
            try:
                self._put(data, field, cleaned.get(key_of(field.path)))
            except ValueError as error:
                self.add_error(key_of(field.path), str(error))
        if self.errors:
            return cleaned
        try:
            self.settings = read_settings(data)
        except WrongSettings as wrong:
            self.put_problems(wrong.problems)
        return cleaned

    def _common(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What every monitor says, whatever its kind."""
        data: dict[str, Any] = {"kind": self.kind.name, "on": cleaned["on"], "name": cleaned.get("name") or None}
        for key in ("tags", "locations"):
            if key in self.fields:
                data[key] = cleaned.get(key, "").lower().replace(",", " ").split()
        if cleaned.get("every"):
            data["every"] = _with_unit(cleaned["every"])
        if self.monitor is not None:
            data["paused"] = not self.monitor.enabled
        return data

    def put_problems(self, problems: list[tuple[str, str]]) -> None:
        """Put each problem at the field it is about."""
        for path, message in problems:
            places = [
                key_of(path),
                path.partition(".")[0],
                *(key_of(field.path) for field in self.kind.fields if path.startswith(field.path)),
            ]
            key = next((place for place in places if place in self.fields), None)
            self.add_error(key, message)

    def _put(self, data: dict[str, Any], field: FormField, typed: Any) -> None:
        value = _read(field, typed)
        if field.widget == "secret":
            value = None if value == REMOVE else value or _at(self._kept, field.path)
        if value is None:
            return
        *folders, name = field.path.split(".")
        place = data
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value


def _at(config: Mapping[str, Any], path: str) -> Any:
    """What the settings have at `path`, or None."""
    value: Any = config
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _with_unit(text: str) -> str:
    return f"{text.strip()}s" if text.strip().isdigit() else text.strip()


def _field(field: FormField, *, is_kept: bool) -> forms.Field:
    about: dict[str, Any] = {"label": field.label, "required": field.required, "help_text": field.help}
    attributes = {"placeholder": field.placeholder} if field.placeholder else {}
    if field.widget == "choice":
        return forms.ChoiceField(choices=[(choice, choice) for choice in field.choices], **{**about, "required": False})
    if field.widget == "yes":
        return forms.BooleanField(**{**about, "required": False}, initial=field.starts)
    if field.widget in AREAS:
        rows = {"area": 5, "yaml": 16}.get(field.widget, 3)
        return forms.CharField(widget=forms.Textarea(attrs={"rows": rows, **attributes}), **about)
    if field.widget == "secret" and is_kept:
        about |= {"required": False, "help_text": f"Leave empty to keep what is there{_or_remove(field)}. {field.help}"}
    return forms.CharField(widget=forms.TextInput(attrs={**attributes, "autocomplete": "off"}), **about)


def _or_remove(field: FormField) -> str:
    return "" if field.required else f", or write {REMOVE} to remove it"


def _read(field: FormField, typed: Any) -> Any:
    """What was typed as the settings say it; None leaves the setting out."""
    if field.widget == "yes":
        return bool(typed)
    text = str(typed or "").strip()
    if not text:
        return None
    if field.widget == "yaml":
        return read_yaml(text)
    if field.widget == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.widget in ("pairs", "values"):
        pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
        return {name.strip(): _scalar(value) if field.widget == "values" else value.strip() for name, _, value in pairs}
    return _scalar(text) if field.widget == "scalar" else text


def read_yaml(text: str) -> Any:
    """What a text in the form of continuity.yaml says; ValueError names the line that cannot be read."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem or 'this cannot be read'}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"this cannot be read: {error}") from error


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text.strip())
    except ValueError:
        return text.strip()
    return value if isinstance(value, str | int | float | bool | None) else text.strip()


def initial_of(monitor: Monitor) -> dict[str, Any]:
    """What the form shows of a monitor; sealed secrets stay sealed, those with a field of their own are left out."""
    found: dict[str, Any] = {"name": monitor.name, "on": monitor.node.slug, "every": f"{monitor.interval_seconds}s"}
    found["tags"] = " ".join(monitor.tags)
    found["locations"] = " ".join(monitor.locations)
    for field in KINDS[monitor.kind].fields:
        value = _at(monitor.config, field.path)
        if value is not None and not (field.widget == "secret" and str(value).startswith(SEALED)):
            found[key_of(field.path)] = _written(field, value)
    return found


def prefilled(kind: Kind, query: Mapping[str, str]) -> dict[str, Any]:
    """What an address says of a new monitor: `?on=checkout&url=...`."""
    named = {key_of(field.path): query[field.path] for field in kind.fields if field.path in query}
    return {"on": query.get("on", ""), "name": query.get("name", ""), **named}


def _written(field: FormField, value: Any) -> Any:
    if field.widget == "yaml":
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    if field.widget == "lines":
        return "\n".join([value] if isinstance(value, str) else value)
    if field.widget == "pairs":
        return "\n".join(f"{name}: {said}" for name, said in value.items())
    if field.widget == "values":
        return "\n".join(f"{name}: {json.dumps(said)}" for name, said in value.items())
    return json.dumps(value) if field.widget == "scalar" and not isinstance(value, str) else value


def stored_settings(monitor: Monitor) -> dict[str, Any]:
    """The settings as stored, secrets sealed: what an undo gives back."""
    data = {key: value for key, value in monitor.config.items() if key not in BASE_FIELDS}
    data |= {"kind": monitor.kind, "on": monitor.node.slug, "name": monitor.name, "paused": not monitor.enabled}
    data["tags"] = monitor.tags
    if KINDS[monitor.kind].look is not None:
        data["every"] = f"{monitor.interval_seconds}s"
        data["locations"] = monitor.locations
    return data


def free_slug(name: str) -> str:
    """An identifier for a new monitor made from its name."""
    stem = slugify(name)[:50].strip("-") or "monitor"
    taken = set(monitors_in_use().filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{number}" for number in range(2, 10_000))) if slug not in taken)
