"""Forms of incidents."""

from __future__ import annotations

from typing import Any

from django import forms

from stormproof.business.models import Node
from stormproof.business.selectors import functions_in_use, nodes_in_use
from stormproof.people.models import User

SEVERITIES = [
    ("1", "1 · the shop earns nothing"),
    ("2", "2 · an important part is down"),
    ("3", "3 · something customers notice"),
    ("4", "4 · nobody notices yet"),
]


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
    severity = forms.ChoiceField(choices=[("", "From the functions hit"), *SEVERITIES], required=False)
    is_private = forms.BooleanField(
        required=False, label="Private", help_text="Only responders see it; nothing is told outside."
    )

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["functions"].queryset = functions_in_use()  # type: ignore[attr-defined]
        self.fields["root"].queryset = nodes_in_use()  # type: ignore[attr-defined]


class SeverityForm(forms.Form):
    """Another severity and why."""

    severity = forms.ChoiceField(choices=SEVERITIES)
    reason = forms.CharField(max_length=200, label="Why?")


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
    is_pinned = forms.BooleanField(required=False, label="Keep at the top")


class TaskForm(forms.Form):
    """Something somebody should do."""

    title = forms.CharField(max_length=200, label="Task")
    assignee = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Who", empty_label="Nobody yet"
    )

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["assignee"].queryset = people()  # type: ignore[attr-defined]


class ResolveForm(forms.Form):
    """What ended it."""

    reason = forms.CharField(max_length=500, label="What ended it?")
    despite_red = forms.BooleanField(required=False, label="Resolve although monitors are still red")
