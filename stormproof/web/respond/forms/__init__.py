"""Forms of incidents."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms

from stormproof.business.models import Node
from stormproof.business.selectors import functions_in_use, nodes_in_use
from stormproof.core.document import read_duration
from stormproof.people.models import User
from stormproof.respond.choices import WRITTEN_BY_PEOPLE, EntryKind, IncidentRole
from stormproof.respond.rules.routing import Matcher, read_matchers
from stormproof.respond.selectors import people_for_role, severity_matrix


def severities() -> list[tuple[str, str]]:
    """The levels of the matrix as choices."""
    return [(str(one.level), f"{one.level} · {one.name}") for one in severity_matrix()]


def people() -> Any:
    """Everybody who can be given something to do."""
    return User.objects.filter(is_active=True).order_by("name", "email")


class DeclareForm(forms.Form):
    """What a person sees before the monitors do."""

    title = forms.CharField(max_length=200, label="What is wrong?", help_text="As you would say it on the phone.")
    functions = forms.ModelMultipleChoiceField(
        queryset=Node.objects.none(),
        required=False,
        label="What customers cannot do",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        help_text="Severity, money and clock follow from this.",
    )
    root = forms.ModelChoiceField(
        queryset=Node.objects.none(), required=False, label="Cause, if known", help_text="Its team is paged."
    )
    severity = forms.ChoiceField(choices=(), required=False)
    is_private = forms.BooleanField(
        required=False, label="Private", help_text="Only responders see it; nothing is told outside."
    )

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["functions"].queryset = functions_in_use()  # type: ignore[attr-defined]
        self.fields["root"].queryset = nodes_in_use()  # type: ignore[attr-defined]
        self.fields["severity"].choices = [("", "From the functions hit"), *severities()]  # type: ignore[attr-defined]


class SeverityForm(forms.Form):
    """Another severity and why."""

    severity = forms.ChoiceField(choices=())
    reason = forms.CharField(max_length=200, label="Why?")

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["severity"].choices = severities()  # type: ignore[attr-defined]


class HandOverForm(forms.Form):
    """Who commands from now on."""

    to = forms.ModelChoiceField(queryset=User.objects.none(), label="To")

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["to"].queryset = people()  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """What somebody saw or decided."""

    text = forms.CharField(
        max_length=5000, label="Note", widget=forms.Textarea(attrs={"rows": 2}), help_text="What you saw or decided."
    )
    kind = forms.ChoiceField(
        choices=[(kind.value, kind.label) for kind in WRITTEN_BY_PEOPLE], required=False, initial="note", label="Kind"
    )
    is_pinned = forms.BooleanField(required=False, label="Keep at the top")

    def clean_kind(self) -> str:
        """A note when nothing was chosen."""
        return str(self.cleaned_data["kind"] or EntryKind.NOTE)


class EntryForm(forms.Form):
    """A line of the timeline in better words."""

    text = forms.CharField(max_length=5000, label="Text", widget=forms.Textarea(attrs={"rows": 4}))


class MitigateForm(forms.Form):
    """Why customers are no longer hit."""

    reason = forms.CharField(max_length=500, label="Why are customers no longer hit?")


class RoleForm(forms.Form):
    """Who takes a role; the choices say who is trained for it."""

    person = forms.ChoiceField(choices=(), label="Who")
    is_deputy = forms.BooleanField(required=False, label="As deputy", help_text="Stands in for the holder.")

    def __init__(self, *arguments: Any, role: str, today: date, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        found = people_for_role(role, today=today)
        self.people = {str(user.pk): user for user, _ in found}
        choices = [(str(user.pk), f"{user} ({training})") for user, training in found]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]

    def clean_person(self) -> User:
        """The person behind the choice."""
        return self.people[self.cleaned_data["person"]]


class QualificationForm(forms.Form):
    """Who is trained for what."""

    person = forms.ModelChoiceField(queryset=User.objects.none(), label="Who")
    role = forms.ChoiceField(choices=IncidentRole.choices)
    trained_on = forms.DateField(label="Trained on", widget=forms.DateInput(attrs={"type": "date"}))
    expires_on = forms.DateField(
        required=False, label="Good until", widget=forms.DateInput(attrs={"type": "date"}), help_text="Empty: for good."
    )

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["person"].queryset = people()  # type: ignore[attr-defined]


class TaskForm(forms.Form):
    """Something somebody should do."""

    title = forms.CharField(max_length=200, label="Task")
    assignee = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Who", empty_label="Nobody yet"
    )
    due_in = forms.CharField(
        required=False, max_length=10, label="Due in", help_text="Such as 30m or 2h; a reminder goes out then."
    )

    def clean_due_in(self) -> float | None:
        """The seconds, None when it was left empty."""
        return seconds_in(self.cleaned_data["due_in"])


class ResolveForm(forms.Form):
    """What ended it."""

    reason = forms.CharField(max_length=500, label="What ended it?")
    despite_red = forms.BooleanField(required=False, label="Resolve although monitors are still red")


class IntegrationForm(forms.Form):
    """What an integration is called, and what its alerts are about."""

    name = forms.CharField(max_length=120, label="Name", help_text="As your people call the system.")
    node = forms.ModelChoiceField(
        queryset=Node.objects.none(),
        label="Alerts are about",
        help_text="When nothing below fits, and no label `node` or `service` names a node. Its team is paged.",
    )
    nodes = forms.CharField(
        required=False,
        label="Which label means which node",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "job = pay*|card -> psp-a"}),
        help_text="One a line: label = value -> node. A * stands for anything, a | between alternatives.",
    )
    fields_text = forms.CharField(
        required=False,
        label="Which part of the body is what",
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "name = alert.title\nseverity = alert.level"}),
        help_text="One a line: field = path. Fields: items, name, key, severity, status, service, summary, link, "
        "labels.",
    )
    rate_per_minute = forms.IntegerField(
        min_value=1, max_value=600_000, initial=6000, label="At most a minute", help_text="More is refused with 429."
    )
    is_enabled = forms.BooleanField(required=False, initial=True, label="May deliver")

    def __init__(self, *arguments: Any, has_fields: bool = False, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["node"].queryset = nodes_in_use()  # type: ignore[attr-defined]
        if not has_fields:
            del self.fields["fields_text"]

    def clean_nodes(self) -> list[dict[str, str]]:
        """The lines as label, value and node."""
        return [_line_of(line) for line in self.cleaned_data["nodes"].splitlines() if line.strip()]

    def clean_fields_text(self) -> dict[str, str]:
        """The lines as a mapping."""
        pairs = [line.partition("=") for line in self.cleaned_data["fields_text"].splitlines() if line.strip()]
        if wrong := [name for name, equals, _ in pairs if not equals]:
            raise forms.ValidationError(f"“{wrong[0]}” should be field = path.")
        return {name.strip(): path.strip() for name, _, path in pairs}


def _line_of(line: str) -> dict[str, str]:
    match = re.fullmatch(r"\s*(\S+)\s*=\s*(.+?)\s*->\s*(\S+)\s*", line)
    if match is None:
        raise forms.ValidationError(f"“{line[:80]}” should be label = value -> node.")
    return {"label": match[1], "value": match[2], "node": match[3]}


class SilenceForm(forms.Form):
    """What tells nobody, until when, and why."""

    matchers = forms.CharField(
        label="Alerts with",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "service = checkout\nseverity != critical"}),
        help_text="One a line, all must hold: = and != compare; ~ and !~ take * and |. Labels: alertname, "
        "service, source, severity, node, and the sender's own.",
    )
    lasts = forms.CharField(initial="2h", label="For", help_text="As 30m, 2h, 3d.")
    reason = forms.CharField(max_length=300, label="Why?", help_text="Whoever misses the alert will read it.")
    repeats = forms.ChoiceField(
        choices=[("", "Once"), ("daily", "Every day at this time"), ("weekly", "Every week at this time")],
        required=False,
    )

    def clean_matchers(self) -> list[Matcher]:
        """The lines as matchers."""
        try:
            return read_matchers(self.cleaned_data["matchers"])
        except ValueError as error:
            raise forms.ValidationError(f"{error}") from error

    def clean_lasts(self) -> float:
        """The time in seconds."""
        try:
            return read_duration(self.cleaned_data["lasts"])
        except ValueError as error:
            raise forms.ValidationError(f"{error}") from error


def seconds_in(text: str) -> float | None:
    """The seconds that `text` says, None when it is empty; a wrong one is an error at its field."""
    try:
        return read_duration(text.strip()) if text.strip() else None
    except ValueError as error:
        raise forms.ValidationError(str(error)) from error
