"""The page that takes monitors over from other products: choose a file, look at the report, do it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render

from stormproof.business.selectors import nodes_in_use
from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.watch.rules.imports import SOURCES
from stormproof.watch.services.imports import LARGEST_BYTES, apply_import, preview_import
from stormproof.web.requests import Request, reads

TONES = {"create": "up", "change": "degraded", "same": "unknown", "retired": "unknown", "refused": "down"}


class ImportForm(forms.Form):
    """A file of another product, chosen or pasted, and the node its monitors stand on."""

    source = forms.ChoiceField(label="From", choices=[(each.name, each.title) for each in SOURCES.values()])
    file = forms.FileField(label="File", required=False)
    text = forms.CharField(
        label="Or its text", required=False, max_length=LARGEST_BYTES, widget=forms.Textarea(attrs={"rows": 6})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["on"] = forms.ChoiceField(
            label="Stand on",
            choices=[(node.slug, f"{node.name} ({node.kind})") for node in nodes_in_use()],
            help_text="What is down when these are down. Each can be moved afterwards.",
        )

    def clean(self) -> dict[str, Any]:
        """The text of the file, or what was pasted; one of them is needed."""
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("file")
        if file is not None and file.size <= LARGEST_BYTES:
            cleaned["text"] = file.read().decode("utf-8-sig", errors="replace")
        elif file is not None:
            self.add_error("file", f"The file has more than {LARGEST_BYTES:,} bytes.")
        if not cleaned.get("text") and not self.errors:
            self.add_error("file", "Choose a file or paste its text.")
        return cleaned


@reads("watch.write")
def import_monitors(request: Request) -> HttpResponseBase:
    """The form; then the report of what would be done; then it is done."""
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "sources": SOURCES.values(), "tones": TONES}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        about = {"on": said["on"], "actor": request.actor}
        try:
            if request.POST.get("act") == "apply":
                report = apply_import(said["source"], said["text"], at=now(), **about)
                done = report.count("create"), report.count("change"), report.count("refused")
                messages.success(request, "{} set up, {} changed, {} refused.".format(*done))
                if not report.count("refused"):
                    return redirect("monitors")
            else:
                report = preview_import(said["source"], said["text"], **about)
            rows = [(row, TONES[row.outcome]) for row in report.rows]
            context |= {"report": report, "rows": rows, "said": said, "to_do": report.count("create", "change")}
        except Refused as refused:
            place = refused.field if refused.field in form.fields else None
            form.add_error(place, f"{refused.message}. {refused.hint}".strip(". ") + ".")
    return render(request, "watch/import.html", context, status=422 if form.errors else 200)
