"""Forms of people: they read what was typed; services decide and refuse."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from typing import Any

from django import forms

from stormproof.core.actor import Actor
from stormproof.core.refusals import Refused
from stormproof.people.choices import PERMISSIONS, Channel, Role
from stormproof.people.models import Team, User
from stormproof.people.rules import may_grant

PASSWORD_HELP = "At least 12 characters, nothing common. A sentence is good."  # noqa: S105  (a help text)
LIFETIMES = {"30": "30 days", "90": "90 days", "365": "a year", "": "for ever"}


def put_refusal(form: forms.Form, refusal: Refused) -> None:
    """Put a service's refusal at the field it names, with the way out."""
    text = f"{refusal.message}. {refusal.hint}".strip().rstrip(".") + "."
    form.add_error(refusal.field if refusal.field in form.fields else None, text)


class PasswordForm(forms.Form):
    """A name and a password of one's own: what an invited person fills in."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )
    again = forms.CharField(
        label="The password again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )

    def clean(self) -> dict[str, Any]:
        """The password was typed the same twice."""
        cleaned = super().clean() or {}
        if cleaned.get("password") != cleaned.get("again"):
            self.add_error("again", "This is not the same password.")
        return cleaned


class FirstAdminForm(PasswordForm):
    """The first administrator."""

    field_order = ("email", "name", "password", "again")
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}))


class ProfileForm(forms.Form):
    """What a person says about themselves."""

    name = forms.CharField(label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    phone = forms.CharField(
        label="Phone",
        max_length=40,
        required=False,
        help_text="Shown to the team in an incident.",
        widget=forms.TextInput(attrs={"autocomplete": "tel"}),
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="Times on pages are shown in it, with UTC on hover.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]
        self.fields["time_zone"] = forms.ChoiceField(
            label="Time zone", choices=zones, help_text="Times on pages are shown in it, with UTC on hover."
        )


class ContactPointForm(forms.Form):
    """A way to be reached."""

    channel = forms.ChoiceField(label="Channel", choices=Channel.choices)
    address = forms.CharField(
        label="Address", max_length=500, help_text="An e-mail address, or the web address of a webhook."
    )


class RolesForm(forms.Form):
    """The roles of a person; only those that the actor may hand out can be ticked."""

    roles = forms.MultipleChoiceField(
        label="Roles", required=False, choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )


class InviteForm(RolesForm):
    """A new person."""

    field_order = ("email", "name", "roles")
    email = forms.EmailField(label="E-mail", help_text="The invitation goes there; it is also where pages go first.")
    name = forms.CharField(label="Name", max_length=120, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(value, label) for value, label in Role.choices if may_grant(value, actor.permissions)]
        self.fields["roles"] = forms.MultipleChoiceField(
            label="Roles", required=False, choices=choices, widget=forms.CheckboxSelectMultiple
        )


class TeamForm(forms.Form):
    """A team and its members."""

    name = forms.CharField(label="Name", max_length=120)
    slug = forms.SlugField(
        label="Short name", max_length=50, help_text="Small letters, digits and dashes, as in continuity.yaml."
    )
    members = forms.ModelMultipleChoiceField(
        label="Members",
        required=False,
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="All of them are paged unless an on-call plan says otherwise.",
    )

    def __init__(self, *args: Any, team: Team | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = self.fields["members"]
        assert isinstance(members, forms.ModelMultipleChoiceField)  # noqa: S101  (for the type checker)
        members.queryset = User.objects.filter(is_active=True).order_by("name", "email")
        if team is not None:
            del self.fields["slug"]


class TokenForm(forms.Form):
    """A token for a program."""

    name = forms.CharField(label="Name", max_length=120, help_text="What will use it, such as `deploy script`.")
    lifetime = forms.ChoiceField(label="Works for", choices=LIFETIMES.items(), required=False, initial="90")
    scopes = forms.MultipleChoiceField(
        label="May", widget=forms.CheckboxSelectMultiple, help_text="Take only what the program needs."
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(permission, permission) for permission in PERMISSIONS if actor.may(permission)]
        self.fields["scopes"] = forms.MultipleChoiceField(
            label="May",
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            help_text="Take only what the program needs.",
        )

    def expires_at(self, at: datetime) -> datetime | None:
        """When the token stops working, if ever."""
        days = self.cleaned_data["lifetime"]
        return at + timedelta(days=int(days)) if days else None
