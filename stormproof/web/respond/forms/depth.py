"""Forms of legal clocks, of what incidents have to do with others, and of updates to audiences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from stormproof.people.models import User
from stormproof.respond.choices import LinkKind
from stormproof.respond.models import Incident
from stormproof.respond.selectors import legal_duties
from stormproof.web.respond.forms import people, seconds_in


def _moment_field(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=f"{label} (UTC)", widget=widget)


class StartClocksForm(forms.Form):
    """Which laws' clocks run, and from when."""

    laws = forms.MultipleChoiceField(
        choices=(),
        label="What may be concerned",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    aware_at = _moment_field("Aware since")
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label="Who sees to it", empty_label="The commander"
    )

    def __init__(self, *arguments: Any, at: datetime, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["aware_at"].initial = at
        words = {"gdpr": "Personal data (GDPR)", "nis2": "An essential service (NIS2)", "cards": "Card data"}
        laws = dict.fromkeys(duty.law for duty in legal_duties())
        self.fields["laws"].choices = [(law, words.get(law, law)) for law in laws]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = people()  # type: ignore[attr-defined]


class ReportForm(forms.Form):
    """When the authority was told."""

    reported_at = _moment_field("Reported at")
    reference = forms.CharField(max_length=200, required=False, label="Receipt", help_text="The authority's number.")


class AsideForm(forms.Form):
    """Why a duty does not apply."""

    reason = forms.CharField(max_length=500, label="Why does it not apply?")


class OwnerForm(forms.Form):
    """Who sees to a duty."""

    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Who sees to it")

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["owner"].queryset = people()  # type: ignore[attr-defined]


class OtherForm(forms.Form):
    """Another incident, by its number."""

    other = forms.IntegerField(min_value=1, label="Number of the other incident", help_text="INC-147 is 147.")

    def __init__(self, *arguments: Any, others: Any, alerts: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.others = others
        if "alerts" in self.fields:
            self.fields["alerts"].choices = [(str(one.pk), str(one)) for one in alerts[:200]]  # type: ignore[attr-defined]

    def clean_other(self) -> Incident:
        """The incident of that number, if the actor may know of it."""
        found = self.others.filter(number=self.cleaned_data["other"]).first()
        if found is None:
            raise forms.ValidationError(f"There is no other incident INC-{self.cleaned_data['other']}.")
        return found  # type: ignore[no-any-return]


class LinkForm(OtherForm):
    """What it has to do with another."""

    kind = forms.ChoiceField(choices=LinkKind.choices, label="This one is")


class AttachForm(OtherForm):
    """Alerts that belong to another incident."""

    alerts = forms.MultipleChoiceField(
        choices=(), label="Alerts", widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )
    reason = forms.CharField(max_length=300, label="Why?")


class SplitForm(AttachForm):
    """Alerts that are an incident of their own."""

    other = None  # type: ignore[assignment]


class PrivacyForm(forms.Form):
    """Why only responders may know of it, or why everybody may."""

    reason = forms.CharField(max_length=300, label="Why?")


RELATION_FORMS: dict[str, type[OtherForm]] = {
    "link": LinkForm,
    "merge": OtherForm,
    "split": SplitForm,
    "attach": AttachForm,
}


class UpdateForm(forms.Form):
    """An update to an audience."""

    subject = forms.CharField(max_length=200)
    text = forms.CharField(max_length=20_000, widget=forms.Textarea(attrs={"rows": 12}))
    next_in = forms.CharField(
        required=False, max_length=10, label="Next update in", help_text="Such as 30m or 2h; empty for none."
    )

    def clean_next_in(self) -> float | None:
        """The seconds, None when it was left empty."""
        return seconds_in(self.cleaned_data["next_in"])
