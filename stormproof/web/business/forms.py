"""Forms of the business pages: times as people write them, each word explained on the spot."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms

from stormproof.business.document.shapes import read_amount, read_percent, write_percent
from stormproof.business.models import Objective
from stormproof.core.document import read_duration, write_duration

MONTHS = tuple(calendar.month_name)[1:]


class _Words(forms.CharField):
    """A text that is read by a function raising ValueError; empty is None."""

    def __init__(self, *, read: Callable[[str], Any], **options: Any) -> None:
        super().__init__(required=False, **options)
        self._read = read

    def clean(self, value: Any) -> Any:
        """What was typed, as a value."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return self._read(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


def _whole_seconds(text: str) -> int:
    seconds = read_duration(text)
    if seconds != int(seconds):
        raise ValueError(f"{text!r} is not a whole number of seconds")
    return int(seconds)


def _percent(text: str) -> Decimal:
    return read_percent(text if text.rstrip().endswith("%") else f"{text}%") * 100


class ObjectivesForm(forms.Form):
    """What is promised for a node."""

    rto = _Words(
        read=_whole_seconds,
        label="RTO, recovery time objective",
        help_text="Back within: 30m, 4h. Empty is no promise; 0s means it may not stop at all.",
    )
    rpo = _Words(
        read=_whole_seconds,
        label="RPO, recovery point objective",
        help_text="At most so much work is lost: 0s, 5m, 1d. 0s means that no order may be lost.",
    )
    mtpd = _Words(
        read=_whole_seconds,
        label="MTPD, maximum tolerable period of disruption",
        help_text="Beyond this the damage is unbearable. The RTO lies within it.",
    )
    mbco = _Words(
        read=_percent,
        label="MBCO, minimum business continuity objective",
        help_text="The share of normal business that must go on meanwhile: 50%.",
    )

    @classmethod
    def of(cls, objective: Objective | None) -> ObjectivesForm:
        """The form filled with what is promised now."""
        if objective is None:
            return cls()
        times = {name: getattr(objective, f"{name}_seconds") for name in ("rto", "rpo", "mtpd")}
        words = {name: write_duration(value) for name, value in times.items() if value is not None}
        if objective.mbco_percent is not None:
            words["mbco"] = write_percent(objective.mbco_percent / 100)
        return cls(initial=words)


class RevenueForm(forms.Form):
    """One year, spread over the week, with a factor for each month."""

    yearly = _Words(read=read_amount, label="Revenue of a year", help_text="1.2M, 350k or 1200000")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number, month in enumerate(MONTHS, start=1):
            self.fields[f"month_{number}"] = _Words(read=read_amount, label=month)

    def clean_yearly(self) -> Decimal:
        """There must be one."""
        value: Decimal | None = self.cleaned_data["yearly"]
        if value is None:
            raise forms.ValidationError("Say what the shop earns in a year, such as 1.2M")
        return value

    @property
    def season(self) -> dict[int, Decimal]:
        """The factor of each month that is not average."""
        given = {number: self.cleaned_data.get(f"month_{number}") for number in range(1, 13)}
        return {number: factor for number, factor in given.items() if factor is not None and factor != 1}

    @property
    def months(self) -> list[forms.BoundField]:
        """The twelve fields."""
        return [self[f"month_{number}"] for number in range(1, 13)]


class ImportForm(forms.Form):
    """Orders from a file or from the shop's own database."""

    file = forms.FileField(
        required=False, label="CSV file", help_text="The first line is placed_at,total; times are ISO 8601."
    )
    dsn = forms.CharField(
        required=False,
        label="PostgreSQL address of the shop",
        help_text="postgresql://reader:password@host/shop. It is used once and not kept.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    query = forms.CharField(
        required=False,
        label="Query",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Two columns: when the order was placed, and its total. It runs read-only, for 30 s at most.",
        initial="SELECT placed_at, total FROM orders WHERE placed_at > now() - interval '1 year'",
    )

    def clean(self) -> dict[str, Any]:
        """Either a file or a database."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("file") and not cleaned.get("dsn"):
            self.add_error("file", "Choose a file, or name the shop's database below")
        return cleaned


class DiscoverForm(forms.Form):
    """The address of a shop, and what a visitor cannot see."""

    address = forms.CharField(
        label="Address of your shop", max_length=500, help_text="https://shop.example: where customers come in"
    )
    mail = forms.EmailField(required=False, label="Whom to page", help_text="Paged when something is down.")
    yearly = _Words(
        read=read_amount,
        label="Revenue of a year",
        help_text="1.2M or 350k; empty when you will import it later. It gives every outage its price.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone of the shop", choices=lambda: [(name, name) for name in sorted(available_timezones())]
    )
    ignore_robots = forms.BooleanField(
        required=False, label="It is my shop: also look at what robots.txt asks robots to leave alone"
    )


class DocumentForm(forms.Form):
    """A continuity.yaml, as a file or typed."""

    file = forms.FileField(required=False, label="File")
    text = forms.CharField(
        required=False,
        label="Or paste it here",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "font-monospace"}),
    )

    def source(self) -> str | bytes:
        """What was given; the file goes before the text. Raises nothing: the reader checks it."""
        upload = self.cleaned_data.get("file")
        content: bytes | str = upload.read() if upload else self.cleaned_data["text"]
        return content
