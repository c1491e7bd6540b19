"""Forms of reviews."""

from __future__ import annotations

from typing import Any

from django import forms

from stormproof.people.models import User
from stormproof.review.choices import Gate, LessonKind, Priority
from stormproof.review.models import Cause, PostIncidentReview


def _people() -> Any:
    return User.objects.filter(is_active=True).order_by("name", "email")


def _text(label: str, help_text: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(required=False, max_length=20_000, label=label, help_text=help_text, widget=widget)


class WordsForm(forms.Form):
    """What happened and why."""

    summary = _text("Summary", "Two sentences somebody who was not there understands.")
    root_cause = _text("Root cause", "What had to be different for this not to happen.")
    contributing_factors = _text("Contributing factors", "What made it more likely, longer or dearer. No blame.")
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Written by", empty_label="Nobody"
    )

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["owner"].queryset = _people()  # type: ignore[attr-defined]


class LessonForm(forms.Form):
    """One lesson."""

    kind = forms.ChoiceField(choices=LessonKind.choices, label="It")
    text = forms.CharField(max_length=2000, label="Lesson", widget=forms.Textarea(attrs={"rows": 2}))


class ActionForm(forms.Form):
    """What somebody does by a date."""

    title = forms.CharField(max_length=200, label="Action")
    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Owner", empty_label="Choose a person")
    priority = forms.ChoiceField(choices=Priority.choices, initial=Priority.MEDIUM)
    due_on = forms.DateField(label="By", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["owner"].queryset = _people()  # type: ignore[attr-defined]


class WhysForm(forms.Form):
    """Five whys, an answer a line."""

    whys = forms.CharField(
        required=False,
        max_length=4000,
        label="Answers, one a line",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Each answers why the line above it was so.",
    )


class CauseForm(forms.Form):
    """One place of the fault tree."""

    text = forms.CharField(max_length=200, label="What happened")
    gate = forms.ChoiceField(choices=Gate.choices, label="It came from")
    parent = forms.ModelChoiceField(
        queryset=Cause.objects.none(), required=False, label="Beneath", empty_label="Nothing: it is the top"
    )

    def __init__(self, *arguments: Any, review: PostIncidentReview, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["parent"].queryset = review.causes.exclude(gate=Gate.BASIC)  # type: ignore[attr-defined]
