"""Forms of on-call schedules: clock times are read in the zone of whoever types them."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from stormproof.engine.calendar import moment_of
from stormproof.people.models import Team, User
from stormproof.people.selectors import people_by_email
from stormproof.respond.choices import HolidayMode, TurnUnit
from stormproof.respond.services import Hours, LayerPart

DAYS = [("0", "Mon"), ("1", "Tue"), ("2", "Wed"), ("3", "Thu"), ("4", "Fri"), ("5", "Sat"), ("6", "Sun")]
EVERY_DAY = [day for day, _ in DAYS]


def _people() -> Any:
    return User.objects.filter(is_active=True).order_by("name", "email")


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]


class MomentField(forms.DateTimeField):
    """A date and a clock time, read in a zone that the form sets; cleans to a moment in UTC."""

    zone: ZoneInfo = ZoneInfo("UTC")

    def __init__(self, **keywords: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **keywords)

    def to_python(self, value: Any) -> datetime | None:
        """The moment at which the clocks of the zone show what was typed."""
        if value in self.empty_values:
            return None
        for pattern in self.input_formats or ():
            try:
                return moment_of(datetime.strptime(str(value).strip(), str(pattern)), self.zone)  # noqa: DTZ007
            except ValueError:
                continue
        raise forms.ValidationError("Write a date and a time, such as 2026-12-24T18:00.")

    def prepare_value(self, value: Any) -> Any:
        """What the field shows: the clock reading in the zone."""
        return value.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M") if isinstance(value, datetime) else value


class InZone(forms.Form):
    """A form whose moments are typed in the zone of the reader."""

    def __init__(self, *arguments: Any, zone: ZoneInfo, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        for field in self.fields.values():
            if isinstance(field, MomentField):
                field.zone = zone
                field.help_text = f"{field.help_text} In your zone, {zone.key}.".strip()
            if isinstance(field, forms.ModelChoiceField) and field.queryset.model is User:  # type: ignore[union-attr]
                field.queryset = _people()


class ScheduleForm(forms.Form):
    """A schedule's name and zone; the layers come after."""

    name = forms.CharField(max_length=120, label="Name", help_text="As people say it: Platform on call.")
    slug = forms.SlugField(max_length=64, label="Short name", help_text="Small letters, digits and dashes.")
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(), required=False, label="Team", help_text="Told when nobody is on call."
    )
    zone = forms.ChoiceField(label="Time zone", help_text="Hand-offs are by the clocks of this zone.")
    holidays = forms.CharField(
        required=False,
        label="Holidays",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Dates such as 2026-12-25, with spaces or lines between. A layer may be off on them.",
    )

    def __init__(self, *arguments: Any, is_new: bool, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["team"].queryset = Team.objects.filter(retired_at__isnull=True).order_by("name")  # type: ignore[attr-defined]
        self.fields["zone"].choices = _zones()  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["slug"]

    def clean_holidays(self) -> list[Any]:
        """The dates, each one a real day."""
        found = []
        for word in self.cleaned_data["holidays"].replace(",", " ").split():
            try:
                found.append(datetime.strptime(word, "%Y-%m-%d").date())  # noqa: DTZ007
            except ValueError:
                raise forms.ValidationError(f"{word!r} is no date: write it as 2026-12-25.") from None
        return found


class LayerForm(forms.Form):
    """A layer: who takes turns, how long, from when, at which hours."""

    name = forms.CharField(max_length=120, label="Name", help_text="Such as Weekly, Nights, Office hours.")
    people = forms.CharField(
        label="People, in the order of their turns",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One e-mail address a line.",
    )
    length = forms.IntegerField(min_value=1, max_value=400, initial=1, label="A turn lasts")
    unit = forms.ChoiceField(choices=TurnUnit.choices, initial=TurnUnit.WEEKS, label="Unit")
    starts_on = forms.DateField(
        label="First turn on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    hand_off = forms.TimeField(
        label="Hand-off at", initial=time(9), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    zone = forms.ChoiceField(label="Time zone", help_text="Hand-offs and hours are by the clocks of this zone.")
    days = forms.MultipleChoiceField(
        choices=DAYS,
        initial=EVERY_DAY,
        label="On these days",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    opens = forms.TimeField(
        required=False,
        label="From",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="Empty: the whole day.",
    )
    closes = forms.TimeField(
        required=False,
        label="To",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="Before the start means the next day.",
    )
    holidays = forms.ChoiceField(choices=HolidayMode.choices, label="On holidays")

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields["zone"].choices = _zones()  # type: ignore[attr-defined]

    def clean_people(self) -> tuple[User, ...]:
        """The people behind the addresses, in order."""
        emails = self.cleaned_data["people"].replace(",", " ").lower().split()
        found = people_by_email(emails)
        if missing := [email for email in emails if email not in found]:
            raise forms.ValidationError(f"Nobody has the address {missing[0]}: invite them first.")
        return tuple(found[email] for email in emails)

    def clean(self) -> dict[str, Any]:
        """Hours have both ends or none."""
        cleaned = super().clean() or {}
        if (cleaned.get("opens") is None) != (cleaned.get("closes") is None):
            self.add_error("closes", "Give both a start and an end, or neither.")
        return cleaned

    def part(self) -> LayerPart:
        """The layer as the service takes it."""
        said = self.cleaned_data
        days = tuple(sorted(int(day) for day in said["days"]))
        is_whole_week = len(days) == len(DAYS) and said["opens"] is None
        hours = Hours(days=days, start=said["opens"] or time(0), end=said["closes"] or time(0))
        return LayerPart(
            name=said["name"],
            starts_on=said["starts_on"],
            zone=said["zone"],
            hand_off=said["hand_off"],
            unit=said["unit"],
            length=said["length"],
            people=said["people"],
            hours=() if is_whole_week else (hours,),
            holidays=said["holidays"],
        )


def typed(part: LayerPart) -> dict[str, Any]:
    """A layer as the form shows it (its first hours only: more stand in continuity.yaml)."""
    first = part.hours[0] if part.hours else None
    return {
        "name": part.name,
        "people": "\n".join(user.email for user in part.people),
        "length": part.length,
        "unit": part.unit,
        "starts_on": part.starts_on,
        "hand_off": part.hand_off,
        "zone": part.zone,
        "days": [str(day) for day in first.days] if first else EVERY_DAY,
        "opens": first.start if first and first.start != first.end else None,
        "closes": first.end if first and first.start != first.end else None,
        "holidays": part.holidays,
    }


class OverrideForm(InZone):
    """Who is on call instead, for a while."""

    person = forms.ModelChoiceField(queryset=User.objects.all(), label="On call")
    starts_at = MomentField(label="From")
    ends_at = MomentField(label="To")
    replaces = forms.ModelChoiceField(
        queryset=User.objects.all(),
        required=False,
        label="Instead of",
        empty_label="Whoever it would be",
        help_text="Name somebody to take over their shifts only.",
    )


class SwapForm(InZone):
    """A shift of one's own for somebody else, perhaps for one of theirs."""

    asked = forms.ModelChoiceField(queryset=User.objects.all(), label="Ask")
    starts_at = MomentField(label="To take my shift from")
    ends_at = MomentField(label="To")
    back_starts_at = MomentField(label="I take theirs from", required=False)
    back_ends_at = MomentField(label="To", required=False)
    note = forms.CharField(max_length=300, required=False, label="A word")

    def clean(self) -> dict[str, Any]:
        """What is taken in return has both ends or none."""
        cleaned = super().clean() or {}
        if (cleaned.get("back_starts_at") is None) != (cleaned.get("back_ends_at") is None):
            self.add_error("back_ends_at", "Give both a start and an end, or neither.")
        return cleaned


class AbsenceForm(InZone):
    """When one is away."""

    starts_at = MomentField(label="Away from")
    ends_at = MomentField(label="To")
    note = forms.CharField(max_length=200, required=False, label="Why", help_text="Your colleagues see it.")


class HandOffForm(forms.Form):
    """What the next should know."""

    text = forms.CharField(
        max_length=5000, label="What should the next know?", widget=forms.Textarea(attrs={"rows": 6})
    )


class CalendarForm(forms.Form):
    """A calendar elsewhere: an address that is read again and again, or a file, once."""

    url = forms.CharField(
        max_length=2000, required=False, label="Address", help_text="Its secret iCal address. Read each 15 minutes."
    )
    file = forms.FileField(required=False, label="Or a file (.ics)", help_text="Read once.")

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        cleaned = super().clean() or {}
        if bool(cleaned.get("url")) == bool(cleaned.get("file")):
            self.add_error("url", "Give an address or a file, one of the two.")
        return cleaned


class ShiftsForm(InZone):
    """A temporary schedule: for a while, only these shifts."""

    name = forms.CharField(max_length=120, label="Name", help_text="Such as Black Friday.")
    starts_at = MomentField(label="From")
    ends_at = MomentField(label="To")
    shifts = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        label="Shifts",
        help_text="One a line: 2026-11-27T08:00 2026-11-27T20:00 alice@shop.example. Between them nobody is on call.",
    )

    def __init__(self, *arguments: Any, zone: ZoneInfo, **keywords: Any) -> None:
        super().__init__(*arguments, zone=zone, **keywords)
        self.zone = zone

    def clean_shifts(self) -> list[tuple[datetime, datetime, User]]:
        """The shifts, each with a person."""
        lines = [line.split() for line in self.cleaned_data["shifts"].splitlines() if line.strip()]
        here = people_by_email([line[-1] for line in lines])
        found = []
        for line in lines:
            field = MomentField()
            field.zone = self.zone
            if len(line) != 3 or line[2].lower() not in here:
                raise forms.ValidationError(f"{' '.join(line)!r}: write start, end and an address that somebody has.")
            start, end = field.to_python(line[0]), field.to_python(line[1])
            if start is not None and end is not None:
                found.append((start, end, here[line[2].lower()]))
        return found
