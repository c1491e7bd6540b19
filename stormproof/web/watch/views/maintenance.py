"""Pages of planned work: the windows, a form for one, and the acts on the one that runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from stormproof.business.selectors import nodes_in_use, shop_zone
from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.watch import selectors
from stormproof.watch.choices import Repeat
from stormproof.watch.models import MaintenanceWindow
from stormproof.watch.rules import DAY_NAMES, say_recurrence
from stormproof.watch.services.maintenance import (
    call_off_window,
    change_window,
    describe_window,
    move_end_of_window,
    plan_window,
    read_window,
    recurrence_of,
)
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads

LISTS = ("monitors", "nodes", "days")


class WindowForm(forms.Form):
    """A window as its page asks for it; `settings` is what continuity.yaml would say."""

    name = forms.CharField(label="Name", max_length=200)
    starts = forms.CharField(label="Starts", required=False, help_text="Once: for example 2026-12-01 02:00.")
    ends = forms.CharField(label="Ends", required=False, help_text="Once: for example 2026-12-01 04:00.")
    at = forms.CharField(label="At", required=False, help_text="Again and again: the time of day, such as 02:00.")
    days = forms.MultipleChoiceField(
        label="Days", required=False, choices=[(day.lower(), day) for day in DAY_NAMES],
        widget=forms.CheckboxSelectMultiple, help_text="None means every day.",
    )  # fmt: skip
    cron = forms.CharField(label="Cron line", required=False, help_text="Or a cron line, such as 0 2 1 * *.")
    lasts = forms.CharField(label="Lasts", required=False, help_text="How long, such as 1h; for days and cron lines.")
    zone = forms.CharField(label="Time zone", required=False)
    everything = forms.BooleanField(label="All monitors", required=False)
    nodes = forms.MultipleChoiceField(label="Functions, assets, suppliers, sites", required=False)
    dependants = forms.BooleanField(label="Also what stops while these are down", required=False)
    monitors = forms.MultipleChoiceField(label="Single monitors", required=False)
    tags = forms.CharField(label="Tags", required=False, help_text="All monitors with one of these tags.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["nodes"].choices = [(node.slug, node.name) for node in nodes_in_use()]  # type: ignore[attr-defined]
        known = selectors.monitors_in_use()
        self.fields["monitors"].choices = [(monitor.slug, monitor.name) for monitor in known]  # type: ignore[attr-defined]
        self.fields["zone"].help_text = f"{shop_zone()} when left empty. Summer time is respected."

    def settings(self) -> dict[str, Any]:
        """What was typed, without what was left empty."""
        said = {key: value for key, value in self.cleaned_data.items() if value}
        if "tags" in said:
            said["tags"] = said["tags"].lower().replace(",", " ").split()
        return said

    def put(self, refused: Refused) -> None:
        """Say the refusal at its field."""
        field = refused.field.partition(".")[0]
        hint = f" ({refused.hint})" if refused.hint else ""
        self.add_error(field if field in self.fields else None, f"{refused.message}{hint}")


@reads("watch.read")
def show_windows(request: Request) -> HttpResponseBase:
    """The windows, what each is about, and when it happens next."""
    at = now()
    listed = read_list(
        request,
        selectors.windows(request.actor, at=at),
        noun="windows",
        columns=[
            Column(name="Window", sort="name", csv=lambda window: window.name),
            Column(name="When", csv=lambda window: say_recurrence(recurrence_of(window))),
            Column(name="About", csv=say_scope),
            Column(name="Next", csv=lambda window: window.ahead[0].starts_at if window.ahead else ""),
            Column(name="", csv=None),
        ],
        filters=[Filter(key="repeat", name="Happens", choices=Repeat.choices)],
        search=["name__icontains", "slug__icontains"],
        order="name",
        csv_name="maintenance",
    )
    if listed.wants_csv:
        return listed.as_csv()
    rows = [(window, say_recurrence(recurrence_of(window)), say_scope(window)) for window in listed.rows]
    running = [one.window.name for one in selectors.occurrences_ahead(at=at, within=timedelta(0))]
    sentence = f"Running now: {', '.join(running)}." if running else "No planned work runs now."
    may_write = request.actor.may("watch.write")
    context = {"list": listed, "rows": rows, "at": at, "sentence": sentence, "may_write": may_write}
    return render(request, "watch/maintenance.html", context)


def say_scope(window: MaintenanceWindow) -> str:
    """What a window is about, in words."""
    if window.everything:
        return "All monitors"
    parts = [node.name for node in window.nodes.all()]
    parts = [", ".join(parts) + (" and what stops with it" if window.with_dependants else "")] if parts else []
    parts += [monitor.name for monitor in window.monitors.all()]
    parts += [f"tag {tag}" for tag in window.tags]
    return ", ".join(parts)


@acts("watch.write")
def add_window(request: Request) -> HttpResponseBase:
    """Plan a window."""
    chosen = {"monitors": request.GET.getlist("monitor"), "nodes": request.GET.getlist("node")}
    form = WindowForm(request.POST or None, initial=chosen)
    if request.method == "POST" and form.is_valid():
        slug = slugify(form.cleaned_data["name"])[:60].strip("-") or "maintenance"
        try:
            plan_window(slug, read_window(form.settings()), actor=request.actor, at=now())
            return redirect("maintenance")
        except Refused as refused:
            form.put(refused)
    return render(request, "watch/window.html", {"form": form}, status=422 if form.errors else 200)


@acts("watch.write")
def edit_window(request: Request, slug: str) -> HttpResponseBase:
    """Give a window other times or another scope."""
    window = selectors.window_for(request.actor, slug)
    said = {"name": window.name, **describe_window(window)}
    form = WindowForm(request.POST or None, initial={**said, "tags": " ".join(window.tags)})
    if request.method == "POST" and form.is_valid():
        try:
            change_window(window, read_window(form.settings()), actor=request.actor, at=now())
            return redirect("maintenance")
        except Refused as refused:
            form.put(refused)
    return render(request, "watch/window.html", {"form": form, "window": window}, status=422 if form.errors else 200)


@require_POST
@acts("watch.write")
def move_end(request: Request, slug: str) -> HttpResponseBase:
    """End planned work now, or give it more time."""
    at, window = now(), selectors.window_for(request.actor, slug)
    minutes = request.POST.get("minutes", "")
    try:
        occurrence = selectors.occurrence_for(window, at=at)
        more = timedelta(minutes=int(minutes)) if minutes.isdecimal() and len(minutes) < 6 else None
        until = at if more is None else occurrence.ends_at + more
        move_end_of_window(occurrence, until=until, actor=request.actor, at=at)
    except Refused as refused:
        messages.error(request, f"{refused.message}. {refused.hint.capitalize()}")
    return redirect("maintenance")


@acts("watch.write")
def call_off(request: Request, slug: str) -> HttpResponseBase:
    """A window happens no more, after its name was typed."""
    window = selectors.window_for(request.actor, slug)
    if request.method == "POST" and request.POST.get("confirm_name", "").strip() == window.slug:
        call_off_window(window, actor=request.actor, at=now())
        messages.success(request, f"{window.name} is called off.")
        return redirect("maintenance")
    context = {
        "title": f"Call off {window.name}",
        "sentence": "It happens no more; if it runs now, it is over at once and whatever fails is told.",
        "preview": [("When", say_recurrence(recurrence_of(window))), ("About", say_scope(window))],
        "confirm_name": window.slug,
        "action_url": reverse("maintenance-call-off", args=[slug]),
        "back_url": reverse("maintenance"),
        "button": "Call off",
    }
    return render(request, "confirm.html", context)
