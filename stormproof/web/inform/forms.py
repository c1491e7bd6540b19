"""Forms of notices and of the status page."""

from __future__ import annotations

from typing import Any

from django import forms

from stormproof.core.document import read_duration, write_duration
from stormproof.inform.choices import Phase, Release
from stormproof.inform.models import StatusPage
from stormproof.inform.selectors import components


class Moment(forms.DateTimeField):
    """A moment in UTC, as browsers pick it."""

    def __init__(self, **more: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **more)


class Span(forms.CharField):
    """A length of time as in continuity.yaml: 30s, 15m, 4h."""

    def clean(self, value: Any) -> int:
        """Whole seconds."""
        text = super().clean(value)
        try:
            return int(read_duration(text))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class WriteForm(forms.Form):
    """The next version of a notice."""

    phase = forms.ChoiceField(choices=Phase.choices, label="How far we are")
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=2000,
        label="What customers read",
        help_text="What does not work, what still does, what they can do. No promise we cannot keep.",
    )
    affected = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="What it is about")
    estimate_from = Moment(required=False, label="Likely over from (UTC)")
    estimate_until = Moment(
        required=False, label="until (UTC)", help_text="Both empty: we do not know yet, and say so."
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["affected"].choices = [(line.name, line.name) for line in components()]  # type: ignore[attr-defined]


class PublishForm(forms.Form):
    """What is still asked when a notice goes out."""

    next_update_at = Moment(
        required=False,
        label="Next update by (UTC)",
        help_text="Customers read this moment, and are angry when it passes.",
    )


class SettingsForm(forms.Form):
    """The settings of the status page."""

    name = forms.CharField(required=False, max_length=120, label="Name", help_text="Empty: the name of the business.")
    contact = forms.CharField(
        required=False,
        max_length=200,
        label="How to reach a person",
        help_text="Shown on the page, for those who need help.",
    )
    publish = forms.ChoiceField(
        choices=Release.choices,
        label="Who lets the first notice out",
        help_text="A rule is faster at three in the morning; a person may know more.",
    )
    publish_after_seconds = Span(
        label="By rule: the incident has lasted",
        help_text="Such as 0s, 90s or 5m. Shorter outages are never published.",
    )
    up_to_severity = forms.TypedChoiceField(
        choices=[(1, "severity 1"), (2, "severity 1 and 2"), (3, "severity 1 to 3"), (4, "every severity")],
        coerce=int,
        label="By rule: which incidents",
    )
    update_every_seconds = Span(
        label="Promise the next update within", help_text="Such as 30m. By rule the update comes by itself."
    )

    def clean_update_every_seconds(self) -> int:
        """At least a minute."""
        seconds: int = self.cleaned_data["update_every_seconds"]
        if seconds < 60:
            raise forms.ValidationError("At least 1m: nobody can keep a shorter promise")
        return seconds

    @staticmethod
    def values_of(page: StatusPage) -> dict[str, Any]:
        """What the form shows at first."""
        return {
            "name": page.name,
            "contact": page.contact,
            "publish": page.publish,
            "publish_after_seconds": write_duration(page.publish_after_seconds),
            "up_to_severity": page.up_to_severity,
            "update_every_seconds": write_duration(page.update_every_seconds),
        }
